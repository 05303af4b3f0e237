package integration_test

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/integration/harness"
)

// A fault is one thing that goes wrong. strike lets it, and returns what ends it.
type fault struct {
	name   string
	strike func(*drill) (mend func())
}

// longerThanALease is how long a process is stopped: its lease (3 s) has run out when it wakes.
const longerThanALease = 5 * time.Second

var mishaps = []fault{
	{"a process of Revere killed", (*drill).killMember},
	{"a process of Revere stopped and woken", (*drill).pauseMember},
	{"all processes restarted in turn", (*drill).restart},
	{"a stream's leader killed", func(d *drill) func() { return d.killNode(d.f.Cluster.Leader(d.anyStream())) }},
	{"a server cut off", (*drill).partNode},
	{"a server killed", func(d *drill) func() { return d.killNode(d.anyNode()) }},
	{"a server stopped and woken", (*drill).pauseNode},
}

// fewFaults is how many of them, the first ones, happen where the test does not soak. The others are
// kinds of these.
const fewFaults = 5

func (d *drill) anyNode() *harness.Node { return pick(d.random, d.f.Cluster.Nodes) }

func (d *drill) anyStream() string {
	return pick(d.random, []string{"ALERTS", "LEDGER", "INBOUND", "KV_LEASES", "KV_KEEP", "DIRECTORY", "VERDICTS"})
}

func (d *drill) anyLease() string {
	return pick(d.random, []string{"router", "tracker", "channel-sms", "channel-email", "channel-signal"})
}

// killMember kills the holder of a lease, and sees that another takes its work up.
func (d *drill) killMember() func() {
	lease := d.anyLease()
	lost := d.holder(lease)
	lost.Kill()
	d.takenUp(lease, lost)
	return func() {
		lost.Start()
		lost.Ready()
	}
}

// takenUp waits until a lease is with another than its holder, who was lost this moment.
func (d *drill) takenUp(lease string, lost *harness.Member) {
	since := time.Now()
	harness.Soon(d.t, func() error {
		if holder := d.f.Holding(lease); holder == nil || holder == lost {
			return fmt.Errorf("nobody has taken up %s", lease)
		}
		return nil
	})
	took := time.Since(since)
	d.moved = max(d.moved, took)
	assert.Less(d.t, took, takeoverLimit, "%s was taken up too late", lease)
}

// pauseMember stops the holder of a lease in the middle of its work, until another has it.
func (d *drill) pauseMember() func() {
	lease := d.anyLease()
	stopped := d.holder(lease)
	from := time.Now()
	stopped.Pause()
	d.takenUp(lease, stopped)
	d.wait(longerThanALease-time.Since(from), longerThanALease-time.Since(from)+time.Second)
	return func() {
		d.pauses = append(d.pauses, stillness{from, time.Now()})
		stopped.Resume()
	}
}

func (d *drill) holder(lease string) (holder *harness.Member) {
	d.t.Helper()
	harness.Soon(d.t, func() error {
		holder = d.f.Holding(lease)
		return errorUnless(holder != nil, "nobody holds the lease "+lease)
	})
	return holder
}

func (d *drill) killNode(n *harness.Node) func() {
	n.Kill()
	return n.Start
}

func (d *drill) pauseNode() func() {
	n := d.anyNode()
	n.Pause()
	return n.Resume
}

func (d *drill) partNode() func() {
	n := d.anyNode()
	d.f.Cluster.Part(n)
	return func() { d.f.Cluster.Heal(n) }
}

// restart stops and starts one process after the other, as an upgrade does.
func (d *drill) restart() func() {
	for _, m := range d.f.Members {
		require.NoError(d.t, m.Stop())
		m.Start()
		m.Ready()
	}
	return func() {}
}
