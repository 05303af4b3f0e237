package channels_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/channels"
)

// successors are where a dispatcher goes on: prepare sets up the world for one in the same process, which need not
// know what is on record, and for one in another process, which knows nothing else.
var successors = map[string]func(*world){
	"in this process":    func(w *world) { w.account, w.forgets = &channels.Account{}, true },
	"in another process": func(w *world) { w.account = nil },
}

// succeeded runs a test once for each place where a dispatcher goes on.
func succeeded(t *testing.T, limits channels.Limits, test func(t *testing.T, w *world)) {
	for where, prepare := range successors {
		t.Run(where, func(t *testing.T) {
			bubble(t, limits, func(t *testing.T, w *world) {
				prepare(w)
				test(t, w)
			})
		})
	}
}

// That the rate is not exceeded is checked whenever a dispatcher stops, over the calls of all of them.

func TestTheNextDispatcherKeepsTheRate(t *testing.T) {
	for _, rate := range []float64{1, 10, 60} {
		for cost := 1; cost <= 3; cost++ {
			for _, gap := range []time.Duration{0, 300 * time.Millisecond, 2 * time.Second} {
				t.Run(fmt.Sprintf("%v a second, cost %d, after %v", rate, cost, gap), func(t *testing.T) {
					succeeded(t, channels.Limits{Rate: rate, Concurrency: 4}, func(t *testing.T, w *world) { keepsTheRate(t, w, cost, gap) })
				})
			}
		}
	}
}

func keepsTheRate(t *testing.T, w *world, cost int, gap time.Duration) {
	rate := w.provider.limits.Rate
	w.offerMany(int(rate)*60+64, 1, cost)
	worked := time.Duration(0)
	for n := range 4 { // at different times within the wait between two messages
		stop := w.start(t)
		goesOn := 12*time.Second + time.Duration(n)*330*time.Millisecond + 10*time.Millisecond
		pass(goesOn)
		require.NoError(t, stop())
		worked += goesOn
		pass(gap)
	}
	// Each hand-over costs one message that was about to begin, and one that may have just begun.
	assert.GreaterOrEqual(t, float64(w.provider.count()*cost), 0.98*rate*worked.Seconds()-float64(4*2*cost))
}

func TestALostProcessIsFollowedAtTheRateAlthoughItsCallsGoOn(t *testing.T) {
	for _, rate := range []float64{1, 3, 50} {
		limits := channels.Limits{Rate: rate, Concurrency: 2000, ReconcileAfter: time.Hour}
		bubble(t, limits, func(t *testing.T, w *world) {
			w.provider.takes = time.Minute
			w.offerMany(2000, 1, 3)
			ctx, stop := context.WithCancel(t.Context())
			var ended []<-chan error
			for n := range 4 {
				process := fenced{w.outbox, newLease()}
				d := &channels.Dispatcher{Channel: w.channel, Outbox: process, Lease: process.lease, Now: time.Now, Log: zerolog.Nop(), Meter: w.meter}
				done := make(chan error, 1)
				go func() { done <- d.Run(ctx) }()
				ended = append(ended, done)
				pass(6*time.Second + time.Duration(n)*330*time.Millisecond + 10*time.Millisecond)
				process.lease.lose()
			}
			stop()
			for _, done := range ended {
				<-done
			}
			w.checkRate(t)
			assert.GreaterOrEqual(t, float64(w.provider.count()*3), 0.98*rate*26-4*2*3)
		})
	}
}

// fenced is the outbox of a process that can't write any more when its lease is lost.
type fenced struct {
	*outbox
	lease *lease
}

var errFenced = errors.New("another process writes")

func (f fenced) Begin(ctx context.Context, due []alerting.Due) error {
	if !f.lease.Held() {
		return errFenced
	}
	return f.outbox.Begin(ctx, due)
}

func (f fenced) Finish(ctx context.Context, finished []alerting.Finished) error {
	if !f.lease.Held() {
		return errFenced
	}
	return f.outbox.Finish(ctx, finished)
}

func TestTheNextDispatcherReckonsWithTheDearestThatMayBeLast(t *testing.T) {
	succeeded(t, channels.Limits{Rate: 2, Concurrency: 4}, func(t *testing.T, w *world) {
		for i := range 600 {
			w.offer(i%4, 1+i%3)
		}
		for range 20 {
			stop := w.start(t)
			pass(3*time.Second + 170*time.Millisecond)
			require.NoError(t, stop())
		}
	})
}

