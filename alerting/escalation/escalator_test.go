package escalation_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/escalation"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
)

// A world is a board on a ledger, with an escalator whose clock the test holds.
type world struct {
	*testing.T
	board     *tracking.Board
	ledger    *trackingtest.Ledger
	escalator *escalation.Escalator
	now       time.Time
}

func newWorld(t *testing.T) *world {
	w := &world{T: t, board: tracking.NewBoard(), now: start}
	w.ledger = trackingtest.NewLedger(w.board)
	w.restart()
	return w
}

// restart begins anew with what the ledger says.
func (w *world) restart() {
	w.escalator = &escalation.Escalator{Board: w.board, Journal: w.ledger, Policy: policy, Now: func() time.Time { return w.now }, Log: zerolog.Nop()}
}

func (w *world) open(severity alerting.Severity) alerting.Key {
	return w.ledger.Open(trackingtest.Alert(trackingtest.With(severity)), trackingtest.Person{Name: "Ada", Contacts: []string{"sms:+1", "email:a@x.org"}})
}

func (w *world) write(r alerting.Record) {
	w.Helper()
	_, err := w.ledger.Append(w.Context(), r)
	require.NoError(w, err)
}

// look moves the clock, looks, and returns what was written.
func (w *world) look(after time.Duration) []alerting.Record {
	w.Helper()
	w.now = start.Add(after)
	before := len(w.ledger.Written())
	require.NoError(w, w.escalator.Look(w.Context()))
	return w.ledger.Written()[before:]
}

func sent(key alerting.Key, delivery uint32, s alerting.State) alerting.Record {
	return alerting.Record{Alert: key, At: start, Attempts: []alerting.Attempt{{Delivery: delivery, Attempt: 1}}, Results: []alerting.Result{{Delivery: delivery, Attempt: 1, State: s}}}
}

func TestNextContactIsUsedOnceWhenTheFirstIsNotDelivered(t *testing.T) {
	w := newWorld(t)
	key := w.open(alerting.Severe)
	w.write(sent(key, 0, alerting.Accepted))
	assert.Empty(t, w.look(59*time.Second))
	written := w.look(time.Minute)
	require.Len(t, written, 1)
	assert.Equal(t, []alerting.Activation{{Delivery: 1, Reason: "not delivered within 1m0s"}}, written[0].Activated)
	assert.Len(t, w.board.Take(nil, "email", alerting.PlacesFor(9), w.now), 1)
	assert.Empty(t, w.look(time.Minute))
	assert.Empty(t, w.look(time.Hour))
}

func TestAfterAnOutageWhatIsOverdueHappensOnceAndWhatIsNoLongerTrueDoesNot(t *testing.T) {
	w := newWorld(t)
	overdue, delivered := w.open(alerting.Severe), w.open(alerting.Severe)
	w.write(sent(overdue, 0, alerting.Accepted))
	w.write(sent(delivered, 0, alerting.Delivered))
	w.board = w.ledger.Replayed()
	w.ledger = trackingtest.NewLedger(w.board)
	w.restart()
	written := w.look(10 * time.Hour)
	require.Len(t, written, 1)
	assert.Equal(t, overdue, written[0].Alert)
	w.restart() // once more, before anything else has happened
	assert.Empty(t, w.look(10*time.Hour))
}

func TestGapIsRemarkedOnce(t *testing.T) {
	w := newWorld(t)
	key := w.ledger.Open(trackingtest.Alert(), trackingtest.Person{Name: "Ada", Contacts: []string{"sms:+1"}})
	w.write(sent(key, 0, alerting.Failed))
	written := w.look(time.Second)
	require.Len(t, written, 1)
	assert.Equal(t, []alerting.Remark{{Kind: alerting.RemarkGap, Recipients: []uint32{0}, Detail: "Ada can't be reached: no contact is left"}}, written[0].Remarks)
	assert.Empty(t, w.look(2*time.Second))
	w.restart()
	assert.Empty(t, w.look(time.Hour))
}

func TestAnswerTakenBackRevives(t *testing.T) {
	w := newWorld(t)
	key := w.open(alerting.Severe)
	answer := alerting.Answer{Recipients: []uint32{0}, Channel: "signal", Address: "+1", Via: alerting.ViaReaction}
	w.write(alerting.Record{Alert: key, At: start, Answers: []alerting.Answer{answer}})
	assert.Empty(t, w.look(time.Hour))
	answer.Retracted = true
	w.write(alerting.Record{Alert: key, At: start, Answers: []alerting.Answer{answer}})
	written := w.look(time.Hour)
	require.Len(t, written, 1)
	assert.Equal(t, []alerting.Activation{{Delivery: 0, Reason: "the answer was taken back"}}, written[0].Activated)
	assert.Len(t, w.board.Take(nil, "sms", alerting.PlacesFor(9), w.now), 1)
}

