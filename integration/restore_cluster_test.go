package integration_test

import (
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/faults"
	"revere/integration/harness"
	"revere/subscribers"
)

// A service with its own engine is backed up in the middle of a blast while alerts go on coming, and is
// lost. Restored into an empty cluster it is held; once it is released the work that was open goes on.
func TestABackupIsRestoredIntoACluster(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{Settings: map[string]string{"CHANNELS__SMS__RATE": "20"}})
	c := harness.NewCluster(t)
	m := &removal{t: t, did: history{people: crowd(20), acknowledged: map[alerting.Key][]string{}}}
	w.Import(m.did.people...)
	m.backUp(w)
	w.Kill9()
	w.Dir = filepath.Join(t.TempDir(), "restored")

	r := c.Restore(w.Dir, m.file, m.key, faults.Plan{Point: faults.MidRestore, Passing: 5})
	require.Equal(t, -1, r.Ended(), r.Log)
	m.refused(w, c)
	r = c.Restore(w.Dir, m.file, m.key, faults.Plan{})
	require.Equal(t, 0, r.Ended(), r.Log)
	require.Contains(t, r.Log.String(), "Nothing is sent yet")
	m.resume(w, c)
}

// restorePoints are the crash points of a restore.
var restorePoints = []faults.Point{faults.MidRestore, faults.BeforeRestored}

// A removal is the way of a system from where it was to a cluster.
type removal struct {
	t         *testing.T
	did       history
	file, key string
	before    []alerting.Key // published before the backup began: it has them
}

// backUp publishes, backs up while more is published, and notes what the backup must have.
func (m *removal) backUp(w *harness.World) {
	m.t.Helper()
	key, recipient := keygen(m.t, w)
	first := w.Publish(harness.NewAlert("ma.boston"))
	w.Acknowledge(first.Key, m.did.people[0].ID, "")
	m.did.acknowledged[first.Key] = []string{m.did.people[0].ID}
	harness.Soon(m.t, func() error { return errorUnless(len(w.Twilio.Messages()) >= 3, "nothing has gone out yet") })
	m.before = append(m.before, first.Key)
	m.did.keys = append(m.did.keys, first.Key)
	stop := m.load(w)
	m.file, m.key = backUp(m.t, w, recipient), key
	stop()
}

