package channels

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"github.com/sony/gobreaker/v2"

	"revere/alerting"
)

// A Dispatcher sends what is due on one channel account, as the only one that does: urgent first,
// within the provider's rate and concurrency, with every attempt on record before its call and
// every outcome after it.
//
// Its life: Run holds the lease all the while; it refills the outbox from the record; then, until
// its context is done, it takes what is due, records the attempts, calls the provider and records
// what came of it. When the context is done it takes nothing more, waits for the calls that are
// under way and records their outcomes.
type Dispatcher struct {
	Channel Channel
	Outbox  Outbox
	Lease   Lease
	Now     func() time.Time
	Log     zerolog.Logger
	Meter   Meter

	limits  Limits
	pace    *pace
	breaker *gobreaker.TwoStepCircuitBreaker[any]
	free    chan struct{} // signaled when a call has ended

	mu       sync.Mutex
	inFlight int
	paused   time.Time // until when nothing is sent
	failure  error     // the record can't be written: the dispatcher must stop

	calls sync.WaitGroup
}

// A Meter is told what a dispatcher does, for metrics.
type Meter interface {
	Sent(channel string, state alerting.State, took time.Duration)
	Held(channel string, open bool)
}

// The breaker opens after so many failures of the provider in a row, and lets one message through
// after a while to see whether the provider is back.
const (
	breakerFailures = 5
	breakerRest     = 10 * time.Second
	breakerPoll     = 200 * time.Millisecond
	// window bounds how many attempts one record names.
	window = 64
)

// Run dispatches until ctx is done. An error means that the record could not be written; whoever
// holds the lease begins again with a new Dispatcher.
func (d *Dispatcher) Run(ctx context.Context) error {
	d.limits = d.Channel.Limits()
	d.pace = newPace(d.limits.Rate)
	d.free = make(chan struct{}, 1)
	d.breaker = gobreaker.NewTwoStepCircuitBreaker[any](gobreaker.Settings{
		Name: d.Channel.Name(), MaxRequests: 1, Timeout: breakerRest,
		ReadyToTrip:   func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= breakerFailures },
		OnStateChange: d.breakerChanged,
	})
	defer d.calls.Wait()
	if err := d.Outbox.Refill(ctx, d.reconcileAt); err != nil {
		return err
	}
	for ctx.Err() == nil && d.Lease.Held() {
		if err := d.failed(); err != nil {
			return err
		}
		sent, wait := d.round(ctx)
		if !sent {
			d.rest(ctx, wait)
		}
	}
	d.calls.Wait()
	return d.failed()
}

func (d *Dispatcher) breakerChanged(_ string, _, to gobreaker.State) {
	d.Log.Warn().Str("channel", d.Channel.Name()).Str("breaker", to.String()).Msg("the provider's breaker changed")
	d.Meter.Held(d.Channel.Name(), to == gobreaker.StateOpen)
}

func (d *Dispatcher) reconcileAt(attempted time.Time) time.Time {
	return attempted.Add(d.limits.ReconcileAfter)
}

// idle is how long the dispatcher rests at most: what it waits for wakes it sooner.
const idle = time.Second

// round sends what is due and may be sent now. When that is nothing it returns how long it will be
// so, unless something wakes the dispatcher.
func (d *Dispatcher) round(ctx context.Context) (sent bool, wait time.Duration) {
	now := d.Now()
	n, low, wait := d.permits(now)
	if n == 0 {
		return false, wait
	}
	due := d.Outbox.Take(n, low, now)
	if len(due) == 0 {
		return false, d.untilRetry(now)
	}
	jobs, gaveBack := d.prepare(ctx, due, now)
	if len(jobs) == 0 {
		return !gaveBack, breakerPoll
	}
	d.begin(ctx, jobs)
	return true, 0
}

