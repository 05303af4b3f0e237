package channels_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/channels"
)

// one is a provider that is fast and takes one message at a time, so that failures can be counted.
var one = channels.Limits{Rate: 100, Concurrency: 1, ReconcileAfter: 10 * time.Second}

func TestTheBreakerOpensProbesAndCloses(t *testing.T) {
	for name, failure := range map[string]func(call) alerting.Outcome{
		"failures": unavailable, "silence": silent,
		"pauses": func(call) alerting.Outcome {
			return alerting.Outcome{State: alerting.Failed, Retry: true, PauseChannel: time.Millisecond}
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, one, func(t *testing.T, w *world) {
				w.provider.answer = failure
				w.offerMany(100, 1, 1)
				stop := w.start(t)
				pass(9 * time.Second)
				assert.Len(t, w.provider.all(), 5, "it opens after five failures")
				takes := w.takeCount()
				pass(30 * time.Second)
				assert.Len(t, w.provider.all(), 8, "one probe in ten seconds")
				assert.LessOrEqual(t, w.takeCount()-takes, 4, "it looks for work that it may not do")
				w.provider.answers(accepted)
				pass(2 * time.Minute)
				require.NoError(t, stop())
				assert.Equal(t, map[alerting.State]int{alerting.Accepted: 100}, w.states(), "nothing was lost")
				assert.True(t, w.meter.all()[1])
				assert.False(t, w.meter.all()[len(w.meter.all())-1])
			})
		})
	}
}

// A provider that is down for an hour is probed meanwhile and no more; when it is back everybody is told
// within the time that the rate takes, and what expired meanwhile is not sent.
func TestAnHourWithoutTheProvider(t *testing.T) {
	for name, failure := range map[string]func(call) alerting.Outcome{"refuses": unavailable, "is silent": silent} {
		t.Run(name, func(t *testing.T) {
			bubble(t, channels.Limits{Rate: 10, Concurrency: 4, ReconcileAfter: 10 * time.Second}, func(t *testing.T, w *world) {
				const people, brief = 100, 20
				w.provider.answer = failure
				w.offerMany(people, 1, 1)
				for range brief {
					w.offer(1, 1, func(d *delivery) { d.expires = time.Now().Add(50 * time.Minute) })
				}
				stop := w.start(t)
				pass(time.Hour)
				assert.LessOrEqual(t, w.provider.count(), 5+4+360, "five failures, those under way, and one probe in ten seconds")
				for _, d := range w.deliveries {
					assert.LessOrEqual(t, w.resultCount(d), 20, "one message was tried again and again")
				}
				w.provider.answers(accepted)
				pass(time.Minute)
				require.NoError(t, stop())
				states := w.states()
				assert.Equal(t, people, states[alerting.Accepted], "not everybody was told within a minute: %v", states)
				assert.Equal(t, brief, states[alerting.Expired]+states[alerting.Unknown], "what expired was sent: %v", states)
				held := w.meter.all()
				assert.False(t, held[len(held)-1], "the breaker is still open")
			})
		})
	}
}

func TestTheMostUrgentIsTheProbe(t *testing.T) {
	bubble(t, one, func(t *testing.T, w *world) {
		w.provider.answer = unavailable
		w.offerMany(20, 3, 1)
		stop := w.start(t)
		pass(5 * time.Second)
		w.provider.answers(accepted)
		urgent := w.offer(0, 1)
		pass(6 * time.Second)
		require.NoError(t, stop())
		assert.Equal(t, urgent.id, w.provider.called()[5])
	})
}

func TestManyFailuresAtOnceOpenTheBreakerAndOneMessageProbes(t *testing.T) {
	bubble(t, channels.Limits{Rate: 1000, Concurrency: 64}, func(t *testing.T, w *world) {
		w.provider.takes = 2 * time.Second
		w.provider.answer = unavailable
		w.offerMany(200, 0, 1)
		stop := w.start(t)
		pass(11 * time.Second)
		failed := len(w.provider.all())
		assert.LessOrEqual(t, failed, 64+5, "those under way, and those that took their place before the fifth failed")
		pass(40 * time.Second)
		assert.InDelta(t, failed+4, len(w.provider.all()), 1, "probes, one at a time")
		w.provider.answers(accepted)
		pass(time.Minute)
		require.NoError(t, stop())
		assert.Equal(t, map[alerting.State]int{alerting.Accepted: 200}, w.states())
	})
}

func TestAFaultOfTheMessageDoesNotOpenTheBreaker(t *testing.T) {
	bubble(t, one, func(t *testing.T, w *world) {
		w.provider.answer = refused
		w.offerMany(100, 0, 1)
		stop := w.start(t)
		pass(2 * time.Second)
		require.NoError(t, stop())
		assert.Equal(t, map[alerting.State]int{alerting.Failed: 100}, w.states())
		assert.Equal(t, []bool{false}, w.meter.all())
	})
}

