package recovery_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/recovery"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
)

var start = trackingtest.Start

type lease bool

func (l lease) Held() bool { return bool(l) }

func TestAGateHoldsUntilItIsReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := recovery.NewGate()
		assert.True(t, gate.Wait(t.Context()), "it stands open")
		guarded := gate.Guard(lease(true))
		assert.True(t, guarded.Held())
		gate.Set(alerting.Hold{Since: start})
		assert.False(t, guarded.Held(), "a hold takes effect at once")
		assert.Equal(t, start.Add(time.Hour), gate.OpenSince(start.Add(time.Hour)), "while it is held no time runs")

		released := make(chan bool, 1)
		go func() { released <- gate.Wait(t.Context()) }()
		synctest.Wait()
		assert.Empty(t, released)
		gate.Set(alerting.Hold{Since: start, Released: start.Add(2 * time.Hour)})
		synctest.Wait()
		assert.Empty(t, released, "not before what may have gone out is on record")
		gate.Set(alerting.Hold{Since: start, Released: start.Add(2 * time.Hour), Settled: true})
		assert.True(t, <-released)
		assert.True(t, guarded.Held())
		assert.False(t, gate.Guard(lease(false)).Held())
		assert.Equal(t, start.Add(2*time.Hour), gate.OpenSince(start.Add(3*time.Hour)))

		gate.Set(alerting.Hold{Since: start})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		assert.False(t, gate.Wait(ctx))
	})
}

// restored is a board as a backup had it: a is delivered, b is due, c is due after an attempt that
// failed, d has mail in reserve, e has heard on another channel.
func restored(t *testing.T) (*trackingtest.Ledger, *tracking.Board, alerting.Key) {
	t.Helper()
	board := tracking.NewBoard()
	l := trackingtest.NewLedger(board)
	key := l.Open(trackingtest.Alert(),
		trackingtest.Person{Name: "A", Contacts: []string{"sms:a"}}, trackingtest.Person{Name: "B", Contacts: []string{"sms:b"}},
		trackingtest.Person{Name: "C", Contacts: []string{"sms:c"}}, trackingtest.Person{Name: "D", Contacts: []string{"sms:d", "email:d"}},
		trackingtest.Person{Name: "E", Contacts: []string{"email:e"}})
	_, err := l.Append(t.Context(),
		alerting.Record{Alert: key, At: start.Add(time.Second), Attempts: []alerting.Attempt{{Delivery: 0, Attempt: 1}, {Delivery: 2, Attempt: 1}}},
		alerting.Record{Alert: key, At: start.Add(2 * time.Second), Results: []alerting.Result{
			{Delivery: 0, Attempt: 1, State: alerting.Delivered}, {Delivery: 2, Attempt: 1, State: alerting.Failed, RetryAt: start.Add(time.Minute)},
		}})
	require.NoError(t, err)
	return l, board, key
}

func TestWhatWasDueMayHaveGoneOut(t *testing.T) {
	l, board, key := restored(t)
	hold, now := alerting.Hold{Since: start.Add(time.Hour)}, start.Add(2*time.Hour)
	doubts := recovery.Doubts(board, hold, now)
	_, err := l.Append(t.Context(), doubts...)
	require.NoError(t, err)

	want := map[string]struct {
		state   alerting.State
		attempt int
		since   time.Time
	}{
		"a": {alerting.Delivered, 1, start.Add(time.Second)}, "b": {alerting.Unknown, 1, start},
		"c": {alerting.Unknown, 2, start.Add(2 * time.Second)}, "d": {alerting.Unknown, 1, start},
	}
	deliveries, _ := board.Deliveries(key, 0, 100, func(d tracking.DeliveryView) bool { return d.Channel == "sms" })
	require.Len(t, deliveries, len(want))
	for _, d := range deliveries {
		assert.Equal(t, want[d.Address].state, d.State, d.Address)
		assert.Equal(t, want[d.Address].attempt, d.Attempts, d.Address)
	}
	due := map[uint32]alerting.Due{}
	for _, x := range board.Take(nil, "sms", alerting.PlacesFor(10), now) {
		due[x.Delivery] = x
		assert.True(t, x.Unsettled, "the provider is asked first")
		assert.Equal(t, want[[]string{"a", "b", "c", "d"}[x.Delivery]].since, x.Since, "from when it may have gone out")
	}
	assert.Len(t, due, 3)
	assert.Empty(t, recovery.Doubts(board, hold, now), "once is enough")
}

// What is published after the restore is in no doubt.
func TestWhatCameAfterTheRestoreIsInNoDoubt(t *testing.T) {
	_, board, _ := restored(t)
	assert.Empty(t, recovery.Doubts(board, alerting.Hold{Since: start.Add(-time.Hour)}, start))
}

func TestTheOutlookSaysWhatWouldGoOut(t *testing.T) {
	l, board, key := restored(t)
	l.Open(trackingtest.Alert(func(a *alerting.Alert) { a.Expires = start.Add(time.Minute) }), trackingtest.Person{Name: "A", Contacts: []string{"sms:a"}})
	now := start.Add(5 * time.Minute)
	list := recovery.Outlook(board, now)
	require.Len(t, list, 2)
	assert.Equal(t, key, list[0].Key)
	assert.Equal(t, [4]int{4, 0, 0, 0}, [4]int{list[0].Due, list[0].Stale, list[0].InDoubt, list[0].Expired})
	assert.Equal(t, [4]int{0, 0, 0, 1}, [4]int{list[1].Due, list[1].Stale, list[1].InDoubt, list[1].Expired})

	_, err := l.Append(t.Context(), recovery.Doubts(board, alerting.Hold{Since: now}, now)...)
	require.NoError(t, err)
	list = recovery.Outlook(board, start.Add(time.Hour))
	assert.Equal(t, [4]int{4, 4, 4, 0}, [4]int{list[0].Due, list[0].Stale, list[0].InDoubt, list[0].Expired})
}
