package channels_test

import (
	"context"
	"encoding/binary"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/channels"
)

// A world is a dispatcher with a provider, an outbox and a lease that are made of memory and note
// what happens to them. It runs in a synctest bubble: time is virtual, so that rates are exact.
type world struct {
	*outbox
	provider *provider
	lease    *lease
	meter    *meter
	channel  channels.Channel  // the provider, or the provider made a Reconciler
	account  *channels.Account // the process's
	// dispatcher is the one that was started last.
	dispatcher *channels.Dispatcher
}

func newWorld(limits channels.Limits) *world {
	p := &provider{limits: limits}
	return &world{outbox: newOutbox(), provider: p, lease: newLease(), meter: &meter{}, channel: p}
}

// start runs the dispatcher. stop ends it as a process does that is asked to, checks what must be
// true of every run, and returns what Run returned.
func (w *world) start(t testing.TB) (stop func() error) {
	ctx, cancel := context.WithCancel(t.Context())
	done := w.run(ctx)
	return func() error {
		cancel()
		err := <-done
		w.check(t)
		if err == nil { // a promise that nobody keeps takes room for good
			assert.Zero(t, w.dispatcher.Promised(), "units of the rate are promised to nobody")
		}
		return err
	}
}

func (w *world) run(ctx context.Context) <-chan error {
	d := &channels.Dispatcher{Channel: w.channel, Outbox: w.outbox, Lease: w.lease, Now: time.Now, Log: zerolog.Nop(), Meter: w.meter, Inbox: w.outbox, Account: w.account}
	w.dispatcher = d
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	return done
}

// bubble runs a test in virtual time.
func bubble(t *testing.T, limits channels.Limits, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newWorld(limits)) })
}

// pass lets virtual time pass: nothing really waits.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// check asserts what is promised of every run, whatever happened in it.
func (w *world) check(t testing.TB) {
	t.Helper()
	w.checkRecords(t)
	w.checkNothingLost(t)
	assert.LessOrEqual(t, w.provider.most, w.provider.limits.Concurrency, "more calls at once than the provider bears")
	w.checkRate(t)
}

// checkRate asserts that no second saw more than the rate.
func (w *world) checkRate(t testing.TB) {
	t.Helper()
	calls := w.provider.all()
	used, where := busiestSecond(calls)
	largest := 0
	for _, c := range calls {
		largest = max(largest, c.cost)
	}
	rate := w.provider.limits.Rate
	assert.LessOrEqual(t, float64(used), rate+max(float64(largest), rate*0.02), "pushed past its rate in the second from %v", where)
}

// checkRecords asserts that each call was on record, once, shortly before it was made.
func (w *world) checkRecords(t testing.TB) {
	t.Helper()
	type attempt struct {
		delivery uint32
		number   int
	}
	called := map[attempt]bool{}
	for _, c := range w.provider.all() {
		a := attempt{c.delivery, c.attempt}
		begun, ok := w.begunAt(c.delivery, c.attempt)
		require.True(t, ok, "delivery %d was called without attempt %d on record", c.delivery, c.attempt)
		require.False(t, called[a], "delivery %d was called twice for attempt %d", c.delivery, c.attempt)
		called[a] = true
		require.False(t, c.at.Before(begun), "delivery %d was called before its record", c.delivery)
		require.LessOrEqual(t, c.at.Sub(begun), 100*time.Millisecond, "delivery %d was called long after its record", c.delivery)
	}
}

// busiestSecond is the most units that began within any one second, and when that second began.
func busiestSecond(calls []call) (units int, from time.Time) {
	first, sum := 0, 0
	for _, c := range calls {
		sum += c.cost
		for c.at.Sub(calls[first].at) >= time.Second {
			sum -= calls[first].cost
			first++
		}
		if sum > units {
			units, from = sum, calls[first].at
		}
	}
	return units, from
}

// A call is one Send.
type call struct {
	at            time.Time
	delivery      uint32
	attempt, cost int
}

// A provider is the Channel: it answers as answer says, after takes. With neither it accepts at once.
type provider struct {
	limits channels.Limits
	takes  time.Duration
	answer func(call) alerting.Outcome

	mu           sync.Mutex
	calls        []call
	active, most int
}