func TestSuccessesBetweenFailuresKeepTheBreakerClosed(t *testing.T) {
	bubble(t, one, func(t *testing.T, w *world) {
		n := 0
		w.provider.answer = func(c call) alerting.Outcome {
			if n++; n%5 == 0 {
				return accepted(c)
			}
			return unavailable(c)
		}
		w.offerMany(50, 0, 1)
		stop := w.start(t)
		pass(time.Second)
		require.NoError(t, stop())
		assert.GreaterOrEqual(t, len(w.provider.all()), 50)
	})
}

// A probe that is not called, or that the provider answers with a plea for patience, proves nothing:
// were it taken for a success, everything would be let through to a provider that may be down.
func TestAProbeWithoutEvidenceDoesNotCloseTheBreaker(t *testing.T) {
	bubble(t, channels.Limits{Rate: 100, Concurrency: 8}, func(t *testing.T, w *world) {
		w.provider.answer = unavailable
		w.offerMany(40, 1, 1)
		w.onBegun = func(due []alerting.Due) {
			if w.provider.count() >= 8 && len(due) == 1 && due[0].Delivery%2 == 0 {
				w.forbid(due[0].Delivery, alerting.Canceled) // withdrawn when it was to be the probe
			}
		}
		stop := w.start(t)
		pass(9 * time.Second)
		first := w.provider.count()
		pass(35 * time.Second)
		require.NoError(t, stop())
		assert.Positive(t, w.states()[alerting.Canceled])
		assert.LessOrEqual(t, w.provider.count()-first, 4, "more than a probe in ten seconds")
		assert.NotContains(t, w.meter.all()[2:], false, "it was closed although every call failed")
	})
}

func TestAProbeThatIsToldToWaitIsFollowedByAnother(t *testing.T) {
	bubble(t, one, func(t *testing.T, w *world) {
		w.provider.answer = unavailable
		w.offerMany(10, 1, 1)
		stop := w.start(t)
		pass(5 * time.Second)
		w.provider.answers(func(call) alerting.Outcome {
			return alerting.Outcome{State: alerting.Failed, Retry: true, RetryAfter: 3 * time.Second}
		})
		pass(8 * time.Second)
		assert.GreaterOrEqual(t, w.provider.count(), 6)
		assert.LessOrEqual(t, w.provider.count(), 7)
		assert.Equal(t, []bool{false, true, true}, w.meter.all(), "closed although the provider took nothing")
		w.provider.answers(accepted)
		pass(5 * time.Minute)
		require.NoError(t, stop())
		assert.Equal(t, 10, w.states()[alerting.Accepted], "a probe was leaked: nothing goes any more")
	})
}

// The breaker may open between the taking and the sending: what it refuses goes back in order.
func TestWhatTheBreakerRefusesKeepsItsPlace(t *testing.T) {
	bubble(t, channels.Limits{Rate: 1000, Concurrency: 40}, func(t *testing.T, w *world) {
		w.provider.takes = 100 * time.Millisecond
		w.provider.answer = unavailable
		w.offerMany(8, 0, 1)
		stop := w.start(t)
		pass(90 * time.Millisecond)
		w.wordSlowly(30 * time.Millisecond) // while the others fail
		w.offerMany(10, 1, 1)
		pass(400 * time.Millisecond)
		require.NoError(t, stop())
		assert.Equal(t, 8, w.provider.count())
		assert.Equal(t, []uint32{8, 9, 10, 11, 12, 13, 14, 15, 16, 17}, w.queued(1))
		w.checkNoneTaken(t)
	})
}

// Messages that are put off one by one, as greylisting does, say nothing against the provider.
func TestMessagesThatAreEachPutOffDoNotStopTheOthers(t *testing.T) {
	for _, limits := range []channels.Limits{one, quick} {
		bubble(t, limits, func(t *testing.T, w *world) {
			w.provider.answer = func(c call) alerting.Outcome {
				if c.delivery < 12 {
					return alerting.Outcome{State: alerting.Failed, Retry: true, MessageOnly: true}
				}
				return accepted(c)
			}
			w.offerMany(12, 0, 1)
			w.offerMany(500, 1, 1)
			stop := w.start(t)
			pass(6 * time.Second)
			require.NoError(t, stop())
			assert.Equal(t, 500, w.states()[alerting.Accepted], "at a hundred a second, with the retries in between")
			assert.Equal(t, []bool{false}, w.meter.all())
		})
	}
}

func TestAMessageThatIsPutOffProvesThatTheProviderIsBack(t *testing.T) {
	bubble(t, one, func(t *testing.T, w *world) {
		w.provider.answer = unavailable
		w.offerMany(30, 1, 1)
		stop := w.start(t)
		pass(5 * time.Second)
		w.provider.answers(func(c call) alerting.Outcome {
			if c.delivery == 5 { // the probe
				return alerting.Outcome{State: alerting.Failed, Retry: true, MessageOnly: true}
			}
			return accepted(c)
		})
		pass(7 * time.Second)
		require.NoError(t, stop())
		assert.Equal(t, uint32(5), w.provider.called()[5])
		assert.Equal(t, 29, w.states()[alerting.Accepted])
		assert.Equal(t, []bool{false, true, true, false}, w.meter.all())
	})
}

