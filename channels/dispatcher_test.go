package channels_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/channels"
)

// quick is a provider that bears a lot.
var quick = channels.Limits{Rate: 100, Concurrency: 8, ReconcileAfter: 10 * time.Second}

// single is a provider that takes one message after the other, each second.
var single = channels.Limits{Rate: 1, Concurrency: 1, ReconcileAfter: 10 * time.Second}

func TestWhatIsDueIsSentOnceAndItsOutcomeRecorded(t *testing.T) {
	bubble(t, quick, func(t *testing.T, w *world) {
		w.provider.takes = 30 * time.Millisecond
		w.provider.answer = func(c call) alerting.Outcome {
			return alerting.Outcome{State: alerting.Accepted, ProviderID: "p"}
		}
		w.offerMany(50, 1, 1)
		stop := w.start(t)
		pass(2 * time.Second)
		d := w.offer(0, 1) // while the dispatcher rests
		pass(50 * time.Millisecond)
		require.NoError(t, stop())
		assert.Len(t, w.provider.all(), 51)
		assert.Equal(t, map[alerting.State]int{alerting.Accepted: 51}, w.states())
		assert.Equal(t, 51, w.meter.sent[alerting.Accepted])
		require.Len(t, d.results, 1)
		assert.Equal(t, alerting.Conclusion{Attempt: 1, Outcome: alerting.Outcome{State: alerting.Accepted, ProviderID: "p"}}, d.results[0])
		w.checkNoneTaken(t)
	})
}

func TestTheCallFollowsItsRecordHoweverSlowTheRecordIs(t *testing.T) {
	for name, takes := range map[string]func(nth int) time.Duration{
		"at once":       func(int) time.Duration { return 0 },
		"quick":         func(int) time.Duration { return time.Millisecond },
		"slow":          func(int) time.Duration { return 40 * time.Millisecond },
		"very slow":     func(int) time.Duration { return 700 * time.Millisecond },
		"slow at first": func(nth int) time.Duration { return 300 * time.Millisecond / time.Duration(nth*nth) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, channels.Limits{Rate: 200, Concurrency: 64}, func(t *testing.T, w *world) {
				w.beginTakes = takes
				w.offerMany(400, 2, 1)
				stop := w.start(t)
				pass(time.Minute)
				require.NoError(t, stop()) // checks the 100 ms, and that a slow record bunches no calls
				assert.Equal(t, 400, w.states()[alerting.Accepted])
			})
		})
	}
}

func TestNothingIsCalledThatIsForbiddenAfterItWasRecorded(t *testing.T) {
	for _, why := range []alerting.State{alerting.Canceled, alerting.Expired, alerting.Suppressed} {
		t.Run(why.String(), func(t *testing.T) {
			bubble(t, quick, func(t *testing.T, w *world) {
				w.offerMany(3, 1, 1)
				w.onBegun = func(due []alerting.Due) { w.forbid(1, why) }
				stop := w.start(t)
				pass(5 * time.Second)
				require.NoError(t, stop())
				assert.Equal(t, []uint32{0, 2}, w.provider.called())
				forbidden := w.resultsOf(w.deliveries[1])
				require.Len(t, forbidden, 1)
				assert.Equal(t, why, forbidden[0].State)
				assert.Zero(t, forbidden[0].RetryAt)
				assert.NotEmpty(t, forbidden[0].Reason)
			})
		})
	}
}

func TestWhatIsForbiddenAlreadyTakesNoAttemptAndNoTime(t *testing.T) {
	bubble(t, single, func(t *testing.T, w *world) {
		w.offerMany(500, 1, 1)
		for id := range uint32(499) {
			w.forbid(id, alerting.Expired)
		}
		stop := w.start(t)
		pass(2 * time.Second)
		require.NoError(t, stop())
		assert.Equal(t, []uint32{499}, w.provider.called(), "behind 499 that are over")
		assert.Equal(t, map[alerting.State]int{alerting.Expired: 499, alerting.Accepted: 1}, w.states())
		assert.Zero(t, w.deliveries[0].attempts)
	})
}

func TestAMessageThatCannotBeWordedFailsAndHoldsUpNobody(t *testing.T) {
	bubble(t, single, func(t *testing.T, w *world) {
		bad := w.offer(0, 1, func(d *delivery) { d.unworded = errors.New("no such template") })
		good := w.offer(1, 1)
		stop := w.start(t)
		pass(time.Second)
		require.NoError(t, stop())
		assert.Equal(t, []uint32{good.id}, w.provider.called())
		assert.Equal(t, alerting.Failed, bad.state)
		assert.Zero(t, bad.retryAt)
		require.Len(t, bad.results, 1)
		assert.Contains(t, bad.results[0].Reason, "no such template")
	})
}

func TestNothingIsCalledAfterTheLeaseIsLost(t *testing.T) {
	bubble(t, quick, func(t *testing.T, w *world) {
		w.offerMany(20, 1, 1)
		w.onBegun = func([]alerting.Due) { w.lease.lose() }
		stop := w.start(t)
		pass(10 * time.Second)
		require.NoError(t, stop())
		assert.Empty(t, w.provider.all())
		for _, d := range w.deliveries {
			if d.attempts == 0 {
				continue
			}
			assert.Equal(t, alerting.Queued, d.state, "an attempt that was not called is due again")
			assert.Contains(t, d.results[0].Reason, "not called")
		}
		assert.Positive(t, len(w.retries), "some were on record")
		w.checkNoneTaken(t)
	})
}