func TestADispatcherWhoseJournalFailedIsFollowedAtTheRate(t *testing.T) {
	succeeded(t, channels.Limits{Rate: 1, Concurrency: 4}, func(t *testing.T, w *world) {
		w.offerMany(100, 1, 3)
		broken := errors.New("the journal is broken")
		for range 5 {
			w.finishFails = func() error { return broken }
			stop := w.start(t)
			pass(4 * time.Second)
			require.ErrorIs(t, stop(), broken)
		}
		assert.GreaterOrEqual(t, w.provider.count(), 5)
	})
}

func TestWhatTheProviderAskedForOutlivesADispatcher(t *testing.T) {
	succeeded(t, channels.Limits{Rate: 20, Concurrency: 4}, func(t *testing.T, w *world) {
		w.restsThrough(t, alerting.Outcome{State: alerting.Failed, Retry: true, RetryAfter: time.Minute, Code: "20429"})
	})
}

func TestAPauseOutlivesADispatcherAndEndsWithTheProcess(t *testing.T) {
	paused := alerting.Outcome{State: alerting.Failed, Retry: true, PauseChannel: time.Minute, Code: "20003"}
	bubble(t, channels.Limits{Rate: 20, Concurrency: 4}, func(t *testing.T, w *world) {
		w.account = &channels.Account{}
		w.restsThrough(t, paused)
	})
	bubble(t, channels.Limits{Rate: 20, Concurrency: 4}, func(t *testing.T, w *world) {
		w.rests(t, paused)
		before := w.provider.count()
		stop := w.start(t)
		pass(5 * time.Second)
		require.NoError(t, stop())
		assert.Greater(t, w.provider.count(), before, "the operator has mended it, and started the process again")
	})
}

// rests has a provider answer so that the channel rests, and its dispatcher end.
func (w *world) rests(t *testing.T, asked alerting.Outcome) {
	w.offerMany(4000, 1, 1)
	w.provider.answer = func(call) alerting.Outcome { return asked }
	stop := w.start(t)
	pass(time.Second)
	require.NoError(t, stop())
	require.NotZero(t, w.provider.count())
	w.provider.answers(accepted)
}

// restsThrough asserts that the channel rests for a minute, whichever dispatcher has it.
func (w *world) restsThrough(t *testing.T, asked alerting.Outcome) {
	w.rests(t, asked)
	before := w.provider.count()
	for range 2 {
		stop := w.start(t)
		pass(29 * time.Second)
		require.NoError(t, stop())
	}
	assert.Equal(t, before, w.provider.count(), "it rests for a minute")
	stop := w.start(t)
	pass(5 * time.Second)
	require.NoError(t, stop())
	assert.Greater(t, w.provider.count(), before, "the minute is over")
}

func TestAProcessThatStartsTriesAProviderAgainWithinTheHour(t *testing.T) {
	bubble(t, channels.Limits{Rate: 20, Concurrency: 4}, func(t *testing.T, w *world) {
		w.offerMany(100, 1, 1)
		w.held = time.Now().Add(24 * time.Hour)
		stop := w.start(t)
		pass(time.Hour - time.Second)
		assert.Zero(t, w.provider.count())
		pass(2 * time.Second)
		assert.NotZero(t, w.provider.count())
		require.NoError(t, stop())
	})
}

func TestTheSlowerPaceOutlivesADispatcherAndRecovers(t *testing.T) {
	bubble(t, channels.Limits{Rate: 20, Concurrency: 4}, func(t *testing.T, w *world) {
		w.account = &channels.Account{}
		w.offerMany(4000, 1, 1)
		w.provider.answer = func(c call) alerting.Outcome {
			w.provider.answer = accepted
			return alerting.Outcome{State: alerting.Failed, Retry: true, RetryAfter: 5 * time.Second}
		}
		stop := w.start(t)
		pass(4 * time.Second)
		require.NoError(t, stop())
		stop = w.start(t)
		pass(time.Second)
		before := w.provider.count()
		pass(2 * time.Second)
		assert.InDelta(t, 22, w.provider.count()-before, 4, "about half the rate")
		pass(30 * time.Second)
		before = w.provider.count()
		pass(10 * time.Second)
		assert.InDelta(t, 200, w.provider.count()-before, 2, "all of the rate again")
		require.NoError(t, stop())
	})
}

func TestTheFirstMessageOfAnIdleServiceGoesAtOnce(t *testing.T) {
	succeeded(t, channels.Limits{Rate: 1, Concurrency: 4}, func(t *testing.T, w *world) {
		for range 2 { // nothing was ever sent, and what was sent is past
			w.offerMany(1, 1, 3)
			offered := time.Now()
			stop := w.start(t)
			pass(time.Second)
			calls := w.provider.all()
			assert.Zero(t, calls[len(calls)-1].at.Sub(offered))
			require.NoError(t, stop())
			pass(4 * time.Second)
		}
	})
}