// A pause is for everybody, whatever else is said.
func TestAPauseIsNoProofThatTheProviderWorks(t *testing.T) {
	bubble(t, one, func(t *testing.T, w *world) {
		w.provider.answer = func(call) alerting.Outcome {
			return alerting.Outcome{State: alerting.Failed, Retry: true, MessageOnly: true, PauseChannel: time.Millisecond}
		}
		w.offerMany(20, 1, 1)
		stop := w.start(t)
		pass(5 * time.Second)
		require.NoError(t, stop())
		assert.Equal(t, []bool{false, true}, w.meter.all())
	})
}

// Some that always fail, more urgent than all others, must not be the only ones that ever probe.
func TestAProbeIsWhatWasNeverTried(t *testing.T) {
	bubble(t, one, func(t *testing.T, w *world) {
		w.provider.answer = func(c call) alerting.Outcome {
			if c.delivery < 5 {
				return unavailable(c)
			}
			return accepted(c)
		}
		w.offerMany(5, 0, 1)
		w.offerMany(3, 1, 1)
		stop := w.start(t)
		pass(5 * time.Second)
		require.Equal(t, 5, w.provider.count())
		pass(6 * time.Second)
		assert.Equal(t, 1, w.states()[alerting.Accepted])
		pass(2 * time.Minute)
		require.NoError(t, stop())
		called := w.provider.called()
		require.GreaterOrEqual(t, len(called), 9)
		assert.Equal(t, uint32(5), called[5], "the first that was never tried")
		assert.NotContains(t, called[6:8], uint32(6), "what was passed over is the more urgent all the same")
		assert.Equal(t, 3, w.states()[alerting.Accepted])
	})
}

// Where all were tried, the one that was tried least probes, and all keep their places.
func TestAProbeAmongThoseThatWereTried(t *testing.T) {
	bubble(t, one, func(t *testing.T, w *world) {
		w.provider.answer = unavailable
		for tries := range 40 {
			w.offer(1, 1, func(d *delivery) { d.attempts = 50 - tries })
		}
		stop := w.start(t)
		pass(11 * time.Second)
		require.NoError(t, stop())
		called := w.provider.called()
		assert.Equal(t, []uint32{0, 1, 2, 3, 4, 20}, called, "the last of the next sixteen")
		// Those that were called come back behind the others when their wait is over, which may be at once.
		queued := slices.DeleteFunc(w.queued(1), func(id uint32) bool { return slices.Contains(called, id) })
		assert.Equal(t, []uint32{5, 6, 7, 8, 9}, queued[:5])
		assert.Len(t, queued, 34)
		assert.True(t, slices.IsSorted(queued))
	})
}

func TestWhileTheProviderCannotBeAskedMessagesFlowAtTheFullRate(t *testing.T) {
	for name, limits := range map[string]channels.Limits{
		"one at a time": {Rate: 5, Concurrency: 1, ReconcileAfter: 10 * time.Second},
		"two":           {Rate: 5, Concurrency: 2, ReconcileAfter: 10 * time.Second},
		"many":          {Rate: 100, Concurrency: 16, ReconcileAfter: 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, limits, func(t *testing.T, w *world) {
				w.provider.takes = 80 * time.Millisecond
				asked := w.canBeAsked(func(int) (alerting.Outcome, bool, error) { return alerting.Outcome{}, false, errors.New("down") })
				w.offerUnsettled(200)
				w.offerMany(int(60*limits.Rate), 2, 1)
				stop := w.start(t)
				pass(limits.ReconcileAfter)
				before := w.provider.count()
				pass(30 * time.Second)
				assert.GreaterOrEqual(t, float64(w.provider.count()-before), 0.95*30*limits.Rate)
				assert.GreaterOrEqual(t, asked.questions(), 100, "nobody asks meanwhile")
				require.NoError(t, stop())
				assert.Equal(t, []bool{false}, w.meter.all(), "questions count against the sending")
				w.checkNoneTaken(t)
			})
		})
	}
}

func TestAnAnswerToAQuestionDoesNotCloseTheBreaker(t *testing.T) {
	bubble(t, one, func(t *testing.T, w *world) {
		w.provider.answer = unavailable
		w.canBeAsked(func(int) (alerting.Outcome, bool, error) { return alerting.Outcome{State: alerting.Sent}, true, nil })
		w.offerUnsettled(20)
		w.offerMany(20, 1, 1)
		stop := w.start(t)
		pass(12 * time.Second)
		require.NoError(t, stop())
		assert.Equal(t, 20, w.states()[alerting.Sent], "asked about, one after the other")
		assert.Equal(t, []bool{false, true, true, true}, w.meter.all(), "open, half open, open after the probe")
		assert.Equal(t, 6, w.provider.count())
	})
}
