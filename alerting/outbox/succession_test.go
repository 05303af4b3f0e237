package outbox_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/outbox"
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
	var people []trackingtest.Person
	for i := range 600 {
		people = append(people, trackingtest.Person{Name: fmt.Sprint("P", i), Contacts: []string{fmt.Sprintf("sms:+%d", i)}})
	}
	w.ledger.Open(trackingtest.Alert(), people...)
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
	var people []trackingtest.Person
	for i := range int(rate)*60 + 20 {
		people = append(people, trackingtest.Person{Name: fmt.Sprint("P", i), Contacts: []string{fmt.Sprintf("sms:+%d", i)}})
	}
	ledger := trackingtest.NewLedger(tracking.NewBoard())
	ledger.Open(trackingtest.Alert(), people...)
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

// A provider notes when it is called, and answers at once.
type provider struct {
	channels.Channel
	limits channels.Limits
	cost   int

	mu     sync.Mutex
	answer alerting.Outcome
	calls  []time.Time
}

func (p *provider) Name() string              { return "sms" }
func (p *provider) Limits() channels.Limits   { return p.limits }
func (p *provider) Cost(alerting.Message) int { return p.cost }

func (p *provider) Send(context.Context, alerting.Message) alerting.Outcome {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, time.Now())
	return p.answer
}

func (p *provider) answers(o alerting.Outcome) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = o
}

func (p *provider) called() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.calls)
}

// busiestSecond is the most units that began within any one second.
func (p *provider) busiestSecond() (units int) {
	first := 0
	for i, at := range p.calls {
		for at.Sub(p.calls[first]) >= time.Second {
			first++
		}
		units = max(units, (i+1-first)*p.cost)
	}
	return units
}

// dispatch runs a dispatcher in a process that has just read the ledger, until ctx is done. It
// returns the ledger that the process adds to.
func (p *provider) dispatch(ctx context.Context, ledger *trackingtest.Ledger) (grown *trackingtest.Ledger, ended <-chan error) {
	board := ledger.Replayed()
	grown = ledger.Following(board)
	out := &outbox.Outbox{
		Channel: "sms", Board: board, Journal: grown, Memory: &outbox.Memory{}, Now: time.Now,
		Word:     func(tracking.Envelope, bool) alerting.Message { return alerting.Message{} },
		OptedOut: func(string, string) bool { return false },
	}
	d := &channels.Dispatcher{Channel: p, Outbox: out, Lease: held{}, Now: time.Now, Log: zerolog.Nop(), Meter: unmetered{}}
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	return grown, done
}

type held struct{}

func (held) Held() bool { return true }

type unmetered struct{}

func (unmetered) Sent(string, alerting.State, time.Duration) {}
func (unmetered) Held(string, bool)                          {}
