package tracking

import (
	"time"

	"revere/alerting"
)

// taken reports whether a provider has, or had and delivered, a message: no other attempt is needed.
func taken(s alerting.State) bool {
	return s == alerting.Accepted || s == alerting.Sent || s.Arrived()
}

func notSent(s alerting.State) bool {
	return s == alerting.Suppressed || s == alerting.Canceled || s == alerting.Expired
}

func (b *Board) foldAttempt(a *alert, at time.Time, x alerting.Attempt) {
	if int(x.Delivery) >= len(a.deliveries) {
		return
	}
	d := &a.deliveries[x.Delivery]
	counted, before := d.standing(), d.state
	if before == alerting.Attempting {
		before = alerting.Unknown // nobody will hear any more what became of it
	}
	if before.WentOut() && before.Outranks(d.prior) {
		d.prior = before
	}
	d.attempts = max(d.attempts, uint16(x.Attempt))
	d.state, d.retryAt = alerting.Attempting, 0
	d.traits.set(active, true)
	d.traits.set(refused, false)
	_, over := a.over()
	d.traits.set(uncalled, over != "" && !d.traits.has(orphan))
	b.pace(d.channel).begin(begun{a.key, x.Delivery, uint16(x.Attempt)})
	a.keep(d, Entry{At: at, State: alerting.Attempting, Attempt: x.Attempt, PossibleDuplicate: x.PossibleDuplicate})
	b.recount(a, x.Delivery, counted)
}

// foldResult takes in what became known about a delivery. Results come late, twice and out of
// order; all are kept, and the highest evidence shows.
func (b *Board) foldResult(a *alert, at time.Time, x *alerting.Result) {
	if int(x.Delivery) >= len(a.deliveries) {
		return
	}
	d := &a.deliveries[x.Delivery]
	counted := d.standing()
	e := Entry{At: at, State: x.State, Attempt: x.Attempt, ProviderID: x.ProviderID, Code: x.Code, Reason: x.Reason, RetryAt: x.RetryAt, Receipt: x.Receipt}
	awaited := d.state == alerting.Attempting || d.unsettled()
	again := x.State == alerting.Failed && !x.RetryAt.IsZero()
	switch {
	case x.State == alerting.Queued || x.State == alerting.Attempting:
		a.keep(d, e) // not a result
	case x.Attempt != 0 && x.Attempt < int(d.attempts):
		a.learnOfEarlier(d, e)
	case x.Receipt:
		a.learn(d, e)
	case notSent(x.State) && (d.state == alerting.Queued || d.state == alerting.Attempting):
		a.settle(d, e)
	case again && awaited:
		e.State = alerting.Queued
		a.settle(d, e)
		b.resume(a, at, x.Delivery)
	case !again && !notSent(x.State) && (awaited || d.raisedBy(x.State)):
		a.settle(d, e)
		b.resume(a, at, x.Delivery)
	default:
		a.keep(d, e)
	}
	b.recount(a, x.Delivery, counted)
}

// settle takes in what became of the newest attempt, and shows the highest evidence there is. What
// an earlier attempt failed at says nothing about a later one that went out.
func (a *alert) settle(d *delivery, e Entry) {
	a.keep(d, e)
	d.state, d.retryAt = e.State, momentOf(e.RetryAt)
	d.traits.set(refused, false)
	overrides := taken(d.prior) || d.retryAt == 0 && !d.state.WentOut()
	if overrides && d.prior.Outranks(d.state) {
		d.state = d.prior
	}
}

// unsettled reports whether the provider is still to be asked about the newest attempt.
func (d *delivery) unsettled() bool { return d.state == alerting.Unknown && d.retryAt != 0 }

// raisedBy reports whether a state is higher evidence than what is known. A receipt that says that
// the provider gave up is not undone by the provider's earlier word that comes after it.
func (d *delivery) raisedBy(s alerting.State) bool {
	if d.traits.has(refused) {
		return s.Outranks(alerting.Sent)
	}
	return s.Outranks(d.state)
}

// learn takes in a receipt about the newest attempt: it can only raise the state. One that says that
// the provider gave up ends what looked well until then, and what was not known.
func (a *alert) learn(d *delivery, e Entry) {
	a.keep(d, e)
	raises := d.raisedBy(e.State)
	switch e.State {
	case alerting.Unknown:
		return // a receipt that knows nothing
	case alerting.Failed:
		raises = d.state == alerting.Attempting || d.state == alerting.Unknown || d.state == alerting.Accepted || d.state == alerting.Sent
	}
	if raises {
		d.state, d.retryAt = e.State, 0
		d.traits.set(refused, e.State == alerting.Failed)
	}
}

// learnOfEarlier takes in what became known about an attempt before the newest. That it went out
// counts; that it failed says nothing about the newest.
func (a *alert) learnOfEarlier(d *delivery, e Entry) {
	a.keep(d, e)
	if e.State.WentOut() && e.State.Outranks(d.prior) {
		d.prior = e.State
	}
	if taken(e.State) && e.State.Outranks(d.state) {
		d.state, d.retryAt = e.State, 0
		d.traits.set(refused, false)
	}
}

// resume offers a delivery for its next attempt, unless there is no need for one any more.
func (b *Board) resume(a *alert, at time.Time, i uint32) {
	d := &a.deliveries[i]
	if d.retryAt == 0 {
		return
	}
	if state, reason := a.blocked(i); reason != "" {
		if d.state == alerting.Queued {
			a.settle(d, Entry{At: at, State: state, Reason: reason})
		}
		d.retryAt = 0
		return
	}
	b.postpone(a, i)
}

// blocked tells why a delivery must not go out, as far as the ledger knows. Reason is "" when it may.
func (a *alert) blocked(i uint32) (state alerting.State, reason string) {
	d := &a.deliveries[i]
	switch {
	case taken(d.prior):
		return alerting.Canceled, "an earlier attempt went out after all"
	case d.traits.has(orphan):
		return 0, ""
	case d.traits.has(optedOut):
		return alerting.Suppressed, "opted out (STOP)"
	}
	if state, reason := a.over(); reason != "" {
		return state, reason
	}
	// A correction goes to every address once, whoever has answered; only its repetition is spared.
	if once := a.opened.Alert.Type.Corrects() && !d.prior.WentOut(); !once && a.allAnswered(i) {
		return alerting.Canceled, "already acknowledged"
	}
	return 0, ""
}

// over tells why nothing more of the alert goes out. Reason is "" while it takes place.
func (a *alert) over() (state alerting.State, reason string) {
	switch {
	case a.withdrawn != nil && a.withdrawn.Type == alerting.TypeUpdate:
		return alerting.Canceled, "the alert was replaced by an update"
	case a.withdrawn != nil:
		return alerting.Canceled, "the alert was withdrawn"
	case a.expired:
		return alerting.Expired, "the alert expired"
	}
	return 0, ""
}
