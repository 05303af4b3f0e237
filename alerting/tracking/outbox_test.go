package tracking_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
)

// names writes what was taken as alert:delivery.
func names(due []alerting.Due) []string {
	all := []string{}
	for _, d := range due {
		all = append(all, fmt.Sprintf("%s:%d", d.Alert, d.Delivery))
	}
	return all
}

// A dispatcher that stops, or has asked in vain, gives back all that it has while everybody waits for the board.
func TestToGiveBackThousandsCopiesLittle(t *testing.T) {
	const all = 20_000
	b := empty()
	b.ledger.Open(alert(), trackingtest.Crowd(all)...)
	taken := b.Take(nil, "sms", alerting.PlacesFor(all), late)
	require.Len(t, taken, all)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	b.GiveBack(taken)
	runtime.ReadMemStats(&after)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(100*all), "bytes")
	assert.Equal(t, names(taken), names(b.Take(nil, "sms", alerting.PlacesFor(all), late)))
}

func TestUrgentIsTakenFirst(t *testing.T) {
	b := empty()
	for _, s := range []alerting.Severity{alerting.Minor, alerting.Moderate, alerting.UnknownSeverity, alerting.Severe, alerting.Extreme} {
		b.ledger.Open(alert(trackingtest.With(s)), trackingtest.Crowd(2)...)
	}
	write(t, b.ledger, alerting.Record{Alert: "a1", Notices: []alerting.Notice{{Channel: "sms", Address: "+1", Kind: alerting.NoticeHelp}}})
	taken := names(b.Take(nil, "sms", alerting.PlacesFor(100), late))
	// Unknown ranks as severe and shares with it; notices come last.
	assert.Equal(t, []string{"a5:0", "a5:1", "a3:0", "a4:0", "a3:1", "a4:1", "a2:0", "a2:1", "a1:0", "a1:1", "a1:2"}, taken)
}

func TestAlertsOfOneSeverityShareByTurns(t *testing.T) {
	b := empty()
	b.ledger.Open(alert(), trackingtest.Crowd(100)...)
	require.Len(t, b.Take(nil, "sms", alerting.PlacesFor(10), late), 10)
	b.ledger.Open(alert(), trackingtest.Crowd(3)...) // a small alert behind a blast that is under way
	assert.Equal(t, []string{"a1:10", "a2:0", "a1:11", "a2:1"}, names(b.Take(nil, "sms", alerting.PlacesFor(4), late)))
	assert.Equal(t, []string{"a1:12", "a2:2", "a1:13", "a1:14"}, names(b.Take(nil, "sms", alerting.PlacesFor(4), late)))
}

func TestLowBoundsAllButTheMostUrgent(t *testing.T) {
	b := empty()
	b.ledger.Open(alert(), trackingtest.Crowd(10)...)
	assert.Len(t, b.Take(nil, "sms", alerting.Places{8, 3, 3, 3, 3}, late), 3)
	assert.Empty(t, b.Take(nil, "sms", alerting.Places{8, 0, 0, 0, 0}, late))
	b.ledger.Open(alert(trackingtest.With(alerting.Extreme)), trackingtest.Crowd(10)...)
	taken := b.Take(nil, "sms", alerting.Places{8, 0, 0, 0, 0}, late)
	require.Len(t, taken, 8)
	for _, d := range taken {
		assert.EqualValues(t, "a2", d.Alert)
		assert.Zero(t, d.Lane)
	}
}

func TestGiveBackKeepsTheOrder(t *testing.T) {
	b := empty()
	b.ledger.Open(alert(), trackingtest.Crowd(6)...)
	b.ledger.Open(alert(trackingtest.With(alerting.Minor)), trackingtest.Crowd(2)...)
	first := b.Take(nil, "sms", alerting.PlacesFor(4), late)
	b.GiveBack(first[1:])
	assert.Equal(t, []string{"a1:1", "a1:2", "a1:3", "a1:4", "a1:5", "a2:0"}, names(b.Take(nil, "sms", alerting.PlacesFor(6), late)))
	rest := b.Take(nil, "sms", alerting.PlacesFor(6), late)
	assert.Equal(t, []string{"a2:1"}, names(rest))
	b.GiveBack(rest) // into a queue that has run empty
	assert.Equal(t, []string{"a2:1"}, names(b.Take(nil, "sms", alerting.PlacesFor(6), late)))
}

