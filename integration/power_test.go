package integration_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/api"
	"revere/integration/harness"
	"revere/integration/twiliosim"
)

const powerCuts = 3

// Power that fails in the middle of everything takes nothing that was acknowledged, and nobody gets a
// message that is not on record.
func TestPowerLoss(t *testing.T) {
	t.Parallel()
	disk := harness.NewDisk(t)
	w := harness.New(t, harness.Options{Dir: filepath.Join(disk.Dir, "data"), Settings: map[string]string{
		"CHANNELS__FALLBACK_AFTER__SEVERE": "10m", "ADMISSION__DISK_RESERVE": "16", // the disk is small
	}})
	w.Twilio.SetBehavior(twiliosim.Behavior{Latency: 5 * time.Millisecond})
	did := history{people: crowd(40), acknowledged: map[alerting.Key][]string{}}
	w.Import(did.people...)
	for range powerCuts {
		taken := workUntil(t, w, func() {
			control(t, disk)
			w.Freeze()
		})
		disk.Cut(w.Kill9)
		controlled(t, disk)
		w.Begin()
		did.survived(t, w, taken)
	}
	did.settled(t, w)
}

// survived sees that what was acknowledged before a cut is there behind it, and notes who had answered.
func (h *history) survived(t *testing.T, w *harness.World, before []taken) {
	t.Helper()
	assert.Equal(t, len(h.people), w.Subscribers(), "the directory that was acknowledged")
	there := map[alerting.Key]bool{}
	for _, s := range w.Alerts() {
		there[s.Key] = true
	}
	for _, x := range before {
		assert.True(t, there[x.key], "%s was acknowledged, and is gone", x.key)
		if x.answered != "" {
			h.acknowledged[x.key] = []string{x.answered}
		}
	}
	require.NotEmpty(t, before, "nothing was acknowledged before the cut")
}

// settled waits until all alerts are finished, those too whose acknowledgement was under way at a cut, and
// checks what became of them.
func (h *history) settled(t *testing.T, w *harness.World) {
	t.Helper()
	w.Publish(harness.NewAlert("ma.boston")) // judged behind all that was under way
	for _, s := range w.Alerts() {
		h.keys = append(h.keys, s.Key)
		w.Finished(s.Key)
	}
	checked(t, w, *h)
}

// A taken is an alert that was acknowledged, and who is acknowledged to have answered it.
type taken struct {
	key      alerting.Key
	answered string
}

// workUntil publishes and answers until some have been acknowledged, calls stop in the middle, and
// returns what was acknowledged by then.
func workUntil(t *testing.T, w *harness.World, stop func()) (all []taken) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	var work sync.WaitGroup
	enough := make(chan struct{}, 1)
	work.Go(func() {
		for ctx.Err() == nil {
			x, ok := publishAndAnswer(ctx, w)
			if !ok {
				continue
			}
			mu.Lock()
			all = append(all, x)
			if len(all) == 3 {
				enough <- struct{}{}
			}
			mu.Unlock()
		}
	})
	select {
	case <-enough:
	case <-time.After(harness.Patience):
		t.Error("the service takes nothing")
	}
	stop()
	mu.Lock()
	known := all
	mu.Unlock()
	cancel() // whoever waits for the frozen service gives up
	t.Cleanup(work.Wait)
	return known
}

func publishAndAnswer(ctx context.Context, w *harness.World) (x taken, ok bool) {
	var p api.Published
	a, err := w.TryIn(ctx, harness.Request{Method: http.MethodPost, Path: "/api/v1/alerts", Body: harness.NewAlert("ma.boston")})
	if err != nil || a.Status != http.StatusAccepted || a.Into(&p) != nil {
		return x, false
	}
	x.key = p.Key
	a, err = w.TryIn(ctx, harness.Request{
		Method: http.MethodPost, Path: "/api/v1/alerts/" + string(p.Key) + "/acknowledgements", Body: map[string]string{"subscriber": "clerk-007"},
	})
	if err == nil && a.Status == http.StatusCreated {
		x.answered = "clerk-007"
	}
	return x, true
}

// control leaves two files on the disk, one synced and one not: after a cut only the first may be whole.
func control(t *testing.T, disk *harness.Disk) {
	t.Helper()
	for name, sync := range map[string]bool{"synced": true, "unsynced": false} {
		f, err := os.Create(filepath.Join(disk.Dir, name))
		require.NoError(t, err)
		_, err = f.WriteString(name)
		require.NoError(t, err)
		if sync {
			require.NoError(t, f.Sync())
		}
		require.NoError(t, f.Close())
	}
}

// controlled holds that the power was really cut: else the test would show nothing.
func controlled(t *testing.T, disk *harness.Disk) {
	t.Helper()
	kept, err := os.ReadFile(filepath.Join(disk.Dir, "synced"))
	require.NoError(t, err)
	assert.Equal(t, "synced", string(kept))
	lost, _ := os.ReadFile(filepath.Join(disk.Dir, "unsynced")) // not even its name need be there
	assert.Empty(t, lost, "what was not synced has survived: this was no power cut")
}