// load publishes until it is stopped.
func (m *removal) load(w *harness.World) (stop func()) {
	enough, begun := make(chan struct{}), make(chan struct{})
	var publishing sync.WaitGroup
	publishing.Go(func() {
		for i := 0; ; i++ {
			p, err := try(w, harness.NewAlert("ma.boston"))
			if assert.NoError(m.t, err) {
				m.did.keys = append(m.did.keys, p.Key)
			}
			if i == 1 {
				close(begun)
			}
			select {
			case <-enough:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
	<-begun
	return func() { close(enough); publishing.Wait() }
}

// resume starts two processes on the restored cluster, sees that they send nothing, releases them, and
// checks everything when the work is done.
func (m *removal) resume(w *harness.World, c *harness.Cluster) *harness.Fleet {
	t := m.t
	t.Helper()
	again := c.Restore(t.TempDir(), m.file, m.key, faults.Plan{})
	require.Equal(t, 1, again.Ended(), again.Log)
	assert.Contains(t, again.Log.String(), "is not empty")
	sent := len(w.Twilio.Messages())
	f := w.MoveTo(c, map[string]string{"CHANNELS__SMS__RATE": "500"}, "api,router", "worker,tracker")
	heldEverywhere(t, f.World)
	held := f.Publish(harness.NewAlert("ma.boston"))
	m.did.keys = append(m.did.keys, held.Key)
	outlook(t, f.World, held.Key) // and so everything that was published before is on the board
	m.kept(f)
	assert.Len(t, f.Twilio.Messages(), sent, "nothing goes out while it is held")
	r := f.CLI("release", "--yes")
	require.Equal(t, 0, r.Status, r.Stderr)
	for _, key := range m.did.keys {
		f.Finished(key)
	}
	assert.Len(t, containing(f.SMS(m.did.people[1].Contacts[0].Address), "ACK "), len(m.did.keys)+m.lostTo(f, m.did.people[1]), "Twilio could be asked: nobody hears twice")
	checked(t, f.World, m.did)
	return f
}

// refused sees that no service starts on half of a backup.
func (m *removal) refused(w *harness.World, c *harness.Cluster) {
	m.t.Helper()
	r := w.ServeAgain(map[string]string{"NATS__URL": c.URL(), "NATS__REPLICAS": "3", "DATA_DIR": m.t.TempDir()})
	assert.Equal(m.t, 1, r.Status)
	assert.Contains(m.t, r.Stderr, "run `revere restore` again")
}

// lostTo counts the messages of a person that the restored system knows nothing of.
func (m *removal) lostTo(f *harness.Fleet, person subscribers.Subscriber) (n int) {
	for _, message := range provided(f.World) {
		ref, err := alerting.ParseRef(message.Ref)
		if err == nil && message.To == person.Contacts[0].Address && slices.Contains(m.did.lost, ref.Alert) {
			n++
		}
	}
	return n
}

// kept tells what the backup had from what came after it, and sees that it has what it must.
func (m *removal) kept(f *harness.Fleet) {
	m.t.Helper()
	var there []alerting.Key
	for _, s := range f.Alerts() {
		there = append(there, s.Key)
	}
	for _, key := range m.before {
		require.Contains(m.t, there, key)
	}
	m.did.keys = slices.DeleteFunc(m.did.keys, func(key alerting.Key) bool {
		lost := !slices.Contains(there, key)
		if lost {
			m.did.lost = append(m.did.lost, key)
		}
		return lost
	})
	for _, key := range there {
		require.Contains(m.t, m.did.keys, key, "nobody published it")
	}
}

// What was released is not sent before a router has run, and whoever looks is told so.
func TestNothingIsSentAfterARestoreBeforeARouterHasRun(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{Settings: map[string]string{"CHANNELS__SMS__RATE": "2"}})
	c := harness.NewCluster(t)
	w.Import(crowd(10)...)
	key, recipient := keygen(t, w)
	p := w.Publish(harness.NewAlert("ma.boston"))
	file := backUp(t, w, recipient)
	w.Kill9()
	sent := len(w.Twilio.Messages())
	w.Dir = filepath.Join(t.TempDir(), "restored")
	r := c.Restore(w.Dir, file, key, faults.Plan{})
	require.Equal(t, 0, r.Ended(), r.Log)
	f := w.MoveTo(c, map[string]string{"CHANNELS__SMS__RATE": "500"}, "api", "worker,tracker")
	assert.Contains(t, f.CLI("release", "--dry-run").Stdout, alerting.AwaitsRouter)

	released := f.CLI("release", "--yes")
	require.Equal(t, 0, released.Status, released.Stderr)
	assert.Contains(t, released.Stdout, alerting.AwaitsRouter)
	read := func(path string) string {
		return string(f.Call(http.StatusOK, harness.Request{Method: http.MethodGet, Path: path}).Body)
	}
	assert.Contains(t, read("/readyz"), `"awaits_router"`)
	assert.Contains(t, read("/metrics"), "\nrevere_awaits_router 1\n")
	assert.Contains(t, f.CLI("check").Stdout, alerting.AwaitsRouter)
	harness.Within(t, time.Minute, func() error {
		says := func(line harness.Line) bool { return line["message"] == alerting.AwaitsRouter }
		return errorUnless(slices.ContainsFunc(f.Log.Lines(0), says), "the log does not say it")
	})
	assert.Len(t, f.Twilio.Messages(), sent)

	require.NoError(t, f.Members[1].Stop())
	f.Members[1].Roles = "router,worker,tracker"
	f.Members[1].Start()
	f.Members[1].Ready()
	f.Finished(p.Key)
	assert.Len(t, f.Twilio.Messages(), 10)
	assert.Contains(t, read("/readyz"), `"ready"`)
	assert.NotContains(t, f.CLI("check").Stdout, alerting.AwaitsRouter)
}
