package bench

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"revere/alerting"
	"revere/channels"
)

// kindName is the channel of the bench: it is registered by the bench only.
const kindName = "bench"

// A provider takes every message at once or after a while, in this process, and notes when an
// alert's first came.
type provider struct {
	crowd  crowd
	limits channels.Limits
	// latency is how long a call takes.
	latency time.Duration

	mu     sync.Mutex
	alerts map[alerting.Key]*tally
}

// A tally is what has come of one alert.
type tally struct {
	begun chan struct{} // closed at the first message
	first time.Time
	sent  int
	towns map[int]bool
	// breadth is how many messages it took until every town had one; 0 before.
	breadth int
}

func newProvider(c crowd) *provider { return &provider{crowd: c, alerts: map[alerting.Key]*tally{}} }

// settings are the channel's configuration: it is always on.
type settings struct{}

func (*settings) On() bool                       { return true }
func (*settings) Validate(func(key, why string)) {}

// kind makes the provider a channel that a service can be started with.
func (p *provider) kind() channels.Kind {
	return channels.Kind{
		Name:         kindName,
		Defaults:     func() channels.Config { return &settings{} },
		ParseAddress: parseAddress,
		Open:         func(channels.Config, channels.Environment) (channels.Channel, error) { return p, nil },
	}
}

func parseAddress(s string) (string, error) {
	if !strings.HasPrefix(s, addressPrefix) {
		return "", fmt.Errorf("%q does not begin with %s, as the bench's addresses do", s, addressPrefix)
	}
	return s, nil
}

// Name implements channels.Channel.
func (p *provider) Name() string { return kindName }

// Format implements channels.Channel: a short text, which costs the most to word.
func (p *provider) Format() alerting.Format { return alerting.Short }

// Limits implements channels.Channel.
func (p *provider) Limits() channels.Limits { return p.limits }

// Cost implements channels.Channel.
func (p *provider) Cost(alerting.Message) int { return 1 }

// Check implements channels.Channel.
func (p *provider) Check(context.Context) []channels.Finding { return nil }

// Send implements channels.Channel.
func (p *provider) Send(_ context.Context, m alerting.Message) alerting.Outcome {
	p.note(m, time.Now())
	if p.latency > 0 {
		time.Sleep(p.latency)
	}
	return alerting.Outcome{State: alerting.Accepted, ProviderID: "SM" + m.Ref.Delivery.String()}
}

func (p *provider) note(m alerting.Message, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.tally(m.Ref.Alert)
	t.sent++
	if t.sent == 1 {
		t.first = now
		close(t.begun)
	}
	if town, ok := p.crowd.townOf(m.To); ok && t.breadth == 0 {
		t.towns[town] = true
		if len(t.towns) == p.crowd.areas {
			t.breadth, t.towns = t.sent, nil
		}
	}
}

func (p *provider) tally(key alerting.Key) *tally {
	t := p.alerts[key]
	if t == nil {
		t = &tally{begun: make(chan struct{}), towns: map[int]bool{}}
		p.alerts[key] = t
	}
	return t
}

// of returns what has come of an alert: read it when begun is closed and nothing more comes, but
// for first, which stands from then on.
func (p *provider) of(key alerting.Key) *tally {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tally(key)
}

// breadthOf is how many messages it took until every town had one of an alert's; 0 before.
func (p *provider) breadthOf(key alerting.Key) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tally(key).breadth
}
