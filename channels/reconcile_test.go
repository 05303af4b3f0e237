package channels_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/channels"
)

// firstSilent leaves it open whether the first call of each delivery was taken.
func firstSilent(c call) alerting.Outcome {
	if c.attempt == 1 {
		return silent(c)
	}
	return accepted(c)
}

func TestAnAttemptThatTheProviderHasIsAdopted(t *testing.T) {
	bubble(t, quick, func(t *testing.T, w *world) {
		w.provider.answer = firstSilent
		asked := w.canBeAsked(func(int) (alerting.Outcome, bool, error) {
			return alerting.Outcome{State: alerting.Delivered, ProviderID: "p7"}, true, nil
		})
		d := w.offer(0, 1)
		stop := w.start(t)
		pass(10 * time.Minute)
		require.NoError(t, stop())
		assert.Len(t, w.provider.all(), 1, "it was sent again")
		require.Len(t, asked.asks, 1)
		assert.Equal(t, 1, asked.asks[0].Ref.Attempt, "it asks about the attempt that was made")
		assert.GreaterOrEqual(t, asked.times[0].Sub(w.provider.all()[0].at), quick.ReconcileAfter)
		require.Len(t, d.results, 2)
		assert.Equal(t, alerting.Conclusion{Attempt: 1, Outcome: alerting.Outcome{State: alerting.Delivered, ProviderID: "p7"}}, d.results[1])
	})
}

func TestAnAttemptThatTheProviderDoesNotHaveIsSentAgainOnce(t *testing.T) {
	bubble(t, quick, func(t *testing.T, w *world) {
		w.provider.answer = firstSilent
		asked := w.canBeAsked(func(int) (alerting.Outcome, bool, error) { return alerting.Outcome{}, false, nil })
		d := w.offer(0, 1)
		stop := w.start(t)
		pass(10 * time.Minute)
		require.NoError(t, stop())
		assert.Len(t, asked.asks, 1)
		require.Len(t, w.provider.all(), 2)
		assert.LessOrEqual(t, w.provider.all()[1].at.Sub(asked.times[0]), 50*time.Millisecond, "as soon as that is known")
		assert.Equal(t, alerting.Accepted, d.state)
		assert.Equal(t, 2, d.attempts)
		assert.Equal(t, 1, w.duplicates, "the second attempt is marked a possible duplicate")
	})
}

func TestWithoutAWayToAskItIsSentAgainAfterTheWait(t *testing.T) {
	bubble(t, quick, func(t *testing.T, w *world) {
		w.provider.answer = firstSilent
		d := w.offer(0, 1)
		stop := w.start(t)
		pass(10 * time.Minute)
		require.NoError(t, stop())
		calls := w.provider.all()
		require.Len(t, calls, 2)
		assert.InDelta(t, quick.ReconcileAfter.Seconds(), calls[1].at.Sub(calls[0].at).Seconds(), 0.01)
		assert.Equal(t, 1, w.duplicates)
		assert.Equal(t, alerting.Accepted, d.state)
	})
}

// untold are the ways in which a provider leaves a question open.
var untold = map[string]func() (alerting.Outcome, bool, error){
	"down":          func() (alerting.Outcome, bool, error) { return alerting.Outcome{}, false, errors.New("down") },
	"does not know": func() (alerting.Outcome, bool, error) { return alerting.Outcome{State: alerting.Unknown}, true, nil },
}

func TestAProviderThatCannotBeAskedIsAskedLater(t *testing.T) {
	for name, tell := range untold {
		t.Run(name, func(t *testing.T) {
			bubble(t, quick, func(t *testing.T, w *world) {
				w.provider.answer = firstSilent
				asked := w.canBeAsked(func(nth int) (alerting.Outcome, bool, error) {
					if nth < 4 {
						return tell()
					}
					return alerting.Outcome{State: alerting.Sent}, true, nil
				})
				d := w.offer(0, 1)
				stop := w.start(t)
				pass(10 * time.Minute)
				require.NoError(t, stop())
				assert.Len(t, w.provider.all(), 1, "it was sent again although it was soon known")
				assert.Len(t, asked.asks, 4)
				assert.Equal(t, alerting.Sent, d.state)
				assert.Zero(t, w.dispatcher.Untold(), "nothing is kept of what is known")
				assert.LessOrEqual(t, asked.times[3].Sub(asked.times[0]), 2*time.Minute)
				for i := 1; i < len(asked.times); i++ {
					assert.GreaterOrEqual(t, asked.times[i].Sub(asked.times[i-1]), quick.ReconcileAfter/2)
				}
			})
		})
	}
}

