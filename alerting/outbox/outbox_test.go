package outbox_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/outbox"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
	"revere/channels"
)

var _ channels.Outbox = (*outbox.Outbox)(nil)

var (
	start = trackingtest.Start
	ada   = trackingtest.Person{Name: "Ada", Contacts: []string{"sms:+1", "email:a@x.org"}}
	bo    = trackingtest.Person{Name: "Bo", Contacts: []string{"sms:+2"}}
)

// A world is the text messages' side of a ledger in memory.
type world struct {
	*testing.T
	*outbox.Outbox
	ledger *trackingtest.Ledger
	out    map[string]bool // who opted out
}

func newWorld(t *testing.T) *world {
	board := tracking.NewBoard()
	w := &world{T: t, ledger: trackingtest.NewLedger(board), out: map[string]bool{}}
	w.Outbox = &outbox.Outbox{
		Channel: "sms", Board: board, Journal: w.ledger,
		Word: func(e tracking.Envelope, _ bool) alerting.Message {
			return alerting.Message{Text: "words for " + e.Address, Code: e.Code}
		},
		OptedOut: func(channel, address string) bool { return w.out[channel+address] },
		OptOut: func(_ context.Context, channel, address, _ string) error {
			w.out[channel+address] = true
			return nil
		},
		Memory: &outbox.Memory{},
		Now:    func() time.Time { return start },
	}
	return w
}

// begun takes everything that is due and begins it.
func (w *world) begun() []alerting.Due {
	w.Helper()
	due := w.Take(nil, alerting.PlacesFor(100), start.Add(time.Hour))
	require.NoError(w, w.Begin(w.Context(), due))
	return due
}

func (w *world) finish(x alerting.Due, o alerting.Outcome, retry time.Time) {
	w.Helper()
	require.NoError(w, w.Finish(w.Context(), []alerting.Finished{{Due: x, Conclusion: alerting.Conclusion{Outcome: o, Attempt: x.Attempt, RetryAt: retry}}}))
}

func TestBeginPutsAttemptsOnRecordTogether(t *testing.T) {
	w := newWorld(t)
	first, second := w.ledger.Open(trackingtest.Alert(), ada, bo), w.ledger.Open(trackingtest.Alert(), ada)
	before := w.Board.Reached()
	due := w.begun()
	require.Len(t, due, 3)
	assert.Equal(t, before+1, w.Board.Reached(), "one append")
	for _, x := range due {
		assert.Equal(t, alerting.Attempting, w.Board.State(x.Alert, x.Delivery))
		assert.Contains(t, []alerting.Key{first, second}, x.Alert)
	}
	assert.Empty(t, w.Take(nil, alerting.PlacesFor(9), start.Add(time.Hour)))
}

func TestBeginThatFailsChangesNothing(t *testing.T) {
	w := newWorld(t)
	key := w.ledger.Open(trackingtest.Alert(), ada)
	due := w.Take(nil, alerting.PlacesFor(1), start)
	w.ledger.Break(1, false)
	require.ErrorIs(t, w.Begin(t.Context(), due), trackingtest.ErrBroken)
	assert.Equal(t, alerting.Queued, w.Board.State(key, 0))
}

func TestMessageCarriesWhatTheProviderNeeds(t *testing.T) {
	w := newWorld(t)
	key := w.ledger.Open(trackingtest.Alert(), ada)
	due := w.Take(nil, alerting.PlacesFor(1), start)[0]
	m, err := w.Message(due)
	require.NoError(t, err)
	assert.Equal(t, alerting.Message{
		Ref: alerting.Ref{Alert: key, Delivery: alerting.NewDeliveryID(key, "sms", "+1"), Attempt: 1}, To: "+1", Text: "words for +1", Code: "K7Q",
	}, m)
	_, err = w.Message(alerting.Due{Alert: "a99"})
	assert.Equal(t, alerting.CodeNotFound, alerting.CodeOf(err))
}

