package integration_test

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/integration/harness"
)

// Ten thousand alerts at once stand before nobody: the extreme one behind them is on its way at once, each
// of them gets its record, and the process takes no more memory than it should.
func TestFloodOverNATS(t *testing.T) {
	n := openAtOnce
	if harness.Race {
		n /= 2 // the producer is slow with the detector
	}
	idle, peak := flood(t, n, 1<<10)
	assert.Less(t, peak, idle+uint64(n*floodMemory))
}

// Twice as many take about as much: what there is no room for waits on the disk. The alerts are so large that
// their bodies are most of what is in memory.
func TestTwiceTheFloodTakesNoMoreMemory(t *testing.T) {
	if *soak == 0 {
		t.Skip("takes minutes: -soak")
	}
	const body = 16 << 10
	_, few := flood(t, openAtOnce, body)
	_, many := flood(t, 2*openAtOnce, body)
	assert.Less(t, many, few+few/5)
}

const (
	openAtOnce = 10_000
	// floodMemory is what an alert of the flood may take at most, in bytes. The body is 1 KiB, and is in memory
	// a few times for a moment: as it comes in, read ahead, as a record that is written and read back, and in
	// the server's blocks of both streams; then on the board for as long as the alert is open. That is about
	// half of it; a stack or a buffer that were held on to for each would be more than the rest.
	floodMemory = 16 << 10
	// underWay is how many bytes the producer has on the way at once: NATS refuses more than 128 MiB (429, too
	// many requests).
	underWay = 64 << 20
	// floodGarbage has the collector let little lie about, so that what is measured is what is in use. As
	// operators run it, memory comes to 512 MiB before it counts for more than time (cmd/revere/memory.go).
	floodGarbage = "GOGC=25"
)

// flood publishes n alerts at once with bodies of a size, and one more, and sees that none is lost. It
// returns the most memory that the service took until then and in the flood, in bytes; where nobody tells,
// the test ends as skipped when all else has been seen to.
func flood(t *testing.T, n, size int) (idle, peak uint64) {
	t.Helper()
	w := harness.New(t, harness.Options{Binary: harness.Plain(t), Environ: []string{floodGarbage}, Empty: true, Settings: map[string]string{
		"ADMISSION__OPEN_ALERTS": strconv.Itoa(openAtOnce + 1), // and the extreme one
	}})
	w.Import(harness.Person("clerk", "ma.boston", harness.SMS(harness.Phone(1))))
	idle = w.PeakMemory()
	conn, err := nats.Connect(w.NATSURL())
	require.NoError(t, err)
	defer conn.Close()
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(min(n, underWay/size)))
	require.NoError(t, err)
	acknowledged, description := make([]jetstream.PubAckFuture, n), strings.Repeat("x", size)
	for i := range acknowledged {
		// Nobody is subscribed there: how fast a phone is reached is no part of this.
		body := harness.NewAlert("ma.salem").With("description", description).JSON()
		acknowledged[i], err = js.PublishAsync("alerts.ma.salem", body, jetstream.WithStallWait(harness.Patience))
		require.NoError(t, err)
	}
	<-js.PublishAsyncComplete()

	published := time.Now()
	v := w.PublishForVerdict("alerts.ma.boston", harness.NewAlert("ma.boston").With("severity", "extreme").JSON())
	t.Logf("the extreme alert had its verdict after %s", time.Since(published))
	require.Equal(t, alerting.VerdictAccepted, v.Verdict)
	assert.Less(t, time.Since(published), 5*time.Second)
	w.States(v.Alert, map[string]alerting.State{harness.Phone(1): alerting.Delivered})

	harness.Within(t, 2*time.Minute, func() error { return waiting(w, max(0, n-openAtOnce)) })
	peak = w.PeakMemory()
	t.Logf("before the flood %d MiB, in it %d MiB", idle>>20, peak>>20)
	if n > openAtOnce {
		w.Set("ADMISSION__OPEN_ALERTS", strconv.Itoa(n+1))
		w.Restart()
		harness.Within(t, 2*time.Minute, func() error { return waiting(w, 0) })
	}
	there := map[alerting.Key]bool{}
	for _, s := range w.Alerts() {
		there[s.Key] = true
	}
	for _, future := range acknowledged {
		select {
		case ack := <-future.Ok():
			require.True(t, there[alerting.KeyOf(ack.Sequence)], "message %d was acknowledged and is not on record", ack.Sequence)
		case err := <-future.Err():
			require.NoError(t, err)
		}
	}
	if peak == 0 {
		t.Skip("nobody tells here how much memory a process took (Linux does)")
	}
	return idle, peak
}

// waiting says whether no more messages wait to be judged than there may, by the metrics.
func waiting(w *harness.World, most int) error {
	a, err := w.Try(harness.Request{Method: "GET", Path: "/metrics"})
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(a.Body)) {
		if text, is := strings.CutPrefix(line, "revere_messages_waiting "); is {
			if n, err := strconv.Atoi(strings.TrimSpace(text)); err != nil || n > most {
				return fmt.Errorf("%s messages wait, and there may be %d", strings.TrimSpace(text), most)
			}
			return nil
		}
	}
	return errors.New("nobody tells how many messages wait")
}

// Who floods the API is told to wait; what was answered 202 is there; an extreme alert is taken all the
// same.
func TestFloodOverHTTP(t *testing.T) {
	w := harness.New(t, harness.Options{InProcess: true, Empty: true, Settings: map[string]string{"ADMISSION__WAITING": "8", "LOG__LEVEL": "warn"}})
	var taken, refused atomic.Int64
	var clients sync.WaitGroup
	for range 40 {
		clients.Go(func() {
			for range 25 {
				a, err := w.Try(harness.Request{Method: "POST", Path: "/api/v1/alerts", Body: harness.NewAlert("ma.boston").With("severity", "minor")})
				if !assert.NoError(t, err) {
					return
				}
				switch a.Status {
				case http.StatusAccepted:
					taken.Add(1)
				case http.StatusTooManyRequests:
					refused.Add(1)
					assert.NotEmpty(t, a.Header.Get("Retry-After"))
					assert.Contains(t, string(a.Body), `"code":"overloaded"`)
				default:
					t.Errorf("HTTP %d: %s", a.Status, a.Body)
				}
			}
		})
	}
	clients.Go(func() {
		for range 20 {
			w.Call(http.StatusAccepted, harness.Request{Method: "POST", Path: "/api/v1/alerts", Body: harness.NewAlert("ma.boston").With("severity", "extreme")})
		}
	})
	clients.Wait()
	assert.NotZero(t, refused.Load())
	assert.NotZero(t, taken.Load())
	harness.Soon(t, func() error { return waiting(w, 0) })
	assert.Len(t, w.Board().Keys(nil), int(taken.Load())+20)
}
