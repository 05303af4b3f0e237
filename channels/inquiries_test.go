package channels_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/channels"
)

// askable are limits of a provider that may be asked after half a minute.
var askable = channels.Limits{Rate: 1, Concurrency: 8, ReconcileAfter: 10 * time.Second, AskAfter: 30 * time.Second}

func stays(state alerting.State) func(*silence) (alerting.State, error) {
	return func(*silence) (alerting.State, error) { return state, nil }
}

func TestWhatWasTakenBeforeAStartIsAskedAboutOnceAtOnce(t *testing.T) {
	bubble(t, askable, func(t *testing.T, w *world) {
		asked := w.tells(stays(alerting.Delivered))
		for i := range 120 {
			w.offerSilence(time.Now().Add(-time.Duration(i+1) * time.Minute))
		}
		stop := w.start(t)
		pass(15 * time.Second)
		assert.Equal(t, 120, asked.questions(), "within the time that the escalator leaves")
		pass(10 * time.Minute)
		require.NoError(t, stop())
		for _, s := range w.silent {
			assert.Equal(t, []alerting.State{alerting.Delivered}, s.told)
		}
	})
}

func TestSilenceIsAskedAboutAfterGrowingTimesAndNotForEver(t *testing.T) {
	bubble(t, askable, func(t *testing.T, w *world) {
		w.tells(nil)
		stop := w.start(t)
		pass(time.Minute)
		s := w.offerSilence(time.Now())
		pass(6 * time.Hour)
		require.NoError(t, stop())
		require.Len(t, s.asked, 10)
		for i, at := range s.asked {
			due := askable.AskAfter << i
			assert.GreaterOrEqual(t, at.Sub(s.Heard), due)
			assert.LessOrEqual(t, at.Sub(s.Heard), due+askable.AskAfter/2)
		}
		assert.Empty(t, s.told, "that it is still queued is nothing new")
	})
}

func TestOnlyWhatIsNewIsTold(t *testing.T) {
	bubble(t, askable, func(t *testing.T, w *world) {
		states := []alerting.State{alerting.Accepted, alerting.Sent, alerting.Accepted, alerting.Sent, alerting.Undelivered}
		w.tells(func(s *silence) (alerting.State, error) { return states[min(len(s.asked), len(states))-1], nil })
		stop := w.start(t)
		pass(time.Minute)
		s := w.offerSilence(time.Now())
		pass(time.Hour)
		require.NoError(t, stop())
		assert.Equal(t, []alerting.State{alerting.Sent, alerting.Undelivered}, s.told)
		assert.Len(t, s.asked, len(states), "nobody is asked about what has come to its end")
	})
}

func TestAProviderThatCannotTellIsLeftAlone(t *testing.T) {
	for name, fault := range map[string]struct {
		err   error
		first time.Duration // the least time to the second question
	}{
		"down":             {errors.New("down"), time.Second},
		"asks for a pause": {&channels.Busy{After: 20 * time.Second, Err: errors.New("too many")}, 20 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, askable, func(t *testing.T, w *world) {
				var up atomic.Bool
				asked := w.tells(func(*silence) (alerting.State, error) {
					if !up.Load() {
						return 0, fault.err
					}
					return alerting.Delivered, nil
				})
				for range 30 {
					w.offerSilence(time.Now().Add(-time.Second))
				}
				stop := w.start(t)
				pass(fault.first - time.Millisecond)
				assert.Equal(t, 1, asked.questions())
				pass(10 * time.Minute)
				assert.LessOrEqual(t, asked.questions(), 40)
				up.Store(true)
				pass(10 * time.Minute) // within it everything has been silent for 16 minutes
				require.NoError(t, stop())
				for _, s := range w.silent {
					assert.Equal(t, []alerting.State{alerting.Delivered}, s.told)
				}
			})
		})
	}
}

func TestAMomentOfFailureCostsNoAnswer(t *testing.T) {
	for name, set := range map[string]func(w *world, fails func() error) func(*silence) (alerting.State, error){
		"of the provider": func(_ *world, fails func() error) func(*silence) (alerting.State, error) {
			return func(*silence) (alerting.State, error) { return alerting.Delivered, fails() }
		},
		"of the engine": func(w *world, fails func() error) func(*silence) (alerting.State, error) {
			w.putFails = fails
			return stays(alerting.Delivered)
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, askable, func(t *testing.T, w *world) {
				calls := 0
				w.tells(set(w, func() error {
					if calls++; calls == 3 || calls == 4 {
						return errors.New("a moment")
					}
					return nil
				}))
				for range 20 {
					w.offerSilence(time.Now().Add(-time.Hour))
				}
				stop := w.start(t)
				pass(15 * time.Second)
				require.NoError(t, stop())
				for _, s := range w.silent {
					assert.Equal(t, []alerting.State{alerting.Delivered}, s.told)
				}
			})
		})
	}
}

// One message about which the provider fails whatever happens keeps nobody else from being asked about.
func TestOnePoisonedQuestionHoldsUpNoOther(t *testing.T) {
	bubble(t, askable, func(t *testing.T, w *world) {
		w.tells(func(s *silence) (alerting.State, error) {
			if s.At.Delivery == 0 {
				return 0, errors.New("always")
			}
			return alerting.Delivered, nil
		})
		for range 20 {
			w.offerSilence(time.Now().Add(-time.Hour))
		}
		stop := w.start(t)
		pass(time.Minute)
		require.NoError(t, stop())
		for _, s := range w.silent[1:] {
			assert.Equal(t, []alerting.State{alerting.Delivered}, s.told)
		}
	})
}

