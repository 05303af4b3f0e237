package channels

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"revere/alerting"
)

// questions are the deliveries whose last attempt the provider is to be asked about. They are put
// beside the sending, so that a provider that can't be asked holds up no message: they have a pace of their
// own, which is slowed when the provider refuses them, and messages go on at theirs. What waits is the rounds' own.
type questions struct {
	pace     *pace
	refusals refusals
	waiting  [alerting.Lanes][]alerting.Due
	// yield lets a message go before the next question, so that the two take turns where there is
	// no room for both.
	yield    bool
	underWay atomic.Int64
}

func (q *questions) wait(x alerting.Due) { q.waiting[x.Lane] = append(q.waiting[x.Lane], x) }

// all are the deliveries that wait, in order.
func (q *questions) all() []alerting.Due { return slices.Concat(q.waiting[:]...) }

func (q *questions) any() bool {
	return slices.ContainsFunc(q.waiting[:], func(lane []alerting.Due) bool { return len(lane) > 0 })
}

// next removes the first that waits in one of the given number of lanes.
func (q *questions) next(lanes int) (x alerting.Due, found bool) {
	for lane := range lanes {
		if waiting := q.waiting[lane]; len(waiting) > 0 {
			q.waiting[lane] = waiting[1:]
			return waiting[0], true
		}
	}
	return x, false
}

// As many questions are put a second as units of messages, but for leastAsked, since a provider that queues
// messages for their turn answers questions at once, and mostAsked, since the pace finds that fewer are wanted, and
// how many, by trying: from a higher one many would be put in vain.
const leastAsked, mostAsked = 10, 200

func (q *questions) set(l Limits) { q.pace = newPace(min(max(l.Rate, leastAsked), mostAsked)) }

// ask puts the questions for which there is room now, and tells how long there is no turn for the next. They
// are not the breaker's matter: that questions fail says nothing about sending, nor does it that they are answered.
func (d *Dispatcher) ask(ctx context.Context, now time.Time) (wait time.Duration) {
	if d.questions.refusals.goOn() {
		d.unasked()
	}
	if d.pace.held(now) {
		return idle
	}
	ctx = context.WithoutCancel(ctx) // what is begun is brought to its end
	for d.questions.any() {
		lanes := d.askable(now)
		if lanes == 0 || !d.starts.question() {
			return idle
		}
		if wait := d.questions.pace.turn(now); wait > 0 {
			d.starts.answered()
			return wait
		}
		x, found := d.questions.next(lanes)
		if !found {
			d.starts.answered()
			return idle
		}
		provider, ask := d.asks(x)
		message, needless := d.word(x, ask, now)
		if needless != nil {
			d.starts.answered()
			d.finish(x, *needless)
			continue
		}
		d.questions.yield = true
		d.questions.underWay.Add(1)
		d.calls.reserve(1)
		d.calls.make(func() {
			d.reconcile(ctx, provider, x, message)
			d.starts.answered()
			d.calls.release(1)
			d.questions.underWay.Add(-1) // last: the place is a message's first, where they take turns
			d.calls.signal()
		})
	}
	return idle
}

// unasked has everything sent again that waits to be asked about, since the provider answers nothing.
func (d *Dispatcher) unasked() {
	waiting := d.questions.all()
	d.questions.waiting = [alerting.Lanes][]alerting.Due{}
	for _, x := range waiting {
		d.untold.forget(x)
		d.absent.remember(x)
	}
	d.Outbox.GiveBack(waiting)
}

// askable is in how many of the lanes, from the most urgent, questions may be put now: up to a
// quarter of the concurrency is for them, and only the most urgent take what is spared for its like.
func (d *Dispatcher) askable(now time.Time) int {
	most := d.limits.Concurrency
	underWay := d.underWay(now)
	switch {
	case int(d.questions.underWay.Load()) >= max(1, most/4), underWay >= most:
		return 0
	case underWay >= most-spared(most):
		return 1
	}
	return alerting.Lanes
}

// underWay is how many calls go on, or are about to: what is recorded ahead of its call waits.
func (d *Dispatcher) underWay(now time.Time) int {
	return max(d.starts.underWay(), d.calls.count()-d.width.ahead(d.width.at(now), now))
}
