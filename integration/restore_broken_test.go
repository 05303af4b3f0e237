package integration_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/faults"
	"revere/integration/harness"
	"revere/subscribers"
)

// A cluster is backed up under load and restored into another one, in which a server is lost, or the
// restore is killed, at any moment. A restore that says that it is done has done it; one that did not
// leaves what no service starts on, and the next one completes. It takes -soak.
func TestARestoreIntoAClusterThatBreaks(t *testing.T) {
	if *soak == 0 {
		t.Skip("a history of broken restores takes minutes: give -soak")
	}
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("the history's seed: -seed %d", s)
	source := harness.NewCluster(t)
	f := harness.NewFleet(t, source, map[string]string{"CHANNELS__SMS__RATE": "20"}, "api,router", "worker,tracker")
	m := &removal{t: t, did: history{people: crowd(20), acknowledged: map[alerting.Key][]string{}}}
	f.Import(append(m.did.people, rural(3000)...)...)
	m.backUp(f.World)
	f.Lose()
	source.Lose()

	f.Dir = filepath.Join(t.TempDir(), "restored")
	b := &breaking{removal: m, w: f.World, c: harness.NewCluster(t), random: rand.New(rand.NewPCG(s, 0)), done: map[string]int{}}
	b.restore(faults.Plan{}, func() {})
	b.want = b.c.Streams()
	for began := time.Now(); time.Since(began) < *soak; {
		b.round()
	}
	t.Logf("%v", b.done)
	b.c.Whole()
	m.resume(b.w, b.c)
}

// A breaking is a history of restores that are disturbed.
type breaking struct {
	*removal
	w      *harness.World
	c      *harness.Cluster
	random *rand.Rand
	want   map[string]uint64 // each stream's last sequence after a restore that nothing disturbed
	done   map[string]int
}

// round disturbs one restore into an empty account, and then lets one through.
func (b *breaking) round() {
	b.t.Helper()
	b.c.Whole()
	b.c.Empty()
	b.w.Dir = filepath.Join(b.t.TempDir(), "restored")
	how, status := b.disturbed()
	b.done[fmt.Sprintf("%s: status %d", how, status)]++
	b.c.Whole()
	if status != 0 {
		if b.marked() {
			b.done["left marked"]++
			b.refused(b.w, b.c)
		}
		require.Equal(b.t, 0, b.restore(faults.Plan{}, func() {}))
	}
	harness.Soon(b.t, func() error { // a stream whose leader is being elected is not listed
		if have := b.c.Streams(); !maps.Equal(b.want, have) {
			return fmt.Errorf("there are %v, and should be %v", have, b.want)
		}
		return nil
	})
}

// marked waits until the account is empty, or has a mark that says otherwise: for a while after a server was lost
// some streams are not listed, or those that were removed while it was away still are.
func (b *breaking) marked() (marked bool) {
	b.t.Helper()
	harness.Soon(b.t, func() error {
		have := b.c.Streams()
		if _, marked = have["RESTORING"]; !marked && len(have) > 0 {
			return fmt.Errorf("there are %v and no mark", have)
		}
		return nil
	})
	return marked
}

// disturbed restores while one thing goes wrong, and says which and how the restore ended.
func (b *breaking) disturbed() (how string, status int) {
	b.t.Helper()
	node := pick(b.random, b.c.Nodes)
	moment := time.Duration(b.random.Int64N(int64(4 * time.Second)))
	switch b.random.IntN(3) {
	case 0:
		point := pick(b.random, restorePoints)
		passing := int64(1)
		if point == faults.MidRestore {
			passing += b.random.Int64N(9)
		}
		return "killed", b.restore(faults.Plan{Point: point, Passing: passing}, func() {})
	case 1:
		status = b.restore(faults.Plan{}, func() { rest(moment); node.Kill() })
		node.Start()
		return "server killed", status
	default:
		status = b.restore(faults.Plan{}, func() { rest(moment); b.c.Part(node) })
		b.c.Heal(node)
		return "server cut off", status
	}
}

// restore restores while something happens.
func (b *breaking) restore(fault faults.Plan, meanwhile func()) (status int) {
	b.t.Helper()
	r := b.c.Restore(b.w.Dir, b.file, b.key, fault)
	meanwhile()
	status = r.Ended()
	b.t.Logf("restore ended with %d: %s", status, r.Log.Tail(3))
	return status
}

// rest lets a time pass: faults come at any moment of what is going on.
func rest(d time.Duration) {
	timer := time.NewTimer(d)
	<-timer.C
}

// rural are people of a place that no alert concerns: they make a directory take a while.
func rural(n int) []subscribers.Subscriber {
	people := make([]subscribers.Subscriber, n)
	for i := range people {
		people[i] = harness.Person(fmt.Sprintf("farm-%04d", i), "ma.lowell", harness.SMS(harness.Phone(1000+i)))
	}
	return people
}