func TestALostLeaseEndsRunAlthoughNobodyCancels(t *testing.T) {
	for name, setUp := range map[string]func(*world){
		"with nothing to do": func(*world) {},
		"while paused": func(w *world) {
			w.provider.answer = func(call) alerting.Outcome {
				return alerting.Outcome{State: alerting.Failed, Retry: true, PauseChannel: time.Hour}
			}
			w.offer(0, 1)
		},
		"at a slow pace": func(w *world) {
			w.provider.limits.Rate = 0.001
			w.offerMany(2, 0, 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, quick, func(t *testing.T, w *world) {
				setUp(w)
				done := w.run(t.Context())
				pass(time.Minute)
				w.lease.lose()
				pass(time.Second)
				select {
				case err := <-done:
					assert.NoError(t, err)
				default:
					t.Error("Run goes on without the lease")
				}
			})
		})
	}
}

func TestAnOutcomeThatComesAfterTheLeaseIsLostIsRecorded(t *testing.T) {
	bubble(t, quick, func(t *testing.T, w *world) {
		w.provider.takes = 3 * time.Second
		d := w.offer(0, 1)
		stop := w.start(t)
		pass(time.Second)
		w.lease.lose()
		pass(5 * time.Second)
		require.NoError(t, stop())
		assert.Equal(t, alerting.Accepted, d.state)
	})
}

func TestStoppingTakesNothingMoreAndWaitsForTheCallsUnderWay(t *testing.T) {
	bubble(t, quick, func(t *testing.T, w *world) {
		w.provider.takes = 20 * time.Second
		w.offerMany(30, 0, 1)
		ctx, cancel := context.WithCancel(t.Context())
		done := w.run(ctx)
		pass(time.Second)
		cancel()
		synctest.Wait()
		takes, calls := w.takeCount(), len(w.provider.all())
		select {
		case <-done:
			t.Fatal("Run returned while calls were under way")
		default:
		}
		require.NoError(t, <-done)
		assert.Equal(t, quick.Concurrency, calls)
		assert.Len(t, w.provider.all(), calls)
		assert.Equal(t, takes, w.takeCount())
		assert.Equal(t, map[alerting.State]int{alerting.Accepted: 8, alerting.Queued: 22}, w.states())
		w.check(t)
		w.checkNoneTaken(t)
	})
}

func TestARecordThatCannotBeWrittenEndsRun(t *testing.T) {
	disk := errors.New("no quorum")
	after := func(n int) func() error {
		return func() error {
			if n--; n < 0 {
				return disk
			}
			return nil
		}
	}
	for name, broken := range map[string]struct {
		breaks func(*world)
		calls  int
	}{
		"refill":  {func(w *world) { w.refillFails = disk }, 0},
		"begin":   {func(w *world) { w.beginFails = after(2) }, 2},
		"outcome": {func(w *world) { w.finishFails = after(2) }, 3},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, channels.Limits{Rate: 10, Concurrency: 1}, func(t *testing.T, w *world) {
				broken.breaks(w)
				w.offerMany(10, 0, 1)
				done := w.run(t.Context())
				pass(10 * time.Second)
				select {
				case err := <-done:
					require.ErrorIs(t, err, disk)
				default:
					t.Fatal("Run goes on without a record")
				}
				assert.Len(t, w.provider.all(), broken.calls, "calls after the record failed")
				w.checkRecords(t)
			})
		})
	}
}

func TestAttemptsOnRecordAreNotCalledOnceOutcomesCannotBeRecorded(t *testing.T) {
	bubble(t, channels.Limits{Rate: 1000, Concurrency: 64}, func(t *testing.T, w *world) {
		w.finishFails = func() error { return errors.New("no quorum") }
		w.offerMany(64, 0, 1)
		require.Error(t, <-w.run(t.Context()))
		assert.Len(t, w.provider.all(), 1, "48 and more were on record for the next 50 ms")
	})
}

func TestWhatADispatcherBeforeLeftInTheMiddleIsLookedInto(t *testing.T) {
	bubble(t, quick, func(t *testing.T, w *world) {
		began := time.Now()
		d := w.offer(1, 1, func(d *delivery) { d.state, d.attempts, d.since = alerting.Attempting, 1, began })
		stop := w.start(t)
		pass(time.Minute)
		require.NoError(t, stop())
		require.Len(t, w.provider.all(), 1)
		assert.Equal(t, quick.ReconcileAfter, w.provider.all()[0].at.Sub(began).Round(10*time.Millisecond))
		assert.Equal(t, 2, d.attempts)
		assert.Equal(t, alerting.Accepted, d.state)
		assert.Equal(t, 1, w.duplicates, "it is marked as a possible duplicate")
	})
}

func TestADispatcherThatHasNothingToDoRests(t *testing.T) {
	bubble(t, quick, func(t *testing.T, w *world) {
		w.offer(0, 1)
		stop := w.start(t)
		pass(time.Second)
		before := w.takeCount()
		pass(100 * time.Second)
		assert.LessOrEqual(t, w.takeCount()-before, 101)
		require.NoError(t, stop())
	})
}
