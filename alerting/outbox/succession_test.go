package outbox_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
	"revere/channels"
)

func TestTheRecordTellsUntilWhenAChannelIsHeld(t *testing.T) {
	w := newWorld(t)
	w.ledger.Open(trackingtest.Alert(), ada, bo)
	due := w.begun()
	require.Len(t, due, 2)
	assert.True(t, w.Held(start).IsZero())
	until := start.Add(time.Minute)
	require.NoError(t, w.Finish(t.Context(), []alerting.Finished{
		{Due: due[0], Conclusion: alerting.Conclusion{Outcome: alerting.Outcome{State: alerting.Failed}, Attempt: 1, RetryAt: until, HoldUntil: until}},
		{Due: due[1], Conclusion: alerting.Conclusion{Outcome: alerting.Outcome{State: alerting.Failed}, Attempt: 1, RetryAt: until, HoldUntil: start.Add(time.Second)}},
	}))
	for _, board := range []*tracking.Board{w.Board, w.ledger.Replayed()} {
		assert.Equal(t, until, board.Held("sms", start.Add(10*time.Second)), "of two the longer")
		assert.Equal(t, start.Add(-time.Hour).Add(time.Minute), board.Held("sms", start.Add(-time.Hour)), "clocks that disagree hold it for no longer than was asked")
		assert.True(t, board.Held("email", start).IsZero())
		assert.True(t, board.Held("unheard of", start).IsZero())
	}
}

func TestTheRecordTellsTheNewestAttempts(t *testing.T) {
	w := newWorld(t)
	now := start
	w.Now = func() time.Time { return now }
	assert.Empty(t, w.Newest(10), "nothing was ever sent")
	key := w.ledger.Open(trackingtest.Alert(), ada, bo)
	due := w.begun()
	now = start.Add(time.Second)
	w.finish(due[0], alerting.Outcome{State: alerting.Unknown}, start.Add(2*time.Second))
	now = start.Add(3 * time.Second)
	again := w.begun()
	require.Len(t, again, 1)
	now = start.Add(4 * time.Second)
	w.finish(again[0], alerting.Outcome{State: alerting.Accepted}, time.Time{})
	now = start.Add(5 * time.Second)
	w.finish(again[0], alerting.Outcome{State: alerting.Sent}, time.Time{})

	expected := []string{"+1 2 3s 4s", "+2 1 0s -", "+1 1 0s 1s"}
	for _, board := range []*tracking.Board{w.Board, w.ledger.Replayed()} {
		assert.Equal(t, expected, told(board.Newest("sms", 10)))
		assert.Equal(t, expected[:2], told(board.Newest("sms", 2)))
		assert.Empty(t, board.Newest("email", 10))
		newest := board.Newest("sms", 1)[0].Due
		assert.Equal(t, key, newest.Alert)
		assert.True(t, newest.PossibleDuplicate, "it was worded as one")
	}
}

// told writes attempts as address, number, when they were recorded and when something was known of them.
func told(attempts []alerting.Begun) (all []string) {
	for _, x := range attempts {
		ended := "-"
		if !x.Ended.IsZero() {
			ended = x.Ended.Sub(start).String()
		}
		all = append(all, fmt.Sprintf("%s %d %s %s", x.Due.Address, x.Due.Attempt, x.Due.Since.Sub(start), ended))
	}
	return all
}

func TestOnlyTheNewestAttemptsAreKept(t *testing.T) {
	w := newWorld(t)
	w.ledger.Open(trackingtest.Alert(), trackingtest.Crowd(600)...)
	due := w.Take(nil, alerting.PlacesFor(600), start)
	require.NoError(t, w.Begin(t.Context(), due))
	newest := w.Newest(1000)
	require.Len(t, newest, 256)
	assert.Equal(t, due[599].Address, newest[0].Due.Address)
	assert.Equal(t, due[600-256].Address, newest[255].Due.Address)
}

// A process is lost at work, and another one goes on from the record: no second sees more than the rate, and what
// the provider asked for is kept.
func TestAnotherProcessGoesOnAtTheRate(t *testing.T) {
	for _, rate := range []float64{1, 10, 100} {
		for cost := 1; cost <= 3; cost++ {
			t.Run(fmt.Sprintf("%v a second, cost %d", rate, cost), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { goesOnAtTheRate(t, rate, cost) })
			})
		}
	}
}

func goesOnAtTheRate(t *testing.T, rate float64, cost int) {
	limits := channels.Limits{Rate: rate, Concurrency: 50, ReconcileAfter: time.Hour}
	p := &provider{limits: limits, cost: cost, answer: alerting.Outcome{State: alerting.Accepted}}
	ledger := trackingtest.NewLedger(tracking.NewBoard())
	ledger.Open(trackingtest.Alert(), trackingtest.Crowd(int(rate)*60+20)...)
	for n := range 3 {
		ctx, stop := context.WithCancel(t.Context())
		grown, ended := p.dispatch(ctx, ledger)
		time.Sleep(6*time.Second + time.Duration(n)*330*time.Millisecond)
		stop()
		require.NoError(t, <-ended)
		ledger = grown
	}
	assert.GreaterOrEqual(t, float64(p.called()*cost), 0.98*rate*18-3*2*float64(cost))
	for range 2 {
		p.answers(alerting.Outcome{State: alerting.Failed, Retry: true, RetryAfter: time.Minute})
		ctx, stop := context.WithCancel(t.Context())
		grown, ended := p.dispatch(ctx, ledger)
		time.Sleep(5 * time.Second)
		stop()
		require.NoError(t, <-ended)
		called := p.called()
		p.answers(alerting.Outcome{State: alerting.Accepted})
		ctx, stop = context.WithCancel(t.Context())
		ledger, ended = p.dispatch(ctx, grown)
		time.Sleep(50 * time.Second)
		assert.Equal(t, called, p.called(), "it asked for a minute")
		time.Sleep(15 * time.Second)
		stop()
		require.NoError(t, <-ended)
		assert.Greater(t, p.called(), called, "the minute is over")
	}
	assert.LessOrEqual(t, float64(p.busiestSecond()), rate+max(float64(cost), rate*0.02))
}