// permits is how many messages may be started now, and how many of them from the lower lanes: a
// quarter of the provider's concurrency is kept for the most urgent, where it has more than one.
func (d *Dispatcher) permits(now time.Time) (n, low int, wait time.Duration) {
	d.mu.Lock()
	inFlight, paused := d.inFlight, d.paused
	d.mu.Unlock()
	if now.Before(paused) {
		return 0, 0, paused.Sub(now)
	}
	n = min(d.limits.Concurrency-inFlight, window)
	switch d.breaker.State() {
	case gobreaker.StateOpen:
		return 0, 0, breakerPoll
	case gobreaker.StateHalfOpen:
		n = min(n, 1-inFlight)
	}
	if n <= 0 {
		return 0, 0, idle
	}
	units, wait := d.pace.room(now)
	if n = min(n, units); n == 0 {
		return 0, 0, wait
	}
	kept := 0
	if d.limits.Concurrency > 1 {
		kept = (d.limits.Concurrency + 3) / 4
	}
	return n, max(0, d.limits.Concurrency-kept-inFlight), 0
}

func (d *Dispatcher) untilRetry(now time.Time) time.Duration {
	if next := d.Outbox.NextRetry(); !next.IsZero() {
		return min(max(next.Sub(now), time.Millisecond), idle)
	}
	return idle
}

func (d *Dispatcher) rest(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-d.free:
	case <-d.Outbox.Wake():
	}
}

// A job is one delivery that is about to be sent.
type job struct {
	due     alerting.Due
	message alerting.Message
	start   time.Time
	settled func(error) // tells the breaker how it went
}

// prepare words the messages and gives each its time. What does not fit into the horizon is given
// back; what can't be worded is recorded as failed; what is unsettled is looked into first.
func (d *Dispatcher) prepare(ctx context.Context, due []alerting.Due, now time.Time) (jobs []job, gaveBack bool) {
	jobs = make([]job, 0, len(due))
	for i, x := range due {
		if provider, canAsk := d.Channel.(Reconciler); x.Unsettled && canAsk {
			d.call(func() { d.reconcile(context.WithoutCancel(ctx), provider, x) })
			continue
		}
		j, ok, err := d.job(x, now)
		if err != nil {
			d.finish(ctx, x, unworded(err))
			continue
		}
		if !ok {
			d.Outbox.GiveBack(due[i:])
			return jobs, true
		}
		jobs = append(jobs, j)
	}
	return jobs, false
}

func unworded(err error) alerting.Conclusion {
	return alerting.Conclusion{Outcome: alerting.Outcome{State: alerting.Failed, Reason: err.Error()}}
}

// job words one message and reserves its start. ok is false when it can't start within the horizon.
func (d *Dispatcher) job(x alerting.Due, now time.Time) (j job, ok bool, err error) {
	message, err := d.Outbox.Message(x)
	if err != nil {
		return job{}, false, err
	}
	settled, err := d.breaker.Allow()
	if err != nil {
		return job{}, false, nil
	}
	start, ok := d.pace.slot(now, d.Channel.Cost(message))
	if !ok {
		settled(nil)
		return job{}, false, nil
	}
	return job{x, message, start, settled}, true, nil
}

// reconcile asks the provider about a delivery whose last attempt is unsettled, and sends it again
// only when the provider does not have it.
func (d *Dispatcher) reconcile(ctx context.Context, provider Reconciler, x alerting.Due) {
	last := x.Attempt - 1
	message, err := d.Outbox.Message(x)
	if err != nil {
		d.finish(ctx, x, unworded(err))
		return
	}
	message.Ref.Attempt = last
	outcome, found, err := provider.Reconcile(ctx, message, x.Since)
	switch {
	case err != nil:
		d.stayUnknown(ctx, x, "the provider could not be asked: "+err.Error())
	case found:
		d.finish(ctx, x, judge(last, outcome, message.Expires, d.Now(), d.limits.ReconcileAfter))
	default:
		d.resend(ctx, x)
	}
}

func (d *Dispatcher) stayUnknown(ctx context.Context, x alerting.Due, reason string) {
	last := x.Attempt - 1
	d.finish(ctx, x, alerting.Conclusion{Attempt: last, RetryAt: d.Now().Add(backoff(last)), Outcome: alerting.Outcome{State: alerting.Unknown, Reason: reason}})
}