// Nor where its failure takes a moment, in which others are asked about: they are not asked about again.
func TestAPoisonedQuestionThatTakesItsTimeHoldsUpNoOther(t *testing.T) {
	limits := askable
	limits.Rate, limits.Concurrency = 100, 64
	bubble(t, limits, func(t *testing.T, w *world) {
		w.provider.takes = 100 * time.Millisecond
		w.tells(func(s *silence) (alerting.State, error) {
			if s.At.Delivery == 0 {
				return 0, errors.New("always")
			}
			return alerting.Accepted, nil
		})
		for range 60 {
			w.offerSilence(time.Now().Add(-time.Hour))
		}
		stop := w.start(t)
		pass(time.Minute)
		require.NoError(t, stop())
		assert.Len(t, w.silent[0].asked, 4)
		for _, s := range w.silent[1:] {
			assert.Len(t, s.asked, 1)
		}
	})
}

// Questions that hang together leave none of those that were put behind, and are not counted as failures
// in a row that long: the provider is asked again soon.
func TestQuestionsThatFailTogetherAreAllAskedAgain(t *testing.T) {
	limits := askable
	limits.Rate, limits.Concurrency = 100, 64
	bubble(t, limits, func(t *testing.T, w *world) {
		w.provider.takes = 100 * time.Millisecond
		began := time.Now()
		w.tells(func(*silence) (alerting.State, error) {
			if time.Since(began) < 300*time.Millisecond {
				return 0, errors.New("a moment")
			}
			return alerting.Delivered, nil
		})
		for range 60 {
			w.offerSilence(time.Now().Add(-time.Hour))
		}
		stop := w.start(t)
		pass(30 * time.Second)
		require.NoError(t, stop())
		for _, s := range w.silent {
			assert.Equal(t, []alerting.State{alerting.Delivered}, s.told)
		}
	})
}

func TestAMessageThatTheProviderDoesNotKnowIsNoFailure(t *testing.T) {
	bubble(t, askable, func(t *testing.T, w *world) {
		asked := w.tells(func(*silence) (alerting.State, error) { return 0, alerting.Errorf(alerting.CodeNotFound, "gone") })
		for range 20 {
			w.offerSilence(time.Now().Add(-time.Hour))
		}
		stop := w.start(t)
		pass(10 * time.Second)
		require.NoError(t, stop())
		assert.Equal(t, 20, asked.questions())
		for _, s := range w.silent {
			assert.Empty(t, s.told, "that it is gone says nothing about the person's phone")
		}
	})
}

func TestInquiriesStayWithinTheirRate(t *testing.T) {
	for rate, most := range map[float64]int{1: 10, 40: 40, 5000: 100} {
		limits := askable
		limits.Rate = rate
		bubble(t, limits, func(t *testing.T, w *world) {
			asked := w.tells(nil)
			for range 3000 {
				w.offerSilence(time.Now().Add(-time.Hour))
			}
			stop := w.start(t)
			pass(10*time.Second - time.Millisecond)
			n := asked.questions()
			assert.LessOrEqual(t, n, 10*most)
			assert.GreaterOrEqual(t, n, 10*most*9/10)
			require.NoError(t, stop())
		})
	}
}

// However long the questions hang, messages go out as if there were none.
func TestMessagesGoBeforeInquiries(t *testing.T) {
	limits := channels.Limits{Rate: 100, Concurrency: 16, ReconcileAfter: 10 * time.Second, AskAfter: 30 * time.Second}
	sent := func(silent int) (times []time.Duration) {
		bubble(t, limits, func(t *testing.T, w *world) {
			w.provider.takes = 100 * time.Millisecond // the rate needs 10 calls at once
			w.tells(nil)
			for range silent {
				w.offerSilence(time.Now().Add(-time.Hour))
			}
			began := time.Now()
			w.offerMany(500, 1, 1)
			w.offerMany(500, 2, 1)
			stop := w.start(t)
			pass(20 * time.Second)
			require.NoError(t, stop())
			for _, c := range w.provider.all() {
				times = append(times, c.at.Sub(began))
			}
		})
		return times
	}
	alone, beside := sent(0), sent(1000)
	require.Len(t, alone, 1000)
	require.Len(t, beside, 1000)
	assert.InDelta(t, alone[999].Seconds(), beside[999].Seconds(), 0.1)
}

func TestNobodyInquiresAfterTheLeaseIsLost(t *testing.T) {
	bubble(t, askable, func(t *testing.T, w *world) {
		asked := w.tells(func(*silence) (alerting.State, error) {
			w.lease.lose()
			return alerting.Delivered, nil
		})
		for range 20 {
			w.offerSilence(time.Now().Add(-time.Hour))
		}
		stop := w.start(t)
		pass(time.Minute)
		require.NoError(t, stop())
		assert.Equal(t, 1, asked.questions())
	})
}

// A question that hangs is given up, and holds up the end of the dispatcher no longer.
func TestAnInquiryThatHangsIsGivenUp(t *testing.T) {
	bubble(t, askable, func(t *testing.T, w *world) {
		w.provider.takes = 6 * time.Second
		asked := w.tells(stays(alerting.Delivered))
		s := w.offerSilence(time.Now().Add(-time.Hour))
		stop := w.start(t)
		pass(5 * time.Second)
		w.provider.slowDown(0)
		pass(10 * time.Second)
		require.NoError(t, stop())
		assert.Equal(t, 2, asked.questions())
		assert.Equal(t, []alerting.State{alerting.Delivered}, s.told)
	})
}
