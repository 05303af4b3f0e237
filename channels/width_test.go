package channels_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/channels"
)

func TestAFastProviderHasFewMessagesInTheAir(t *testing.T) {
	bubble(t, channels.Limits{Rate: 100, Concurrency: 64}, func(t *testing.T, w *world) {
		w.provider.takes = 10 * time.Millisecond
		w.offerMany(1000, 1, 1)
		stop := w.start(t)
		pass(time.Second) // nothing is known of the provider at first
		w.provider.forgetMost()
		pass(4 * time.Second)
		require.NoError(t, stop())
		assert.LessOrEqual(t, w.provider.most, 4, "one at a time is enough for its rate")
	})
}

func TestAProviderThatSlowsDownIsStillUsedToItsRate(t *testing.T) {
	bubble(t, channels.Limits{Rate: 20, Concurrency: 64}, func(t *testing.T, w *world) {
		w.provider.takes = 10 * time.Millisecond
		w.offerMany(2000, 1, 1)
		stop := w.start(t)
		pass(5 * time.Second)
		w.provider.slowDown(time.Second)
		pass(2 * time.Second) // it is noticed before the first answer
		before := w.provider.count()
		pass(10 * time.Second)
		assert.InDelta(t, 200, w.provider.count()-before, 4)
		require.NoError(t, stop())
	})
}

func TestSlowRecordsOfOutcomesHoldUpNoCall(t *testing.T) {
	bubble(t, channels.Limits{Rate: 400, Concurrency: 16}, func(t *testing.T, w *world) {
		w.provider.takes = 5 * time.Millisecond
		w.outbox.finishTakes = 100 * time.Millisecond
		w.offerMany(4000, 1, 1)
		stop := w.start(t)
		pass(5 * time.Second)
		assert.InDelta(t, 2000, w.provider.count(), 40)
		require.NoError(t, stop())
		assert.Equal(t, w.provider.count(), w.states()[alerting.Accepted], "and every outcome is on record when Run returns")
	})
}

func TestAnUrgentMessageOvertakesWhatIsOnRecordAndHasNotBegun(t *testing.T) {
	bubble(t, channels.Limits{Rate: 100, Concurrency: 64}, func(t *testing.T, w *world) {
		w.offerMany(2000, 3, 1)
		stop := w.start(t)
		pass(3*time.Second + 3*time.Millisecond)
		arrived := time.Now()
		urgent := w.offer(0, 1)
		pass(time.Second)
		require.NoError(t, stop())
		for _, c := range w.provider.all() {
			if c.delivery == urgent.id {
				assert.LessOrEqual(t, c.at.Sub(arrived), 20*time.Millisecond, "some fifty milliseconds' worth were on record before it")
				return
			}
		}
		t.Fatal("it was never sent")
	})
}

// A provider that is used to its full concurrency gives places back one at a time. Were each filled at
// once, every message would cost two records of its own.
func TestAFullProviderIsGivenManyMessagesARecord(t *testing.T) {
	for lane, name := range []string{"the most urgent", "a lower lane"} {
		t.Run(name, func(t *testing.T) {
			bubble(t, channels.Limits{Rate: 10_000, Concurrency: 128}, func(t *testing.T, w *world) {
				w.provider.takes = 20 * time.Millisecond
				w.outbox.beginTakes = func(nth int) time.Duration { return time.Millisecond + time.Duration(nth%7)*50*time.Microsecond }
				w.outbox.finishTakes = time.Millisecond
				w.offerMany(10_000, lane, 1)
				stop := w.start(t)
				pass(2 * time.Second)
				require.NoError(t, stop())
				sent := w.provider.count()
				assert.GreaterOrEqual(t, sent, 10_000*9/10, "the places that wait to be filled together cost next to nothing")
				assert.LessOrEqual(t, w.outbox.records, sent/16, "attempts share records")
				assert.LessOrEqual(t, w.outbox.outcomes, sent/16, "outcomes share records")
			})
		})
	}
}

// A provider that answers sooner than messages gather is no less used: they go as soon as there are enough
// to share a record.
func TestAFullProviderThatAnswersSoonIsUsedToItsConcurrency(t *testing.T) {
	for lane, places := range []int{128, 112, 104, 96} { // a share is kept for each lane above
		t.Run(fmt.Sprint("lane ", lane), func(t *testing.T) {
			bubble(t, channels.Limits{Rate: 1_000_000, Concurrency: 128}, func(t *testing.T, w *world) {
				w.provider.takes = 5 * time.Millisecond
				w.outbox.beginTakes = func(nth int) time.Duration { return time.Millisecond + time.Duration(nth%7)*50*time.Microsecond }
				w.outbox.finishTakes = time.Millisecond
				w.offerMany(50_000, lane, 1)
				stop := w.start(t)
				pass(400 * time.Millisecond)
				require.NoError(t, stop())
				assert.GreaterOrEqual(t, w.provider.count(), places*80*95/100)
				assert.LessOrEqual(t, w.outbox.records, w.provider.count()/16, "attempts share records")
			})
		})
	}
}

func TestALoneMessageIsConcludedAtOnce(t *testing.T) {
	bubble(t, channels.Limits{Rate: 100, Concurrency: 64}, func(t *testing.T, w *world) {
		w.provider.takes = 10 * time.Millisecond
		stop := w.start(t)
		pass(time.Second)
		lone := w.offer(0, 1)
		pass(10*time.Millisecond + time.Microsecond)
		assert.Equal(t, 1, w.resultCount(lone))
		require.NoError(t, stop())
	})
}