// A duplicate alert beats silence: what cannot be asked about for two minutes is sent again.
func TestWhatCannotBeAskedAboutIsSentAgain(t *testing.T) {
	for name, tell := range untold {
		t.Run(name, func(t *testing.T) {
			bubble(t, quick, func(t *testing.T, w *world) {
				w.provider.answer = firstSilent
				asked := w.canBeAsked(func(int) (alerting.Outcome, bool, error) { return tell() })
				d := w.offer(0, 1)
				stop := w.start(t)
				pass(10 * time.Minute)
				require.NoError(t, stop())
				calls := w.provider.all()
				require.Len(t, calls, 2)
				assert.InDelta(t, 120, calls[1].at.Sub(asked.times[0]).Seconds(), 0.1)
				assert.GreaterOrEqual(t, asked.questions(), 4)
				assert.Equal(t, 1, w.duplicates, "it is marked a possible duplicate")
				assert.Zero(t, w.dispatcher.Untold(), "nothing is kept of what is asked about no more")
				assert.Equal(t, alerting.Accepted, d.state)
				assert.Equal(t, 2, d.attempts)
			})
		})
	}
}

// old is an attempt of an hour ago that a process before, or the system before a restore, left in the middle.
func (w *world) old() *delivery {
	return w.offer(0, 1, func(d *delivery) { d.state, d.attempts, d.since = alerting.Attempting, 1, time.Now().Add(-time.Hour) })
}

// However long ago the attempt was, one question that the provider leaves open says nothing: it is asked for
// two minutes before anything is sent again.
func TestAnOldAttemptIsAskedAboutAsLong(t *testing.T) {
	for name, tell := range untold {
		t.Run(name, func(t *testing.T) {
			bubble(t, quick, func(t *testing.T, w *world) {
				asked := w.canBeAsked(func(int) (alerting.Outcome, bool, error) { return tell() })
				d := w.old()
				stop := w.start(t)
				pass(10 * time.Minute)
				require.NoError(t, stop())
				calls := w.provider.all()
				require.Len(t, calls, 1)
				assert.InDelta(t, 120, calls[0].at.Sub(asked.times[0]).Seconds(), 0.1)
				assert.GreaterOrEqual(t, asked.questions(), 4)
				assert.Equal(t, alerting.Accepted, d.state)
				assert.Equal(t, 1, w.duplicates)
			})
		})
	}
}

func TestAnOldAttemptIsAdoptedWhenTheProviderCanTell(t *testing.T) {
	bubble(t, quick, func(t *testing.T, w *world) {
		w.canBeAsked(func(nth int) (alerting.Outcome, bool, error) {
			if nth == 1 {
				return untold["down"]()
			}
			return alerting.Outcome{State: alerting.Delivered}, true, nil
		})
		d := w.old()
		stop := w.start(t)
		pass(10 * time.Minute)
		require.NoError(t, stop())
		assert.Empty(t, w.provider.all(), "it was sent again although it had arrived")
		assert.Equal(t, alerting.Delivered, d.state)
	})
}

// A provider that says when to ask again is asked then, even where that is beyond the two minutes.
func TestAProviderIsAskedAgainWhenItWants(t *testing.T) {
	bubble(t, quick, func(t *testing.T, w *world) {
		const wanted = 3 * time.Minute
		asked := w.canBeAsked(func(nth int) (alerting.Outcome, bool, error) {
			if nth == 1 {
				return alerting.Outcome{}, false, &channels.Busy{After: wanted, Err: errors.New("too many")}
			}
			return alerting.Outcome{State: alerting.Sent}, true, nil
		})
		d := w.old()
		stop := w.start(t)
		pass(10 * time.Minute)
		require.NoError(t, stop())
		require.Len(t, asked.times, 2)
		assert.InDelta(t, wanted.Seconds(), asked.times[1].Sub(asked.times[0]).Seconds(), 0.1)
		assert.Empty(t, w.provider.all())
		assert.Equal(t, alerting.Sent, d.state)
	})
}

// What can't be asked about until its alert is over is not sent again.
func TestAnOldAttemptIsNotSentAgainBehindItsAlertsEnd(t *testing.T) {
	bubble(t, quick, func(t *testing.T, w *world) {
		w.canBeAsked(func(int) (alerting.Outcome, bool, error) { return untold["down"]() })
		d := w.old()
		d.expires = time.Now().Add(time.Minute)
		stop := w.start(t)
		pass(10 * time.Minute)
		require.NoError(t, stop())
		assert.Empty(t, w.provider.all())
		assert.Equal(t, alerting.Unknown, d.state)
	})
}

