package tracking_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
)

var (
	before = trackingtest.Start.Add(-time.Hour) // when the system before may have begun to send
	now    = trackingtest.Start.Add(time.Minute)
)

// doubtful is an alert whose list, in two parts, was made anew after a restore: two texts, and a mail in
// reserve.
func doubtful(t *testing.T) (*trackingtest.Ledger, *tracking.Board, alerting.Key) {
	t.Helper()
	board := tracking.NewBoard()
	l := trackingtest.NewLedger(board)
	record := alerting.Record{Alert: "a1", At: trackingtest.Start, InDoubt: before}
	first, second := record, record
	first.Opened = &alerting.Opened{Alert: trackingtest.Alert(), Code: "K7Q", Identity: "i", Received: before, Sequence: 1}
	first.Manifest = &alerting.Manifest{Parts: 2, Deliveries: []alerting.Planned{{Channel: "sms", Address: "a", Active: true}, {Channel: "sms", Address: "b", Active: true}}}
	second.Manifest = &alerting.Manifest{Part: 1, Parts: 2, Deliveries: []alerting.Planned{{Channel: "email", Address: "b@x"}}, Recipients: []alerting.Recipient{
		{Subscriber: "a", Name: "A", Areas: []alerting.Area{"ma.boston"}, Contacts: []uint32{0}},
		{Subscriber: "b", Name: "B", Areas: []alerting.Area{"ma.boston"}, Contacts: []uint32{1, 2}},
	}}
	_, err := l.Append(t.Context(), first, second)
	require.NoError(t, err)
	return l, board, "a1"
}

// What a system before may have sent is due to be asked about, from when that may have been, and
// counts as attempted for whoever withdraws it. A contact in reserve is not.
func TestWhatBecomesDueInDoubtMayHaveGoneOut(t *testing.T) {
	l, board, key := doubtful(t)
	for _, b := range []*tracking.Board{board, l.Replayed()} {
		summary, ok := b.Summary(key)
		require.True(t, ok)
		assert.Equal(t, 2, summary.States[alerting.Unknown])
		taken := b.Take(nil, "sms", alerting.PlacesFor(9), now)
		require.Len(t, taken, 2)
		for _, x := range taken {
			assert.True(t, x.Unsettled && x.PossibleDuplicate)
			assert.Equal(t, before, x.Since)
			assert.Equal(t, 2, x.Attempt)
		}
		assert.Empty(t, b.Take(nil, "email", alerting.PlacesFor(9), now))
		told, err := b.Addressed(key)
		require.NoError(t, err)
		assert.Len(t, told, 2)
	}
}

func TestAContactInReserveMayHaveBeenUsedBefore(t *testing.T) {
	l, board, key := doubtful(t)
	_, err := l.Append(t.Context(), alerting.Record{Alert: key, At: now, InDoubt: before, Activated: []alerting.Activation{{Delivery: 2}}})
	require.NoError(t, err)
	taken := board.Take(nil, "email", alerting.PlacesFor(9), now)
	require.Len(t, taken, 1)
	assert.True(t, taken[0].Unsettled)
}

// One that became due too late is not in doubt: it stays unused.
func TestAnAlertThatIsOverPutsNothingMoreInDoubt(t *testing.T) {
	l, board, key := doubtful(t)
	_, err := l.Append(t.Context(), alerting.Record{Alert: key, At: now, Expired: true},
		alerting.Record{Alert: key, At: now, InDoubt: before, Activated: []alerting.Activation{{Delivery: 2}}})
	require.NoError(t, err)
	mails, _ := board.Deliveries(key, 0, 9, func(d tracking.DeliveryView) bool { return d.Channel == "email" && d.Attempts > 0 })
	assert.Empty(t, mails)
}

func TestANoticeMayHaveGoneOutBefore(t *testing.T) {
	l, board, key := doubtful(t)
	notice := alerting.Notice{Channel: "signal", Address: "+1", Kind: alerting.NoticeConfirmation, Text: "K7Q acknowledged."}
	_, err := l.Append(t.Context(), alerting.Record{Alert: key, At: now, InDoubt: before, Notices: []alerting.Notice{notice}})
	require.NoError(t, err)
	taken := board.Take(nil, "signal", alerting.PlacesFor(9), now)
	require.Len(t, taken, 1)
	assert.True(t, taken[0].Unsettled)
}
