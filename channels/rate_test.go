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

// That the rate is never exceeded is checked whenever a dispatcher stops.

func TestTheRateIsUsedWhileWorkWaits(t *testing.T) {
	for _, rate := range []float64{0.5, 1, 7.5, 10, 100, 1000} {
		for cost := 1; cost <= 3; cost++ {
			for _, durable := range []time.Duration{0, 3 * time.Millisecond, 20 * time.Millisecond} {
				t.Run(fmt.Sprintf("%v a second, cost %d, recorded in %v", rate, cost, durable), func(t *testing.T) {
					limits := channels.Limits{Rate: rate, Concurrency: max(2, int(rate/2))}
					bubble(t, limits, func(t *testing.T, w *world) { usesItsRate(t, w, cost, durable) })
				})
			}
		}
	}
}

func usesItsRate(t *testing.T, w *world, cost int, durable time.Duration) {
	rate := w.provider.limits.Rate
	w.provider.takes = 80 * time.Millisecond
	w.beginTakes = func(int) time.Duration { return durable }
	watched := max(3*time.Second, time.Duration(200/rate)*time.Second)
	w.offerMany(int(rate*watched.Seconds())+64, 1, cost)
	stop := w.start(t)
	pass(watched)
	require.NoError(t, stop())
	units := 0
	for _, c := range w.provider.all() {
		units += c.cost
	}
	// The last message may have just missed the end.
	assert.GreaterOrEqual(t, float64(units+cost), 0.98*rate*watched.Seconds())
}

func TestMixedCostsKeepTheRate(t *testing.T) {
	bubble(t, channels.Limits{Rate: 30, Concurrency: 10}, func(t *testing.T, w *world) {
		for i := range 1000 {
			w.offer(i%4, 1+i%3)
		}
		stop := w.start(t)
		pass(40 * time.Second)
		require.NoError(t, stop())
		units := 0
		for _, c := range w.provider.all() {
			units += c.cost
		}
		assert.InDelta(t, 30*40, units, 30*40*0.02)
	})
}

func TestAMessageOfManySegmentsGoesAtTheSlowestRate(t *testing.T) {
	bubble(t, single, func(t *testing.T, w *world) {
		w.offerMany(4, 1, 3)
		stop := w.start(t)
		pass(11 * time.Second)
		require.NoError(t, stop())
		var at []time.Duration
		calls := w.provider.all()
		for _, c := range calls {
			at = append(at, c.at.Sub(calls[0].at).Round(time.Millisecond))
		}
		assert.Equal(t, []time.Duration{0, 3 * time.Second, 6 * time.Second, 9 * time.Second}, at)
	})
}

func TestAChannelThatLayIdleDoesNotMakeUpForIt(t *testing.T) {
	bubble(t, channels.Limits{Rate: 10, Concurrency: 10}, func(t *testing.T, w *world) {
		stop := w.start(t)
		pass(time.Hour)
		w.offerMany(30, 0, 1)
		pass(time.Second - time.Millisecond)
		assert.Len(t, w.provider.all(), 10)
		require.NoError(t, stop())
	})
}

func TestAnEnormousRateIsBoundedByTheConcurrency(t *testing.T) {
	bubble(t, channels.Limits{Rate: 1e300, Concurrency: 5}, func(t *testing.T, w *world) {
		w.provider.takes = time.Second
		w.offerMany(50, 0, 1)
		stop := w.start(t)
		pass(3*time.Second - time.Millisecond)
		assert.Len(t, w.provider.all(), 15)
		require.NoError(t, stop())
	})
}

func TestAProviderThatAsksForLessGetsLessAndThePaceRecovers(t *testing.T) {
	bubble(t, channels.Limits{Rate: 20, Concurrency: 4}, func(t *testing.T, w *world) {
		w.offerMany(4000, 1, 1)
		busy := true
		w.provider.answer = func(c call) alerting.Outcome {
			if busy {
				busy = false
				return alerting.Outcome{State: alerting.Failed, Retry: true, RetryAfter: 5 * time.Second}
			}
			return accepted(c)
		}
		count := func(d time.Duration) int {
			before := len(w.provider.all())
			pass(d)
			return len(w.provider.all()) - before
		}
		stop := w.start(t)
		// What was on record when the answer came is called.
		assert.LessOrEqual(t, count(100*time.Millisecond), 2)
		assert.Zero(t, count(4800*time.Millisecond), "it asked for five seconds")
		slow := count(2 * time.Second)
		assert.InDelta(t, 20, slow, 4, "about half the rate")
		pass(30 * time.Second)
		assert.InDelta(t, 200, count(10*time.Second), 2, "all of the rate again")
		require.NoError(t, stop())
	})
}

