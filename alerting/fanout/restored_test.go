package fanout_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"revere/alerting"
)

// A system that was restored takes an alert in again which the one before it has sent: it says so, and
// gives it the code that people have in their hands.
func TestAnAlertThatIsTakenInAgain(t *testing.T) {
	people := clerks("ma.boston", "ma.salem")
	w := newWorld(t, people...)
	w.accept(on(7, "ma.boston", map[string]any{"id": "before"}))
	key := w.accept(on(8, "ma.boston", nil))
	before, _ := w.board.Head(key)

	again := newWorld(t, people...)
	again.now = start.Add(time.Hour)
	again.accept(on(7, "ma.boston", map[string]any{"id": "before"}))
	again.inDoubt = func(sequence uint64, received time.Time) time.Time {
		if sequence > 8 {
			return time.Time{}
		}
		return received
	}
	again.accept(on(8, "ma.boston", nil))
	after, _ := again.board.Head(key)
	assert.Equal(t, before.Code, after.Code)
	assert.Equal(t, start, again.doubtful(key))
	again.accept(on(9, "ma.salem", nil))
	assert.Len(t, again.manifests(key), 2)
	assert.Zero(t, again.doubtful(key), "the part for another area was published afterwards")
	assert.Zero(t, again.doubtful(again.accept(on(10, "ma.boston", map[string]any{"id": "new"}))))
	assert.Zero(t, again.doubtful(again.accept(on(11, "ma.boston", corrects(alerting.TypeCancel, "x", "phishing")))))
}

// doubtful is what the newest manifest of an alert says of when it may have been sent before.
func (w *world) doubtful(key alerting.Key) (since time.Time) {
	for _, r := range w.ledger.Written() {
		if r.Alert == key && r.Manifest != nil {
			since = r.InDoubt
		}
	}
	return since
}

// Alerts that are taken in together have codes of their own, whatever their ids.
func TestCodesDiffer(t *testing.T) {
	w := newWorld(t, clerks("ma.boston")...)
	codes := map[string]bool{}
	for i := range uint64(100) {
		head, _ := w.board.Head(w.accept(on(i+1, "ma.boston", map[string]any{"id": nil})))
		codes[head.Code] = true
	}
	assert.Len(t, codes, 100)
}

// It has the same code although alerts that were open then are over by now.
func TestAnAlertThatIsTakenInAgainMuchLater(t *testing.T) {
	const open, doubtful = 60, 20
	short := map[string]any{"expires": start.Add(time.Hour).Format(time.RFC3339)}
	opening := func(w *world) {
		for i := range uint64(open) {
			short["id"] = nil
			w.accept(on(i+1, "ma.boston", short))
		}
	}
	codes := func(w *world) (codes []string) {
		for i := range uint64(doubtful) {
			head, _ := w.board.Head(w.accept(on(open+i+1, "ma.boston", map[string]any{"id": nil})))
			codes = append(codes, head.Code)
		}
		return codes
	}
	before, again := newWorld(t, clerks("ma.boston")...), newWorld(t, clerks("ma.boston")...)
	opening(before)
	opening(again)
	again.now = start.Add(2 * time.Hour)
	again.inDoubt = func(_ uint64, received time.Time) time.Time { return received }
	assert.Equal(t, codes(before), codes(again))
}

// One that is over by now was sent all the same: whoever withdraws it reaches those who may have it.
func TestAnAlertThatIsTakenInAgainWhenItIsOver(t *testing.T) {
	w := newWorld(t, clerks("ma.boston")...)
	w.now = start.Add(48 * time.Hour)
	w.inDoubt = func(sequence uint64, received time.Time) time.Time {
		if sequence > 8 {
			return time.Time{}
		}
		return received
	}
	key := w.accept(on(7, "ma.boston", map[string]any{"id": "before"}))
	assert.Equal(t, start, w.doubtful(key))
	cancel := on(9, "ma.boston", corrects(alerting.TypeCancel, "x", "before"))
	cancel.Received = w.now
	assert.Len(t, w.manifests(w.accept(cancel)), 1)
	late := on(10, "ma.boston", map[string]any{"id": "late"})
	assert.Equal(t, alerting.VerdictRejected, w.publish(late).Verdict, "it waited until it was over, and nobody has seen it")
}
