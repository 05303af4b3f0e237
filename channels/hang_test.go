package channels_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/channels"
)

// What is put on record ahead of its call is given up where the calls before it hang. That must not go
// on as long as they hang: each time costs one of the attempts that a message has.
func TestAProviderThatBeginsToHangUsesUpNoAttempts(t *testing.T) {
	bubble(t, channels.Limits{Rate: 2000, Concurrency: 64}, func(t *testing.T, w *world) {
		w.provider.takes = 4 * time.Millisecond
		w.outbox.beginTakes = func(int) time.Duration { return 3 * time.Millisecond }
		w.offerMany(2000, 1, 1)
		stop := w.start(t)
		pass(3 * time.Second)
		require.Equal(t, 2000, w.provider.count())
		w.provider.slowDown(20 * time.Second)
		w.offerMany(64+8, 1, 1)
		pass(15 * time.Second)
		w.provider.slowDown(time.Millisecond)
		pass(10 * time.Second)
		require.NoError(t, stop())
		assert.Equal(t, 2072, w.provider.count())
		for _, c := range w.provider.all() {
			assert.LessOrEqual(t, c.attempt, 6, "delivery %d", c.delivery)
		}
	})
}

// Who makes calls that are answered at once makes many, one after the other. None waits for one that hangs.
func TestACallThatHangsHoldsUpNoOther(t *testing.T) {
	bubble(t, channels.Limits{Rate: 100_000, Concurrency: 256}, func(t *testing.T, w *world) {
		stop := w.start(t)
		w.offerMany(1000, 0, 1)
		pass(time.Second)
		require.Equal(t, 1000, w.provider.count())
		w.provider.slowDown(time.Minute)
		w.offerMany(256, 0, 1)
		pass(time.Second)
		assert.Equal(t, 1256, w.provider.count(), "as many as the provider bears at once")
		require.NoError(t, stop())
	})
}

// What is given up takes nothing more from the rate, and all of its parts: else the channel would come to a stop
// in the end. That nothing stays promised is checked of every run.
func TestWhatIsGivenUpIsPromisedNoMore(t *testing.T) {
	bubble(t, channels.Limits{Rate: 6000, Concurrency: 64}, func(t *testing.T, w *world) {
		w.provider.takes = 4 * time.Millisecond
		w.outbox.beginTakes = func(int) time.Duration { return 3 * time.Millisecond }
		w.offerMany(2000, 1, 3)
		stop := w.start(t)
		pass(3 * time.Second)
		w.provider.slowDown(20 * time.Second)
		w.offerMany(64+8, 1, 3)
		pass(time.Minute)
		tries := 0
		for _, c := range w.provider.all() {
			tries = max(tries, c.attempt)
		}
		require.Greater(t, tries, 1, "the test gives none up")
		require.NoError(t, stop())
	})
}