func TestPossibleDuplicateIsMarkedFromThenOn(t *testing.T) {
	w := newWorld(t)
	key := w.ledger.Open(trackingtest.Alert(), ada)
	outcomes := []alerting.Outcome{{State: alerting.Failed, Retry: true}, {State: alerting.Unknown}, {State: alerting.Failed, Retry: true}, {State: alerting.Accepted}}
	for i, o := range outcomes {
		due := w.Take(nil, alerting.PlacesFor(1), start.Add(time.Hour))
		require.Len(t, due, 1)
		assert.Equal(t, i == 2, due[0].Unsettled)
		m, err := w.Message(due[0])
		require.NoError(t, err)
		assert.Equal(t, i >= 2, m.PossibleDuplicate, "attempt %d", i+1)
		require.NoError(t, w.Begin(t.Context(), due))
		retry := start.Add(time.Minute)
		if o.State == alerting.Accepted {
			retry = time.Time{}
		}
		w.finish(due[0], o, retry)
	}
	views, _ := w.Board.Deliveries(key, 0, 1, nil)
	var marked []int
	for _, e := range views[0].History {
		if e.PossibleDuplicate {
			marked = append(marked, e.Attempt)
		}
	}
	assert.Equal(t, []int{3, 4}, marked)
	assert.Equal(t, alerting.Accepted, views[0].State)
}

func TestFinish(t *testing.T) {
	soon := start.Add(time.Minute)
	tests := map[string]struct {
		outcome alerting.Outcome
		retry   time.Time
		want    alerting.State
		next    time.Time
	}{
		"accepted":       {alerting.Outcome{State: alerting.Accepted, ProviderID: "SM1"}, time.Time{}, alerting.Accepted, time.Time{}},
		"failed for now": {alerting.Outcome{State: alerting.Failed, Retry: true}, soon, alerting.Queued, soon},
		"failed":         {alerting.Outcome{State: alerting.Failed, Code: "21211", Reason: "no such number"}, time.Time{}, alerting.Failed, time.Time{}},
		"unknown":        {alerting.Outcome{State: alerting.Unknown}, soon, alerting.Unknown, soon},
		"opted out":      {alerting.Outcome{State: alerting.Failed, OptedOut: true, Code: "21610", Reason: "STOP"}, soon, alerting.Suppressed, time.Time{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			key := w.ledger.Open(trackingtest.Alert(), ada)
			w.finish(w.begun()[0], test.outcome, test.retry)
			assert.Equal(t, test.want, w.Board.State(key, 0))
			assert.Equal(t, test.next, w.NextRetry())
			assert.Equal(t, test.outcome.OptedOut, w.out["sms+1"])
			views, _ := w.Board.Deliveries(key, 0, 1, nil)
			last := views[0].History[len(views[0].History)-1]
			assert.Equal(t, [3]string{test.outcome.ProviderID, test.outcome.Code, test.outcome.Reason}, [3]string{last.ProviderID, last.Code, last.Reason})
		})
	}
}

func TestOptOutThatCantBeKeptIsNotForgotten(t *testing.T) {
	w := newWorld(t)
	w.ledger.Open(trackingtest.Alert(), ada)
	x := w.begun()[0]
	broken := errors.New("the directory can't be written")
	w.OptOut = func(context.Context, string, string, string) error { return broken }
	before := len(w.ledger.Written())
	assert.ErrorIs(t, w.Finish(t.Context(), []alerting.Finished{{Due: x, Conclusion: alerting.Conclusion{Attempt: 1, Outcome: alerting.Outcome{State: alerting.Failed, OptedOut: true}}}}), broken)
	assert.Len(t, w.ledger.Written(), before)
}

func TestBlocked(t *testing.T) {
	w := newWorld(t)
	key := w.ledger.Open(trackingtest.Alert(), ada, bo)
	due := w.begun()
	_, reason := w.Blocked(due[0], start)
	assert.Empty(t, reason)
	w.out["sms+1"] = true
	state, reason := w.Blocked(due[0], start)
	assert.Equal(t, alerting.Suppressed, state)
	assert.NotEmpty(t, reason)
	state, _ = w.Blocked(due[1], start.Add(24*time.Hour))
	assert.Equal(t, alerting.Expired, state)
	_, err := w.ledger.Append(t.Context(), alerting.Record{Alert: key, Withdrawn: &alerting.Withdrawn{By: "a9", Type: alerting.TypeCancel}})
	require.NoError(t, err)
	for _, x := range due {
		state, _ = w.Blocked(x, start)
		assert.Equal(t, alerting.Canceled, state)
	}
}