// resend makes the next attempt of a delivery that the provider does not have.
func (d *Dispatcher) resend(ctx context.Context, x alerting.Due) {
	now := d.Now()
	if _, wait := d.pace.room(now); wait > 0 {
		time.Sleep(wait)
		now = d.Now()
	}
	j, ok, err := d.job(x, now)
	switch {
	case err != nil:
		d.finish(ctx, x, unworded(err))
	case !ok:
		d.stayUnknown(ctx, x, "the provider does not have it; it is sent again as soon as the channel is free")
	default:
		if err := d.Outbox.Begin(ctx, []alerting.Due{x}); err != nil {
			j.settled(nil)
			d.fail(fmt.Errorf("record attempts: %w", err))
			return
		}
		d.send(ctx, j)
	}
}

// begin puts the attempts on record and calls the provider.
func (d *Dispatcher) begin(ctx context.Context, jobs []job) {
	due := make([]alerting.Due, len(jobs))
	for i, j := range jobs {
		due[i] = j.due
	}
	if err := d.Outbox.Begin(context.WithoutCancel(ctx), due); err != nil {
		d.fail(fmt.Errorf("record attempts: %w", err))
		for _, j := range jobs {
			j.settled(nil)
		}
		return
	}
	for _, j := range jobs {
		d.call(func() { d.send(context.WithoutCancel(ctx), j) })
	}
}

// call runs one exchange with the provider beside the others.
func (d *Dispatcher) call(exchange func()) {
	d.mu.Lock()
	d.inFlight++
	d.mu.Unlock()
	d.calls.Add(1)
	go func() {
		defer d.calls.Done()
		exchange()
		d.mu.Lock()
		d.inFlight--
		d.mu.Unlock()
		select {
		case d.free <- struct{}{}:
		default:
		}
	}()
}

// send makes one attempt. Everything that could forbid it is asked immediately before the call.
func (d *Dispatcher) send(ctx context.Context, j job) {
	if wait := j.start.Sub(d.Now()); wait > 0 {
		time.Sleep(wait)
	}
	now := d.Now()
	if !d.Lease.Held() {
		j.settled(nil)
		d.finish(ctx, j.due, alerting.Conclusion{Attempt: j.due.Attempt, RetryAt: now, Outcome: alerting.Outcome{State: alerting.Failed, Retry: true, Reason: "not called: this process is not the dispatcher any more"}})
		return
	}
	if state, reason := d.Outbox.Blocked(j.due, now); reason != "" {
		j.settled(nil)
		d.finish(ctx, j.due, alerting.Conclusion{Attempt: j.due.Attempt, Outcome: alerting.Outcome{State: state, Reason: reason}})
		return
	}
	outcome := d.Channel.Send(ctx, j.message)
	done := d.Now()
	d.Meter.Sent(d.Channel.Name(), outcome.State, done.Sub(now))
	j.settled(d.learn(outcome, done))
	d.finish(ctx, j.due, judge(j.due.Attempt, outcome, j.message.Expires, done, d.limits.ReconcileAfter))
}

// learn adapts to what the provider answered, and returns an error when the answer says that the
// provider, not the message, is at fault.
func (d *Dispatcher) learn(o alerting.Outcome, now time.Time) error {
	switch {
	case o.PauseChannel > 0:
		d.pause(now.Add(o.PauseChannel))
		d.Log.Error().Str("channel", d.Channel.Name()).Str("code", o.Code).Str("reason", o.Reason).Dur("for", o.PauseChannel).Msg("channel paused: it needs the operator")
		return nil
	case o.RetryAfter > 0:
		d.pause(now.Add(o.RetryAfter))
		d.pace.slower(now)
		return nil
	case o.State == alerting.Unknown, o.State == alerting.Failed && o.Retry:
		return fmt.Errorf("%s: %s", o.State, o.Reason)
	}
	d.pace.recover(now)
	return nil
}

func (d *Dispatcher) pause(until time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if until.After(d.paused) {
		d.paused = until
	}
}

func (d *Dispatcher) finish(ctx context.Context, due alerting.Due, r alerting.Conclusion) {
	if err := d.Outbox.Finish(ctx, due, r); err != nil {
		d.fail(fmt.Errorf("record an outcome: %w", err))
	}
}

func (d *Dispatcher) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.failure == nil {
		d.failure = err
	}
}

func (d *Dispatcher) failed() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.failure
}
