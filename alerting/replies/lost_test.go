package replies_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/replies"
	"revere/alerting/tracking/trackingtest"
)

// rest lets time pass, and waits until everybody rests.
func rest(d time.Duration) { time.Sleep(d); synctest.Wait() }

// What one arrival tells of others than the alert that is lost counts, whether it is in the same fact or beside it.
func TestOnlyWhatIsAboutALostAlertIsGivenUp(t *testing.T) {
	message := func(key alerting.Key) string { return string(key) + " signal " + clerkPhone }
	about := func(ids ...string) alerting.Inbound {
		f := receipt("signal", alerting.Read)
		f.From, f.About = clerkPhone, ids
		return f
	}
	for name, facts := range map[string]func(w *longPast, lost, kept alerting.Key) []alerting.Inbound{
		"beside it": func(w *longPast, lost, kept alerting.Key) []alerting.Inbound {
			return []alerting.Inbound{w.receiptOf(lost, "signal"), w.receiptOf(kept, "signal")}
		},
		"before it": func(w *longPast, lost, kept alerting.Key) []alerting.Inbound {
			return []alerting.Inbound{w.receiptOf(kept, "signal"), w.receiptOf(lost, "signal")}
		},
		"in one receipt": func(_ *longPast, lost, kept alerting.Key) []alerting.Inbound {
			return []alerting.Inbound{about(message(lost), message(kept))}
		},
		"last in one receipt": func(_ *longPast, lost, kept alerting.Key) []alerting.Inbound {
			return []alerting.Inbound{about(message(kept), message(lost))}
		},
	} {
		t.Run(name, func(t *testing.T) {
			pass(t, func(w *longPast) {
				kept := w.openAs(trackingtest.Alert(trackingtest.With(alerting.Extreme)), clerk)
				w.end(kept, alerting.Record{Expired: true})
				w.file()
				w.archive.one = w.old
				for range 10 {
					w.archive.gate <- nil
				}
				w.arrivals <- replies.Arrival{Sequence: 1, Facts: facts(w, w.old, kept)}
				rest(25 * time.Hour)
				assert.Empty(t, w.waiting())
				assert.ElementsMatch(t, []string{"given up", "taken"}, w.outcomes[len(w.outcomes)-2:])
				views, _ := w.board.Deliveries(kept, 0, 10, nil)
				require.Len(t, views, 2)
				assert.Contains(t, []alerting.State{alerting.Read, alerting.Delivered}, views[1].State)
				assert.Len(t, views[1].History, 4, "once")
			})
		})
	}
}

// A ledger that can't be read now has lost nothing, however long that goes on: after a long outage all that came in
// meanwhile is older than a day.
func TestNothingIsGivenUpThatCannotBeReadNow(t *testing.T) {
	pass(t, func(w *longPast) {
		w.archive.is(false, true)
		w.hear(says(clerkPhone, "ACK K7Q"), w.receiptOf(w.old, "sms"))
		rest(72 * time.Hour)
		assert.Len(t, w.waiting(), 2)
		w.archive.is(false, false)
		w.archive.gate <- nil
		rest(6 * time.Minute)
		assert.Empty(t, w.waiting())
		assert.Len(t, w.notices(w.old), 1)
		assert.NotContains(t, w.outcomes, "given up")
	})
}

// The ten minutes for which an alert must have been found lost begin anew where it could be read meanwhile, or could
// not be read at all.
func TestAnAlertMustBeFoundLostAgainAndAgain(t *testing.T) {
	aged := func(w *longPast) alerting.Inbound {
		f := w.receiptOf(w.old, "sms")
		f.At = at.Add(-48 * time.Hour)
		return f
	}
	for name, meanwhile := range map[string]func(w *longPast){
		"it was read": func(w *longPast) {
			w.archive.is(false, false)
			w.archive.gate <- nil
			rest(6 * time.Minute)
			require.Empty(w, w.waiting())
			for _, f := range w.board.Fileable(at.Add(time.Hour), 10) {
				w.board.File(f)
			}
			w.board.Tidy(time.Now().Add(time.Hour))
			require.True(w, w.board.Away(w.old))
			w.archive.is(true, false)
			w.hear(aged(w))
		},
		"it could not be read": func(w *longPast) {
			w.archive.is(false, true)
			rest(time.Hour)
			w.archive.is(true, false)
			rest(5*time.Minute + 5*time.Second)
		},
	} {
		t.Run(name, func(t *testing.T) {
			pass(t, func(w *longPast) {
				w.archive.is(true, false)
				w.hear(aged(w))
				rest(7 * time.Minute)
				require.NotEmpty(t, w.waiting())
				meanwhile(w)
				rest(4 * time.Minute)
				assert.NotEmpty(t, w.waiting())
				rest(15 * time.Minute)
				assert.Contains(t, w.outcomes, "given up")
			})
		})
	}
}

// An alert that can't be read is tried less and less often, whatever comes in about it; and once somebody else could
// read it, what waits is dealt with at once.
func TestAnUnreadableAlertIsTriedSeldom(t *testing.T) {
	pass(t, func(w *longPast) {
		w.archive.is(true, false)
		for range 20 {
			w.hear(w.receiptOf(w.old, "sms"))
			rest(time.Minute)
		}
		assert.LessOrEqual(t, w.archive.readings(), 6+4)
		rest(5 * time.Hour)
		assert.LessOrEqual(t, w.archive.readings(), 6+4+61)
		w.archive.is(false, false)
		w.archive.gate <- nil
		require.NoError(t, w.board.Recall(w.old))
		rest(5 * time.Second)
		assert.Empty(t, w.waiting())
	})
}

// What is given up is no answer to an alert that was opened since.
func TestWhatIsGivenUpIsNoAnswerToALaterAlert(t *testing.T) {
	for _, text := range []string{"ACK", "ACK K7Q"} {
		pass(t, func(w *longPast) {
			w.archive.is(true, false)
			w.hear(says(clerkPhone, text))
			later := w.opened(at.Add(time.Minute), "K7Q")
			rest(25 * time.Hour)
			assert.Empty(t, w.waiting())
			assert.Nil(t, w.answer(later, "boston clerk"))
			assert.Empty(t, w.remarks(later))
			assert.Equal(t, []string{"set aside", "given up"}, w.outcomes)
		})
	}
}