func TestTakenAndRevivedIsNotTakenTwice(t *testing.T) {
	board, ledger, key := opened(t, alert())
	play(t, ledger, key, reacted, unreacted, activated) // its first place in the queue was never taken
	taken := board.Take(nil, "sms", alerting.PlacesFor(10), late)
	assert.Len(t, taken, 1)
	play(t, ledger, key, reacted, unreacted, activated) // revived while it is in hand
	board.GiveBack(taken)
	assert.Len(t, board.Take(nil, "sms", alerting.PlacesFor(10), late), 1)
}

func TestRetriesRipen(t *testing.T) {
	board, ledger, key := opened(t, alert())
	play(t, ledger, key, attempt(1), again(1, alerting.Unknown))
	assert.Equal(t, soon, board.NextRetry("sms"))
	assert.Empty(t, board.Take(nil, "sms", alerting.PlacesFor(10), soon.Add(-time.Millisecond)))
	due := board.Take(nil, "sms", alerting.PlacesFor(10), soon)
	require.Len(t, due, 1)
	assert.Equal(t, alerting.Due{Alert: key, Address: "+1", Attempt: 2, Lane: 1, Unsettled: true, Since: start.Add(time.Second), PossibleDuplicate: true}, due[0])
	assert.Zero(t, board.NextRetry("sms"))
	assert.Zero(t, board.NextRetry("email"))
}

func TestRetriesComeInTheOrderOfTheirTime(t *testing.T) {
	b := empty()
	key := b.ledger.Open(alert(), trackingtest.Crowd(4)...)
	b.Take(nil, "sms", alerting.PlacesFor(10), late)
	for i, seconds := range []int{40, 10, 30, 20} {
		write(t, b.ledger,
			alerting.Record{Alert: key, At: start, Attempts: []alerting.Attempt{{Delivery: uint32(i), Attempt: 1}}},
			alerting.Record{Alert: key, At: start, Results: []alerting.Result{{Delivery: uint32(i), Attempt: 1, State: alerting.Failed, RetryAt: start.Add(time.Duration(seconds) * time.Second)}}})
	}
	assert.Equal(t, []string{"a1:1", "a1:3"}, names(b.Take(nil, "sms", alerting.PlacesFor(10), start.Add(20*time.Second))))
	assert.Equal(t, start.Add(30*time.Second), b.NextRetry("sms"))
	assert.Equal(t, []string{"a1:2", "a1:0"}, names(b.Take(nil, "sms", alerting.PlacesFor(10), late)))
}

func TestRefillFindsEverythingAfterACrash(t *testing.T) {
	b := empty()
	key := b.ledger.Open(alert(), trackingtest.Crowd(5)...)
	b.Take(nil, "sms", alerting.PlacesFor(5), late) // all were in the hands of a dispatcher
	at := start.Add(time.Second)
	write(t, b.ledger,
		alerting.Record{Alert: key, At: at, Attempts: []alerting.Attempt{{Delivery: 1, Attempt: 1}, {Delivery: 2, Attempt: 1}, {Delivery: 3, Attempt: 1}}},
		alerting.Record{Alert: key, At: at, Results: []alerting.Result{{Delivery: 2, Attempt: 1, State: alerting.Accepted}, {Delivery: 3, Attempt: 1, State: alerting.Failed, RetryAt: soon}}})
	for name, board := range map[string]*tracking.Board{"a standby takes over": b.Board, "the process starts again": b.ledger.Replayed()} {
		t.Run(name, func(t *testing.T) {
			interrupted, uncalled := board.Refill("sms")
			assert.Empty(t, uncalled)
			assert.Equal(t, []alerting.Due{{Alert: key, Delivery: 1, Address: "+10000001", Attempt: 1, Lane: 1, Since: at}}, interrupted)
			assert.Equal(t, soon, board.NextRetry("sms"))
			assert.Equal(t, []string{"a1:0", "a1:4"}, names(board.Take(nil, "sms", alerting.PlacesFor(10), start)))
			assert.Equal(t, []string{"a1:3"}, names(board.Take(nil, "sms", alerting.PlacesFor(10), soon)))
		})
	}
}

func TestWakeIsSignaledWhenSomethingIsDue(t *testing.T) {
	b := empty()
	wake := b.Wake("sms")
	select {
	case <-wake:
		t.Fatal("nothing is due")
	default:
	}
	b.ledger.Open(alert(), trackingtest.Crowd(1)...)
	select {
	case <-wake:
	default:
		t.Fatal("the new delivery did not wake")
	}
}