func TestAFastPaceRecoversTooAlthoughSuccessesComeWithinAMillisecond(t *testing.T) {
	bubble(t, channels.Limits{Rate: 4000, Concurrency: 400}, func(t *testing.T, w *world) {
		w.provider.answer = func(c call) alerting.Outcome {
			if c.delivery == 0 && c.attempt == 1 {
				return alerting.Outcome{State: alerting.Failed, Retry: true, RetryAfter: time.Second}
			}
			return accepted(c)
		}
		w.offer(0, 1)
		stop := w.start(t)
		pass(time.Second)
		w.offerMany(15000, 0, 1)
		pass(3 * time.Second) // half the rate, and a tenth more by then
		before := w.provider.count()
		pass(time.Second)
		assert.InDelta(t, 4000*(0.5+3.5/30), w.provider.count()-before, 100)
		require.NoError(t, stop())
	})
}

func TestAnswersThatCameTogetherSlowThePaceOnce(t *testing.T) {
	bubble(t, channels.Limits{Rate: 100, Concurrency: 40}, func(t *testing.T, w *world) {
		w.provider.takes = 300 * time.Millisecond
		w.provider.answer = func(call) alerting.Outcome {
			return alerting.Outcome{State: alerting.Failed, Retry: true, RetryAfter: time.Second}
		}
		w.offerMany(1000, 0, 1)
		stop := w.start(t)
		pass(600 * time.Millisecond)
		w.provider.answers(accepted)
		pass(2 * time.Second)
		before := len(w.provider.all())
		pass(time.Second)
		assert.GreaterOrEqual(t, len(w.provider.all())-before, 50, "thirty answers slowed it more than one")
		require.NoError(t, stop())
	})
}

func TestAProviderThatIsAlwaysBusyIsStillTried(t *testing.T) {
	bubble(t, single, func(t *testing.T, w *world) {
		w.provider.answer = func(call) alerting.Outcome {
			return alerting.Outcome{State: alerting.Failed, Retry: true, RetryAfter: 2 * time.Second}
		}
		w.offerMany(500, 0, 1)
		stop := w.start(t)
		pass(2 * time.Minute)
		before := len(w.provider.all())
		pass(160 * time.Second)
		assert.InDelta(t, 10, len(w.provider.all())-before, 2, "a sixteenth of the rate is left")
		require.NoError(t, stop())
	})
}

func TestAPausedChannelSendsNothingAndThenGoesOn(t *testing.T) {
	bubble(t, channels.Limits{Rate: 100, Concurrency: 1}, func(t *testing.T, w *world) {
		w.provider.answer = func(call) alerting.Outcome {
			return alerting.Outcome{State: alerting.Failed, Retry: true, PauseChannel: time.Minute, Code: "20003"}
		}
		w.offerMany(10, 0, 1)
		w.offerMany(10, 3, 1)
		stop := w.start(t)
		pass(500 * time.Millisecond)
		assert.Len(t, w.provider.all(), 1)
		takes := w.takeCount()
		w.offer(0, 1) // even what is urgent
		pass(59 * time.Second)
		assert.Len(t, w.provider.all(), 1, "called while the channel was paused")
		assert.LessOrEqual(t, w.takeCount()-takes, 1, "it looks for work that it may not do")
		pass(time.Minute)
		assert.Len(t, w.provider.all(), 2, "one call a pause while the fault lasts")
		w.provider.answers(accepted)
		pass(3 * time.Minute)
		require.NoError(t, stop())
		assert.Equal(t, map[alerting.State]int{alerting.Accepted: 21}, w.states(), "nothing was lost")
	})
}