func TestRefillSettlesWhatWasInterrupted(t *testing.T) {
	w := newWorld(t)
	first := w.ledger.Open(trackingtest.Alert(), ada, bo)
	second := w.ledger.Open(trackingtest.Alert(), ada)
	require.NoError(t, w.Begin(t.Context(), w.Take(nil, alerting.PlacesFor(2), start)[:2])) // one of each, and the process dies
	reconcile := func(attempted time.Time) time.Time { return attempted.Add(30 * time.Second) }
	for range 2 { // the standby that takes over dies as well
		require.NoError(t, w.Refill(t.Context(), reconcile))
		assert.Equal(t, alerting.Unknown, w.Board.State(first, 0))
		assert.Equal(t, alerting.Unknown, w.Board.State(second, 0))
		due := w.Take(nil, alerting.PlacesFor(9), start.Add(29*time.Second))
		require.Len(t, due, 1, "what was never begun is simply due")
		assert.EqualValues(t, 2, due[0].Delivery)
		due = w.Take(nil, alerting.PlacesFor(9), start.Add(30*time.Second))
		require.Len(t, due, 2)
		for _, x := range due {
			assert.True(t, x.Unsettled)
			assert.Equal(t, start, x.Since)
			assert.Equal(t, 2, x.Attempt)
		}
	}
	w.ledger.Break(1, false)
	require.NoError(t, w.Refill(t.Context(), reconcile), "nothing was left to settle, nothing is written")
}

// The dispatcher was killed between the record of an attempt and its outcome, and the alert was withdrawn
// before that record: nobody was called, so nobody must be told to have been, nor be told of the withdrawal.
func TestAnAttemptBehindAWithdrawalWasNotMade(t *testing.T) {
	w := newWorld(t)
	key := w.ledger.Open(trackingtest.Alert(), ada, bo)
	due := w.Take(nil, alerting.PlacesFor(2), start)
	require.Len(t, due, 2)
	require.NoError(t, w.Begin(t.Context(), due[:1]))
	w.ledger.Correct(key, alerting.TypeCancel)
	require.NoError(t, w.Begin(t.Context(), due[1:]))

	require.NoError(t, w.Refill(t.Context(), func(at time.Time) time.Time { return at }))
	assert.Equal(t, alerting.Unknown, w.Board.State(key, due[0].Delivery), "it may have been called before the withdrawal")
	assert.Equal(t, alerting.Canceled, w.Board.State(key, due[1].Delivery))
}

// The engine is away for a while: what providers answered meanwhile is not forgotten, and nobody is
// sent twice what this process knows was taken.
func TestWhatCouldNotBeRecordedIsWrittenByTheNextDispatcher(t *testing.T) {
	w := newWorld(t)
	key := w.ledger.Open(trackingtest.Alert(), ada, bo)
	due := w.begun()
	w.ledger.Break(1, false)
	accepted := alerting.Conclusion{Attempt: 1, Outcome: alerting.Outcome{State: alerting.Accepted, ProviderID: "SM1"}}
	require.ErrorIs(t, w.Finish(t.Context(), []alerting.Finished{{Due: due[0], Conclusion: accepted}}), trackingtest.ErrBroken)
	require.Equal(t, alerting.Attempting, w.Board.State(key, due[0].Delivery))

	later := func(at time.Time) time.Time { return at.Add(time.Minute) }
	require.NoError(t, w.Refill(t.Context(), later))
	assert.Equal(t, alerting.Accepted, w.Board.State(key, due[0].Delivery), "this process knew")
	assert.Equal(t, alerting.Unknown, w.Board.State(key, due[1].Delivery), "and of the other it did not")
	assert.Empty(t, w.Take(nil, alerting.PlacesFor(10), start.Add(time.Second)))
}

// The record was stored after all, and only its acknowledgement was lost.
func TestWhatWasRecordedAfterAllIsNotWrittenAgain(t *testing.T) {
	w := newWorld(t)
	key := w.ledger.Open(trackingtest.Alert(), ada)
	due := w.begun()
	w.ledger.Break(1, true)
	accepted := alerting.Conclusion{Attempt: 1, Outcome: alerting.Outcome{State: alerting.Accepted, ProviderID: "SM1"}}
	require.Error(t, w.Finish(t.Context(), []alerting.Finished{{Due: due[0], Conclusion: accepted}}))
	written := len(w.ledger.Written())
	require.NoError(t, w.Refill(t.Context(), func(at time.Time) time.Time { return at }))
	assert.Len(t, w.ledger.Written(), written)
	assert.Equal(t, alerting.Accepted, w.Board.State(key, 0))
}
