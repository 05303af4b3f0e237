package integration_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/integration/checker"
	"revere/integration/harness"
	"revere/subscribers"
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

func (d *drill) anyLease() string { return pick(d.random, everyLease) }

// killMember kills the holder of a lease, and sees that another takes its work up.
func (d *drill) killMember() func() {
	lease := d.anyLease()
	lost := d.holder(lease)
	since := time.Now()
	lost.Kill()
	d.takenUp(lease, lost, since)
	return func() {
		lost.Start()
		lost.Ready()
	}
}

// takenUp sees that the work which the holder of a lease did goes on with another: what came in after it was
// lost is with a person.
func (d *drill) takenUp(lease string, lost *harness.Member, since time.Time) {
	d.t.Helper()
	var came func() time.Time
	if lease == "tracker" {
		phone, code := d.reply()
		came = func() time.Time { return confirmedAt(d.f.World, phone, code) }
	} else {
		alert := d.publish()
		d.published(alert)
		came = func() time.Time { return d.reached(alert.Key, strings.TrimPrefix(lease, "channel-")) }
	}
	took := inTime(d.t, "the first message after a holder of "+lease+" was lost", since, came)
	d.moved = max(d.moved, took)
	holder := d.f.Holding(lease)
	assert.True(d.t, holder != nil && holder != lost, "nobody else has taken up %s", lease)
}

// reply has somebody answer an alert on Signal who has not answered it before. The confirmation goes last of
// all messages on a channel, and on Signal there are few.
func (d *drill) reply() (phone, code string) {
	d.t.Helper()
	var key alerting.Key
	who := subscribers.Subscriber{}
	for _, key = range slices.Backward(d.did.keys) {
		i := slices.IndexFunc(d.did.people, func(p subscribers.Subscriber) bool {
			return p.Contacts[0].Channel == "signal" && !slices.Contains(d.did.acknowledged[key], p.ID)
		})
		if i >= 0 {
			who = d.did.people[i]
			break
		}
	}
	require.NotEmpty(d.t, who.ID, "everyone on Signal has answered every alert")
	phone = who.Contacts[0].Address
	harness.Soon(d.t, func() error {
		if code = d.code(key); code == "" {
			return fmt.Errorf("nobody tells the code of %s", key)
		}
		_, err := d.f.Signal.Reply(phone, "ACK "+code)
		return err
	})
	d.did.acknowledged[key] = append(d.did.acknowledged[key], who.ID)
	return phone, code
}

// reached is when the first message of an alert was taken on a channel; on any, where the lease is the
// router's.
func (d *drill) reached(key alerting.Key, channel string) time.Time {
	code := d.code(key)
	return firstOf(d.f.World, channel, func(m checker.Message, channel string) bool {
		return (channel == "router" || m.Channel == channel) && (ofAlert(m, string(key)) || code != "" && strings.Contains(m.Text, "ACK "+code))
	})
}

// pauseMember stops the holder of a lease in the middle of its work, until another has it.
func (d *drill) pauseMember() func() {
	lease := d.anyLease()
	stopped := d.holder(lease)
	from := time.Now()
	stopped.Pause()
	d.takenUp(lease, stopped, from)
	left := max(0, longerThanALease-time.Since(from))
	d.wait(left, left+time.Second)
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