func TestWithdrawnWhatCannotBeAskedAboutIsNotSentAgain(t *testing.T) {
	bubble(t, quick, func(t *testing.T, w *world) {
		w.provider.answer = firstSilent
		w.canBeAsked(func(int) (alerting.Outcome, bool, error) { return untold["down"]() })
		d := w.offer(0, 1)
		stop := w.start(t)
		pass(time.Second)
		w.forbid(d.id, alerting.Canceled)
		pass(10 * time.Minute)
		require.NoError(t, stop())
		assert.Len(t, w.provider.all(), 1)
		assert.Equal(t, alerting.Unknown, d.state, "its correction must reach it")
		assert.Empty(t, w.retries)
	})
}

// Questions take a quarter of the concurrency, the urgent first, and those behind keep nobody from
// being sent.
func TestQuestionsTakeAQuarterOfTheConcurrency(t *testing.T) {
	for concurrency, most := range map[int]int{1: 1, 2: 1, 3: 1, 4: 1, 8: 2, 32: 8} {
		bubble(t, channels.Limits{Rate: 1000, Concurrency: concurrency}, func(t *testing.T, w *world) {
			w.provider.takes = time.Minute
			asked := w.canBeAsked(func(int) (alerting.Outcome, bool, error) { return alerting.Outcome{State: alerting.Sent}, true, nil })
			for range 40 {
				w.offer(2, 1, func(d *delivery) { d.state, d.attempts = alerting.Attempting, 1 })
			}
			urgent := w.offerUnsettled(10)
			stop := w.start(t)
			pass(5 * time.Second)
			assert.Equal(t, most, asked.questions(), "with a concurrency of %d", concurrency)
			for _, m := range asked.asks {
				assert.Contains(t, urgent, deliveryOf(m))
			}
			w.offerMany(40, 3, 1)
			pass(2 * time.Minute)
			assert.Positive(t, w.provider.count(), "with a concurrency of %d nothing is sent beside the questions", concurrency)
			require.NoError(t, stop())
			w.checkNoneTaken(t)
		})
	}
}

func TestAProviderThatNeverTellsIsNotAskedForEver(t *testing.T) {
	for name, tell := range untold {
		t.Run(name, func(t *testing.T) {
			bubble(t, quick, func(t *testing.T, w *world) {
				w.provider.answer = silent
				asked := w.canBeAsked(func(int) (alerting.Outcome, bool, error) { return tell() })
				for range 20 {
					w.offer(0, 1, func(d *delivery) { d.expires = time.Now().Add(90 * time.Minute) })
				}
				stop := w.start(t)
				pass(time.Hour)
				assert.LessOrEqual(t, asked.questions(), 20*80, "in the first hour")
				pass(time.Hour)
				last := asked.questions()
				pass(time.Hour)
				require.NoError(t, stop())
				assert.Equal(t, last, asked.questions(), "asked about alerts that are over")
				assert.Equal(t, map[alerting.State]int{alerting.Unknown: 20}, w.states(), "and nobody claims to know")
				assert.Empty(t, w.retries)
			})
		})
	}
}

func TestWhatIsSentAgainGoesInItsTurn(t *testing.T) {
	bubble(t, channels.Limits{Rate: 1, Concurrency: 8, ReconcileAfter: 10 * time.Second}, func(t *testing.T, w *world) {
		w.provider.takes = 300 * time.Millisecond
		w.canBeAsked(func(int) (alerting.Outcome, bool, error) { return alerting.Outcome{}, false, nil })
		w.offerMany(300, 3, 1)
		urgent := w.offerUnsettled(5)
		stop := w.start(t)
		pass(40 * time.Second)
		require.NoError(t, stop())
		called := w.provider.called()
		first := slices.IndexFunc(called, func(id uint32) bool { return slices.Contains(urgent, id) })
		require.Positive(t, first, "it was never sent again")
		assert.LessOrEqual(t, first, 12, "it waits behind the lower lanes' backlog")
		assert.ElementsMatch(t, urgent, called[first:first+5], "the lower lanes come in between")
	})
}

