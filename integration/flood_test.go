package integration_test

import (
	"fmt"
	"net/http"
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

// Ten thousand alerts at once stand before nobody: the extreme one behind them is on its way at once,
// and each of them gets its record.
func TestFloodOverNATS(t *testing.T) {
	flood := 10_000
	if harness.Race {
		flood = 3000 // the detector makes each ten times as slow
	}
	w := harness.New(t, harness.Options{InProcess: true, Empty: true, Settings: map[string]string{"ADMISSION__OPEN_ALERTS": "12000", "LOG__LEVEL": "warn"}})
	w.Import(harness.Person("clerk", "ma.boston", harness.SMS(harness.Phone(1))))
	conn, err := nats.Connect(w.NATSURL())
	require.NoError(t, err)
	defer conn.Close()
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(flood))
	require.NoError(t, err)
	acknowledged := make([]jetstream.PubAckFuture, flood)
	for i := range acknowledged {
		// Nobody is subscribed there: how fast a phone is reached is no part of this.
		body := harness.NewAlert("ma.salem").With("severity", "minor").With("description", nil).JSON()
		acknowledged[i], err = js.PublishAsync("alerts.ma.salem", body)
		require.NoError(t, err)
	}
	<-js.PublishAsyncComplete()

	published := time.Now()
	v := w.PublishForVerdict("alerts.ma.boston", harness.NewAlert("ma.boston").With("severity", "extreme").JSON())
	t.Logf("the extreme alert had its verdict after %s", time.Since(published))
	require.Equal(t, alerting.VerdictAccepted, v.Verdict)
	assert.Less(t, time.Since(published), 5*time.Second)
	w.States(v.Alert, map[string]alerting.State{harness.Phone(1): alerting.Delivered})

	harness.Within(t, 2*time.Minute, func() error { return waiting(w, 0) })
	for _, future := range acknowledged {
		ack := <-future.Ok()
		require.NoError(t, known(w, alerting.KeyOf(ack.Sequence)))
	}
}

// waiting says whether as many messages wait to be judged, by the metrics.
func waiting(w *harness.World, n int) error {
	a, err := w.Try(harness.Request{Method: "GET", Path: "/metrics"})
	if err != nil {
		return err
	}
	if !strings.Contains(string(a.Body), fmt.Sprintf("\nrevere_messages_waiting %d\n", n)) {
		return fmt.Errorf("not %d messages wait", n)
	}
	return nil
}

// known says whether an alert is on record.
func known(w *harness.World, key alerting.Key) error {
	if _, ok := w.Board().Opened(key); !ok {
		return fmt.Errorf("%s was acknowledged and is not on record", key)
	}
	return nil
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
