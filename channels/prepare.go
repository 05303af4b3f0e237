package channels

import (
	"context"
	"fmt"
	"time"

	"revere/alerting"
)

// prepare makes jobs of what was taken. What needs no call is concluded; what is to be asked about
// joins the questions; what can't start within the horizon, or the breaker refuses, is given back with
// everything behind it.
func (d *Dispatcher) prepare(due []alerting.Due, now time.Time) *attempts {
	begun := d.recording.next()
	for i, x := range due {
		if _, ask := d.asks(x); ask {
			d.questions.wait(x)
			continue
		}
		message, needless := d.word(x, false, now)
		if needless != nil {
			d.finish(x, *needless)
			continue
		}
		if units, _ := d.pace.room(x.Lane, now); units < 1 {
			d.Outbox.GiveBack(due[i:])
			break
		}
		settled, err := d.breaker.Allow()
		if err != nil {
			d.Outbox.GiveBack(due[i:])
			break
		}
		cost := d.Channel.Cost(message)
		d.pace.promise(cost)
		j := d.jobs.next()
		j.due, j.message, j.cost, j.settled, j.exchange = x, message, cost, settled, d.width.began(now)
		begun.due, begun.jobs = append(begun.due, x), append(begun.jobs, j)
	}
	return begun
}

// word words a delivery's message. needless is set when there is nothing to call the provider for:
// the message can't be worded, or must not be sent and there is nothing to ask.
func (d *Dispatcher) word(x alerting.Due, ask bool, now time.Time) (m alerting.Message, needless *alerting.Conclusion) {
	m, err := d.Outbox.Message(x)
	if err != nil {
		return m, uncalled(x, alerting.Failed, "the message can't be worded: "+err.Error())
	}
	if state, reason := d.Outbox.Blocked(x, now); reason != "" && !ask {
		return m, uncalled(x, state, reason)
	}
	return m, nil
}

// uncalled concludes a delivery without another attempt. One that may have gone out stays Unknown:
// that it is not sent again says nothing about the attempt before.
func uncalled(x alerting.Due, state alerting.State, reason string) *alerting.Conclusion {
	if x.Unsettled {
		return &alerting.Conclusion{Attempt: x.Attempt - 1, Outcome: alerting.Outcome{State: alerting.Unknown, Reason: "not sent again: " + reason}}
	}
	return &alerting.Conclusion{Outcome: alerting.Outcome{State: state, Reason: reason}}
}

// begin puts the attempts on record while the rounds go on, and then has them started. The starts
// are reckoned from when the record is durable, so that a slow record never bunches the calls.
func (d *Dispatcher) begin(ctx context.Context, a *attempts) {
	d.calls.reserve(len(a.jobs))
	before, started := d.recording.begin()
	go func() {
		defer close(started)
		began := d.Now()
		err := d.Outbox.Begin(ctx, a.due)
		d.width.recorded(d.Now().Sub(began))
		if err != nil {
			d.fail(fmt.Errorf("record attempts: %w", err))
			d.calls.release(len(a.jobs))
		} else {
			<-before
			d.starts.add(a.jobs)
			d.calls.signal()
		}
		d.recording.end(a)
	}()
}