func TestAskingStaysWithinTheConcurrency(t *testing.T) {
	bubble(t, channels.Limits{Rate: 1000, Concurrency: 4, ReconcileAfter: time.Second}, func(t *testing.T, w *world) {
		w.provider.takes = time.Second
		w.canBeAsked(func(int) (alerting.Outcome, bool, error) { return alerting.Outcome{}, false, nil })
		w.offerUnsettled(40)
		w.offerMany(40, 2, 1)
		stop := w.start(t)
		pass(2 * time.Minute)
		require.NoError(t, stop()) // checks the most that were under way
		assert.Equal(t, map[alerting.State]int{alerting.Accepted: 80}, w.states())
	})
}

func TestWithdrawnMeanwhileItIsAskedAboutAndNotSentAgain(t *testing.T) {
	for _, asks := range []bool{true, false} {
		bubble(t, quick, func(t *testing.T, w *world) {
			w.provider.answer = firstSilent
			if asks {
				w.canBeAsked(func(int) (alerting.Outcome, bool, error) { return alerting.Outcome{}, false, nil })
			}
			d := w.offer(0, 1)
			stop := w.start(t)
			pass(time.Second)
			w.forbid(d.id, alerting.Canceled)
			pass(time.Minute)
			require.NoError(t, stop())
			assert.Len(t, w.provider.all(), 1)
			assert.Equal(t, alerting.Unknown, d.state, "it may have gone out: its correction must reach it")
			assert.Zero(t, d.retryAt)
			assert.Equal(t, 1, d.attempts)
		})
	}
}

func TestNobodyIsAskedAfterTheLeaseIsLost(t *testing.T) {
	oneQuestion := channels.Limits{Rate: 100, Concurrency: 4, ReconcileAfter: 10 * time.Second}
	bubble(t, oneQuestion, func(t *testing.T, w *world) {
		asked := w.canBeAsked(func(int) (alerting.Outcome, bool, error) {
			w.lease.lose()
			return alerting.Outcome{State: alerting.Sent}, true, nil
		})
		w.offerUnsettled(20)
		stop := w.start(t)
		pass(time.Minute)
		require.NoError(t, stop())
		assert.Len(t, asked.asks, 1)
	})
}

// A throttle answers so many questions a second, and 429 above that, as a provider does that bounds its API. It may
// not say for how long.
type throttle struct {
	perSecond int
	wait      time.Duration // that it asks for
	answer    func() (alerting.Outcome, bool, error)

	mu      sync.Mutex
	taken   []time.Time // in the last second
	refused int
}

func (x *throttle) tell(int) (alerting.Outcome, bool, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	now := time.Now()
	x.taken = slices.DeleteFunc(x.taken, func(t time.Time) bool { return now.Sub(t) >= time.Second })
	if len(x.taken) >= x.perSecond {
		x.refused++
		return alerting.Outcome{}, false, &channels.Busy{After: x.wait, Err: errors.New("too many")}
	}
	x.taken = append(x.taken, now)
	return x.answer()
}

// After a restore thousands of attempts are in doubt at once. A provider that takes fewer questions than there are
// is asked about each in the end, is seldom asked in vain, and what it has is not sent again.
func TestThousandsInDoubtAreAskedAboutAtTheProvidersPace(t *testing.T) {
	const all = 2000
	for name, l := range map[string]struct {
		channels.Limits
		takes, wait time.Duration
	}{
		"a short code":        {channels.Limits{Rate: 100, Concurrency: 32}, 150 * time.Millisecond, time.Second},
		"answers at once":     {channels.Limits{Rate: 100, Concurrency: 32}, 0, time.Second},
		"slow":                {channels.Limits{Rate: 100, Concurrency: 64}, time.Second, time.Second},
		"a fast account":      {channels.Limits{Rate: 500, Concurrency: 200}, 150 * time.Millisecond, time.Second},
		"a number of its own": {channels.Limits{Rate: 1, Concurrency: 32}, 150 * time.Millisecond, time.Second},
		"asks for much":       {channels.Limits{Rate: 100, Concurrency: 32}, 150 * time.Millisecond, 20 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			l.ReconcileAfter = 10 * time.Second
			bubble(t, l.Limits, func(t *testing.T, w *world) {
				w.provider.takes = l.takes
				x := &throttle{perSecond: 20, wait: l.wait, answer: func() (alerting.Outcome, bool, error) { return alerting.Outcome{State: alerting.Sent}, true, nil }}
				asked := w.canBeAsked(x.tell)
				for range all {
					w.old()
				}
				stop := w.start(t)
				pass(30 * time.Minute)
				require.NoError(t, stop())
				assert.Equal(t, map[alerting.State]int{alerting.Sent: all}, w.states())
				assert.Zero(t, w.provider.count(), "sent again although the provider has it")
				assert.Equal(t, all+x.refused, asked.questions())
				assert.Less(t, float64(x.refused), 0.1*float64(asked.questions()), "asked in vain")
				t.Logf("%d of %d questions in vain; the last after %v", x.refused, asked.questions(), asked.times[len(asked.times)-1].Sub(asked.times[0]))
			})
		})
	}
}

