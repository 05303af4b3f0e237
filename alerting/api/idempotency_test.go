package api_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/api"
)

func TestIdempotencyKey(t *testing.T) {
	r := newRig(t)

	t.Run("the same request is published once", func(t *testing.T) {
		first := r.must(202, "boston", "POST", "/api/v1/alerts", alertWith(nil), "Idempotency-Key: one")
		again := r.must(202, "boston", "POST", "/api/v1/alerts", alertWith(nil), "Idempotency-Key: one")
		require.Empty(t, first.Header.Get("Idempotency-Replayed"))
		require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
		require.JSONEq(t, first.text, again.text)
		require.Len(t, r.board.Keys(nil), 1)
	})

	t.Run("another body under the key is refused", func(t *testing.T) {
		r.refused(422, api.CodeIdempotency, "boston", "POST", "/api/v1/alerts", alertWith(map[string]any{"headline": "Other"}), "Idempotency-Key: one")
	})

	t.Run("a key is its token's own", func(t *testing.T) {
		a := r.must(202, "state", "POST", "/api/v1/alerts", alertWith(map[string]any{"headline": "Other"}), "Idempotency-Key: one")
		require.Empty(t, a.Header.Get("Idempotency-Replayed"))
	})

	t.Run("a failed validation frees the key", func(t *testing.T) {
		r.refused(422, "missing", "boston", "POST", "/api/v1/alerts", alertWith(map[string]any{"status": nil}), "Idempotency-Key: mended")
		r.publish("boston", map[string]any{"headline": "mended"}, "Idempotency-Key: mended")
	})

	t.Run("without one the same alert may be published twice", func(t *testing.T) {
		a, b := r.publish("boston", map[string]any{"headline": "x"}), r.publish("boston", map[string]any{"headline": "x"})
		require.NotEqual(t, a.Key, b.Key)
	})
}

func TestIdempotencyKeyInFlight(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	r := newRig(t, func(r *rig) {
		submit := r.api.Publish.Submit
		var once sync.Once
		r.api.Publish.Submit = func(ctx context.Context, area alerting.Area, producer string, body []byte) (uint64, error) {
			once.Do(func() { close(entered); <-release })
			return submit(ctx, area, producer, body)
		}
	})
	done := make(chan answer)
	go func() {
		done <- r.ask("boston", "POST", "/api/v1/alerts", alertWith(nil), "Idempotency-Key: slow")
	}()
	<-entered
	a := r.must(http.StatusConflict, "boston", "POST", "/api/v1/alerts", alertWith(nil), "Idempotency-Key: slow")
	require.Contains(t, a.text, alerting.CodeInFlight)
	require.NotEmpty(t, a.Header.Get("Retry-After"))
	close(release)
	require.Equal(t, http.StatusAccepted, (<-done).StatusCode)
}

// A process that died while it published left the key in flight, and maybe the alert behind. The
// repeat is the same alert.
func TestIdempotencyKeyOfTheDead(t *testing.T) {
	var mu sync.Mutex
	clock := time.Now()
	now := func() time.Time { mu.Lock(); defer mu.Unlock(); return clock }
	r := newRig(t, func(r *rig) { r.api.Now = now })
	r.subscribe("clerk", "Boston Clerk", "+16175550123", "ma.boston")

	first := r.publish("boston", nil, "Idempotency-Key: died")
	r.forgetAnswer("boston", "died", "/api/v1/alerts", alertWith(nil), clock)
	r.refused(409, "in_flight", "boston", "POST", "/api/v1/alerts", alertWith(nil), "Idempotency-Key: died")
	mu.Lock()
	clock = clock.Add(2 * time.Minute)
	mu.Unlock()
	second := r.publish("boston", nil, "Idempotency-Key: died")
	require.Equal(t, first.Key, second.Key)
	require.True(t, second.Repeated)

	cancel := "/api/v1/alerts/" + string(first.Key) + "/cancel"
	var withdrawn, again api.Published
	r.must(202, "boston", "POST", cancel, "", "Idempotency-Key: cancel").into(t, &withdrawn)
	r.forgetAnswer("boston", "cancel", cancel, "", clock.Add(-2*time.Minute))
	r.must(202, "boston", "POST", cancel, "", "Idempotency-Key: cancel").into(t, &again)
	require.Equal(t, withdrawn.Key, again.Key, "an alert that was withdrawn is not withdrawn again")
}

// forgetAnswer leaves what a process leaves that dies before it keeps its answer.
func (r *rig) forgetAnswer(token, key, route, body string, started time.Time) {
	r.t.Helper()
	caller, ok := r.api.Tokens.Authenticate(r.tokens[token])
	require.True(r.t, ok)
	value, err := json.Marshal(map[string]any{"request": digest(route, body), "started": started})
	require.NoError(r.t, err)
	require.NoError(r.t, r.engine.Revise(context.Background(), digest(caller.ID, key), value))
}

func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		sum := sha256.Sum256([]byte(p))
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}
