package channels_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/channels"
)

// How much is recorded ahead of the calls follows from how long a call takes, from the first answer on:
// what is recorded too early finds no room in time, and has used up an attempt.
func TestASlowProviderUsesUpNoAttempts(t *testing.T) {
	for _, takes := range []time.Duration{300 * time.Millisecond, time.Second} {
		bubble(t, channels.Limits{Rate: 10_000, Concurrency: 64}, func(t *testing.T, w *world) {
			w.provider.takes = takes
			w.outbox.beginTakes = func(int) time.Duration { return 3 * time.Millisecond }
			w.offerMany(2000, 0, 1)
			stop := w.start(t)
			pass(5 * time.Second)
			require.NoError(t, stop())
			w.mu.Lock()
			defer w.mu.Unlock()
			unused := len(w.begun) - w.provider.count()
			assert.LessOrEqual(t, unused, w.provider.count()/100, "attempts that were not called, at %v a call", takes) // where calls end at the same moment
		})
	}
}