func TestExpiryIsRecordedOnce(t *testing.T) {
	w := newWorld(t)
	key := w.open(alerting.Minor)
	assert.Empty(t, w.look(24*time.Hour-time.Millisecond))
	written := w.look(24 * time.Hour)
	require.Len(t, written, 1)
	assert.True(t, written[0].Expired)
	assert.Equal(t, alerting.Expired, w.board.State(key, 0))
	assert.Empty(t, w.look(25*time.Hour))
}

func TestNothingHappensAfterAWithdrawal(t *testing.T) {
	w := newWorld(t)
	key := w.open(alerting.Severe)
	w.write(sent(key, 0, alerting.Failed))
	w.write(alerting.Record{Alert: key, At: start, Withdrawn: &alerting.Withdrawn{By: "a9", Type: alerting.TypeCancel}})
	assert.Empty(t, w.look(time.Minute))
	assert.Empty(t, w.look(25*time.Hour))
}

func TestSharedReserveIsUsedOnce(t *testing.T) {
	w := newWorld(t)
	key := w.ledger.Open(trackingtest.Alert(),
		trackingtest.Person{Name: "Ada", Contacts: []string{"sms:+1", "email:desk@x.org"}},
		trackingtest.Person{Name: "Bo", Contacts: []string{"sms:+2", "email:desk@x.org"}})
	w.write(sent(key, 0, alerting.Failed))
	w.write(sent(key, 2, alerting.Failed))
	written := w.look(time.Second)
	require.Len(t, written, 1)
	assert.Len(t, written[0].Activated, 1)
}

// A whole blast may fall back in one moment: no record grows past what the engine stores.
func TestBlastFallsBackInSmallRecords(t *testing.T) {
	w := newWorld(t)
	const n = 1201
	people := make([]trackingtest.Person, n)
	for i := range people {
		people[i] = trackingtest.Person{Name: fmt.Sprint("P", i), Contacts: []string{fmt.Sprint("sms:+", i), fmt.Sprint("email:", i)}}
	}
	w.ledger.Open(trackingtest.Alert(), people...)
	written := w.look(time.Minute)
	total := 0
	for _, r := range written {
		assert.LessOrEqual(t, len(r.Activated), 500)
		total += len(r.Activated)
	}
	assert.Equal(t, n, total)
	assert.Empty(t, w.look(time.Minute))
}

func TestBrokenLedgerEndsTheWatch(t *testing.T) {
	w := newWorld(t)
	key := w.open(alerting.Severe)
	w.write(sent(key, 0, alerting.Failed))
	w.ledger.Break(1, false)
	assert.ErrorIs(t, w.escalator.Run(t.Context()), trackingtest.ErrBroken)
	w.restart()
	assert.Len(t, w.look(time.Minute), 1, "whoever comes next does it")
}

// Run fires by itself when a contact's time is over and when the alert's is, in an hour that passes
// in no time.
func TestRunFiresOnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := tracking.NewBoard()
		ledger := trackingtest.NewLedger(board)
		begun := time.Now()
		ledger.Open(trackingtest.Alert(func(a *alerting.Alert) { a.Expires = begun.Add(time.Hour) }), trackingtest.Person{Name: "Ada", Contacts: []string{"sms:+1", "email:a@x.org"}})
		e := &escalation.Escalator{Board: board, Journal: ledger, Policy: policy, Now: time.Now, Log: zerolog.Nop()}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- e.Run(ctx) }()
		for !written(ledger, func(r alerting.Record) bool { return r.Expired }) {
			time.Sleep(time.Second) // the bubble's time, not the clock's
			require.Less(t, time.Since(begun), 2*time.Hour)
		}
		assert.InDelta(t, time.Hour, time.Since(begun), float64(6*time.Second))
		cancel()
		require.NoError(t, <-ended)
	})
}

func written(l *trackingtest.Ledger, is func(alerting.Record) bool) bool {
	for _, r := range l.Written() {
		if is(r) {
			return true
		}
	}
	return false
}

// After a restore, what the system before may have done with a contact in reserve is not known.
func TestAContactThatMayHaveBeenUsedBeforeARestore(t *testing.T) {
	w := newWorld(t)
	w.escalator.InDoubt = func(sequence uint64, received time.Time) time.Time {
		if sequence > 1 {
			return time.Time{}
		}
		return start.Add(-time.Hour)
	}
	for _, want := range []time.Time{start.Add(-time.Hour), {}} {
		key := w.open(alerting.Severe)
		w.write(sent(key, 0, alerting.Undelivered))
		written := w.look(time.Minute)
		require.Len(t, written, 1)
		assert.Equal(t, want, written[0].InDoubt)
	}
}