func (p *provider) Name() string                             { return "test" }
func (p *provider) Format() alerting.Format                  { return alerting.Short }
func (p *provider) Limits() channels.Limits                  { return p.limits }
func (p *provider) Check(context.Context) []channels.Finding { return nil }
func (p *provider) Cost(m alerting.Message) int              { return costOf(m) }
func accepted(call) alerting.Outcome                         { return alerting.Outcome{State: alerting.Accepted} }
func refused(call) alerting.Outcome                          { return alerting.Outcome{State: alerting.Failed} }
func unavailable(call) alerting.Outcome                      { return alerting.Outcome{State: alerting.Failed, Retry: true} }
func silent(call) alerting.Outcome                           { return alerting.Outcome{State: alerting.Unknown} }
func deliveryOf(m alerting.Message) uint32                   { return binary.BigEndian.Uint32(m.Ref.Delivery[:]) }

func costOf(m alerting.Message) int {
	cost, err := strconv.Atoi(m.Text)
	if err != nil {
		panic("the test's message carries no cost: " + m.Text)
	}
	return cost
}

func (p *provider) Send(ctx context.Context, m alerting.Message) alerting.Outcome {
	c := call{at: time.Now(), delivery: deliveryOf(m), attempt: m.Ref.Attempt, cost: costOf(m)}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, c)
	p.busy()
	if ctx.Err() != nil {
		return silent(c)
	}
	if p.answer == nil {
		return accepted(c)
	}
	return p.answer(c)
}

// busy lets the time of one exchange pass, and notes how many go on together. It is called with mu
// held, and lets go of it meanwhile.
func (p *provider) busy() {
	p.active++
	p.most = max(p.most, p.active)
	takes := p.takes
	p.mu.Unlock()
	if takes > 0 {
		time.Sleep(takes)
	}
	p.mu.Lock()
	p.active--
}

// slowDown makes every call take so long from now on.
func (p *provider) slowDown(takes time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.takes = takes
}

// forgetMost begins to count anew how many calls go on at once.
func (p *provider) forgetMost() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.most = 0
}

// all are the calls so far in the order of time.
func (p *provider) all() []call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.calls)
}

func (p *provider) count() int { return len(p.all()) }

// called are the deliveries in the order of their calls.
func (p *provider) called() []uint32 {
	var ids []uint32
	for _, c := range p.all() {
		ids = append(ids, c.delivery)
	}
	return ids
}

// answers makes the provider answer otherwise from now on.
func (p *provider) answers(answer func(call) alerting.Outcome) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = answer
}

// An asked is a provider that can be asked what became of an attempt. A question takes as long as a
// message, and counts towards what goes on at once.
type asked struct {
	*provider
	tell func(nth int) (alerting.Outcome, bool, error)

	asks  []alerting.Message
	times []time.Time
}

func (w *world) canBeAsked(tell func(nth int) (alerting.Outcome, bool, error)) *asked {
	a := &asked{provider: w.provider, tell: tell}
	w.channel = a
	return a
}

func (a *asked) Reconcile(_ context.Context, m alerting.Message, _ time.Time) (alerting.Outcome, bool, error) {
	a.provider.mu.Lock()
	defer a.provider.mu.Unlock()
	a.asks = append(a.asks, m)
	a.times = append(a.times, time.Now())
	a.busy()
	return a.tell(len(a.asks))
}

// questions is how often it was asked so far.
func (a *asked) questions() int {
	a.provider.mu.Lock()
	defer a.provider.mu.Unlock()
	return len(a.asks)
}

type lease struct{ held atomic.Bool }

func newLease() *lease {
	l := &lease{}
	l.held.Store(true)
	return l
}

func (l *lease) Held() bool { return l.held.Load() }
func (l *lease) lose()      { l.held.Store(false) }

// A meter notes what it is told.
type meter struct {
	mu   sync.Mutex
	sent map[alerting.State]int
	held []bool
}

func (m *meter) Sent(_ string, state alerting.State, _ time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sent == nil {
		m.sent = map[alerting.State]int{}
	}
	m.sent[state]++
}

func (m *meter) Held(_ string, open bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held = append(m.held, open)
}

func (m *meter) all() []bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.held)
}