// A provider that refuses every question is not waited for longer than one that does not answer.
func TestAProviderThatIsTooBusyForAnyQuestionIsNotWaitedFor(t *testing.T) {
	const all = 2000
	bubble(t, channels.Limits{Rate: 100, Concurrency: 32, ReconcileAfter: 10 * time.Second}, func(t *testing.T, w *world) {
		w.provider.takes = 150 * time.Millisecond
		x := &throttle{wait: time.Second}
		asked := w.canBeAsked(x.tell)
		for range all {
			w.old()
		}
		stop := w.start(t)
		pass(10 * time.Minute)
		require.NoError(t, stop())
		assert.Equal(t, map[alerting.State]int{alerting.Accepted: all}, w.states())
		calls := w.provider.all()
		assert.InDelta(t, 120, calls[0].at.Sub(asked.times[0]).Seconds(), 5)
		assert.Less(t, calls[len(calls)-1].at.Sub(asked.times[0]), 3*time.Minute, "the others don't wait to be refused themselves")
		assert.Equal(t, all, w.duplicates)
		assert.Less(t, asked.questions(), 300)
	})
}

// Nor is since when it could not tell kept of what then goes on without an answer.
func TestNothingIsKeptOfWhatGoesOnUnasked(t *testing.T) {
	const all = 200
	bubble(t, channels.Limits{Rate: 100, Concurrency: 32, ReconcileAfter: 10 * time.Second}, func(t *testing.T, w *world) {
		x := &throttle{wait: time.Second}
		w.canBeAsked(func(nth int) (alerting.Outcome, bool, error) {
			if nth <= all {
				return untold["down"]()
			}
			return x.tell(nth)
		})
		for range all {
			w.old()
		}
		stop := w.start(t)
		pass(5 * time.Second)
		require.Equal(t, all, w.dispatcher.Untold())
		pass(10 * time.Minute)
		require.NoError(t, stop())
		assert.Equal(t, map[alerting.State]int{alerting.Accepted: all}, w.states())
		assert.Less(t, x.refused, all, "most went on without being refused themselves")
		assert.Zero(t, w.dispatcher.Untold())
	})
}

// Messages do not wait for questions: those alone are slower where the provider takes fewer.
func TestAProviderThatIsTooBusyForQuestionsIsSentToAllTheSame(t *testing.T) {
	bubble(t, channels.Limits{Rate: 100, Concurrency: 32, ReconcileAfter: 10 * time.Second}, func(t *testing.T, w *world) {
		w.provider.takes = 150 * time.Millisecond
		x := &throttle{perSecond: 20, wait: time.Second, answer: func() (alerting.Outcome, bool, error) { return alerting.Outcome{State: alerting.Sent}, true, nil }}
		w.canBeAsked(x.tell)
		for range 500 {
			w.old()
		}
		w.offerMany(1000, 2, 1)
		stop := w.start(t)
		pass(15 * time.Second)
		assert.GreaterOrEqual(t, w.provider.count(), 950)
		require.NoError(t, stop())
	})
}

// To be refused does not count towards the time for which an attempt is asked about: one failure long after it is
// the first.
func TestARefusalLongAgoIsNoFailure(t *testing.T) {
	bubble(t, channels.Limits{Rate: 100, Concurrency: 32, ReconcileAfter: 10 * time.Second}, func(t *testing.T, w *world) {
		began, failed := time.Now(), false
		asked := w.canBeAsked(func(nth int) (alerting.Outcome, bool, error) {
			switch early := time.Since(began) < 5*time.Minute; {
			case early && nth%2 == 0:
				return alerting.Outcome{}, false, &channels.Busy{After: time.Second, Err: errors.New("too many")}
			case !early && !failed:
				failed = true
				return alerting.Outcome{}, false, errors.New("no answer in time")
			}
			return alerting.Outcome{State: alerting.Sent}, true, nil
		})
		for range 400 {
			w.old()
		}
		stop := w.start(t)
		pass(30 * time.Minute)
		require.NoError(t, stop())
		require.True(t, failed, "after %d questions", asked.questions())
		assert.Zero(t, w.provider.count(), "sent again although the provider has it")
	})
}
