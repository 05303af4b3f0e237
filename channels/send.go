package channels

import (
	"context"
	"fmt"
	"time"

	"revere/alerting"
)

// send makes one attempt. Everything that could forbid it is asked immediately before the call.
func (d *Dispatcher) send(ctx context.Context, j *job) {
	defer d.calls.release(1)
	defer d.starts.ended(j.due.Lane)
	now := d.Now()
	if not := d.forbidden(j.due, now); not != nil {
		j.settled(errNoEvidence)
		d.width.answered(j.exchange, now)
		d.finish(j.due, *not)
		return
	}
	d.width.called(j.exchange, now)
	outcome := d.call(ctx, j.message)
	done := d.Now()
	d.width.answered(j.exchange, done)
	d.Meter.Sent(d.Channel.Name(), outcome.State, done.Sub(now))
	j.settled(d.learn(outcome, now, done))
	conclusion := judge(j.due.Attempt, outcome, j.message.Expires, done, d.limits.ReconcileAfter)
	conclusion.HoldUntil = askedUntil(outcome, done)
	d.finish(j.due, conclusion)
}

// giveUp concludes an attempt on record for which there was no room in time: it is not made, and the
// message waits in the outbox again.
func (d *Dispatcher) giveUp(j *job) {
	now := d.Now()
	j.settled(errNoEvidence)
	d.width.answered(j.exchange, now)
	d.pace.keep(max(j.cost, 1))
	d.finish(j.due, alerting.Conclusion{Attempt: j.due.Attempt, RetryAt: now, Outcome: alerting.Outcome{
		State: alerting.Failed, Retry: true, Reason: "not called: the provider took too long over the calls before",
	}})
	d.jobs.done(j)
	d.calls.release(1)
}

// forbidden tells what becomes of an attempt that is on record and must not be called; nil when it
// may be.
func (d *Dispatcher) forbidden(x alerting.Due, now time.Time) *alerting.Conclusion {
	if reason := d.lapsed(); reason != "" {
		return &alerting.Conclusion{Attempt: x.Attempt, RetryAt: now, Outcome: alerting.Outcome{State: alerting.Failed, Retry: true, Reason: "not called: " + reason}}
	}
	if state, reason := d.Outbox.Blocked(x, now); reason != "" {
		return &alerting.Conclusion{Attempt: x.Attempt, Outcome: alerting.Outcome{State: state, Reason: reason}}
	}
	return nil
}

// lapsed tells why this dispatcher may call the provider no more; "" while it may.
func (d *Dispatcher) lapsed() string {
	switch {
	case !d.Lease.Held():
		return "this process is not the dispatcher any more"
	case d.failed() != nil:
		return "outcomes can't be recorded"
	}
	return ""
}

// learn adapts to what the provider answered to a call begun at called, and returns what the breaker
// is to make of it: an error when the provider, not the message, is at fault.
func (d *Dispatcher) learn(o alerting.Outcome, called, now time.Time) error {
	switch {
	case o.PauseChannel > 0:
		d.pace.hold(heldUntil(o, now))
		d.Log.Error().Str("channel", d.Channel.Name()).Str("code", o.Code).Str("reason", o.Reason).Dur("for", o.PauseChannel).Msg("channel paused")
		return fmt.Errorf("channel paused: %s", o.Reason)
	case o.State == alerting.Failed && o.Retry && o.MessageOnly:
		// To refuse this message for now, the provider must be working.
	case o.RetryAfter > 0:
		d.pace.slower(called, now, heldUntil(o, now))
		return errNoEvidence
	case o.State == alerting.Unknown, o.State == alerting.Failed && o.Retry:
		return fmt.Errorf("%s: %s", o.State, o.Reason)
	}
	d.pace.recover(now)
	return nil
}
