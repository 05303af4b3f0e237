package outbox_test

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"revere/alerting"
	"revere/alerting/outbox"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
	"revere/channels"
)

// A provider notes when it is called, and for which alert.
type provider struct {
	channels.Channel
	limits channels.Limits
	cost   int
	takes  time.Duration // until it answers

	mu     sync.Mutex
	answer alerting.Outcome
	calls  []time.Time
	sent   map[alerting.Key]int
}

func (p *provider) Name() string              { return "sms" }
func (p *provider) Limits() channels.Limits   { return p.limits }
func (p *provider) Cost(alerting.Message) int { return p.cost }

func (p *provider) Send(_ context.Context, m alerting.Message) alerting.Outcome {
	answer := p.take(m.Ref.Alert)
	time.Sleep(p.takes)
	return answer
}

func (p *provider) take(alert alerting.Key) alerting.Outcome {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, time.Now())
	if p.sent == nil {
		p.sent = map[alerting.Key]int{}
	}
	p.sent[alert]++
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
