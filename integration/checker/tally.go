package checker

import (
	"time"

	"revere/alerting"
	"revere/alerting/tracking"
)

// A tally is what the records add up to for one delivery.
type tally struct {
	channel, address string
	notice           alerting.NoticeKind
	text             string // a notice's
	people           []*person

	state, prior alerting.State // the highest evidence, and that of the attempts before the newest
	attempts     int
	retryAt      time.Time
	used         bool // due once, or tried; else it is a contact in reserve
	closed       bool // by STOP
	refused      bool // a receipt said that the newest attempt failed for good
	history      []told
}

// told is an entry of the history. What is derived has a reason that is the board's wording of a decision and
// on no record: it is not compared.
type told struct {
	tracking.Entry
	derived bool
}

func (t *tally) keep(e tracking.Entry)   { t.history = append(t.history, told{e, false}) }
func (t *tally) derive(e tracking.Entry) { t.history = append(t.history, told{e, true}) }

// reserve reports whether a delivery is a contact that was not used, and is not shown.
func (t *tally) reserve() bool { return !t.used && t.state == alerting.Queued }

func (t *tally) allAnswered() bool {
	for _, p := range t.people {
		if p.counts() == nil {
			return false
		}
	}
	return len(t.people) > 0
}

// hasIt reports whether a state says that the provider took the message, and not that it lost it.
func hasIt(s alerting.State) bool {
	return s == alerting.Accepted || s == alerting.Sent || s.Arrived()
}

// becomeDue makes a contact due that is in reserve, or was stopped because its people had answered.
func (t *tally) becomeDue(at time.Time, reason string, derived bool) {
	if !t.reserve() && t.state != alerting.Canceled {
		return
	}
	t.history = append(t.history, told{tracking.Entry{At: at, State: alerting.Queued, Reason: reason}, derived})
	t.state, t.used = alerting.Queued, true
}

// stop ends a delivery that is due.
func (t *tally) stop(at time.Time, state alerting.State) {
	if t.used && t.state == alerting.Queued {
		t.derive(tracking.Entry{At: at, State: state})
		t.show(state, time.Time{})
	}
}

// attempted takes in an attempt. Whether the one before went out nobody will hear, where nobody did.
func (t *tally) attempted(at time.Time, x alerting.Attempt) {
	before := t.state
	if before == alerting.Attempting {
		before = alerting.Unknown
	}
	if before.WentOut() && before.Outranks(t.prior) {
		t.prior = before
	}
	t.attempts = max(t.attempts, x.Attempt)
	t.state, t.retryAt, t.used, t.refused = alerting.Attempting, time.Time{}, true, false
	t.keep(tracking.Entry{At: at, State: alerting.Attempting, Attempt: x.Attempt, PossibleDuplicate: x.PossibleDuplicate})
}

// learned takes in what became known of a delivery.
func (k *reckoning) learned(t *tally, at time.Time, x alerting.Result) {
	e := tracking.Entry{At: at, State: x.State, Attempt: x.Attempt, ProviderID: x.ProviderID, Code: x.Code, Reason: x.Reason, RetryAt: x.RetryAt, Receipt: x.Receipt}
	awaited := t.state == alerting.Attempting || t.state == alerting.Unknown && !t.retryAt.IsZero()
	forNow := x.State == alerting.Failed && !x.RetryAt.IsZero()
	if x.State != alerting.Queued && x.State != alerting.Attempting { // neither is a result
		switch {
		case x.Attempt > 0 && x.Attempt < t.attempts:
			t.earlier(x.State)
		case x.Receipt:
			t.receipt(x.State)
		case forNow && awaited:
			e.State = alerting.Queued
			defer k.goOn(t, at)
			t.show(alerting.Queued, x.RetryAt)
		case forNow:
		case unsent(x.State):
			if t.state == alerting.Queued || t.state == alerting.Attempting {
				t.show(x.State, x.RetryAt)
			}
		case awaited || t.raisedBy(x.State):
			defer k.goOn(t, at)
			t.show(x.State, x.RetryAt)
		}
	}
	t.keep(e)
}

// unsent reports whether a state says that it was decided not to send.
func unsent(s alerting.State) bool {
	return s == alerting.Suppressed || s == alerting.Canceled || s == alerting.Expired
}

// show takes in what became of the newest attempt. An earlier one that went out counts for more than one that
// did not.
func (t *tally) show(state alerting.State, retryAt time.Time) {
	t.state, t.retryAt, t.refused = state, retryAt, false
	ended := retryAt.IsZero() && !state.WentOut()
	if (hasIt(t.prior) || ended) && t.prior.Outranks(state) {
		t.state = t.prior
	}
}

// earlier takes in what became known of an attempt before the newest: only that it went out counts.
func (t *tally) earlier(s alerting.State) {
	if s.WentOut() && s.Outranks(t.prior) {
		t.prior = s
	}
	if hasIt(s) && s.Outranks(t.state) {
		t.state, t.retryAt, t.refused = s, time.Time{}, false
	}
}

// receipt takes in the provider's later word. It raises a state; that the provider gave up ends what looked
// well and had not arrived.
func (t *tally) receipt(s alerting.State) {
	counts := t.raisedBy(s)
	switch s {
	case alerting.Unknown:
		counts = false
	case alerting.Failed:
		counts = t.state == alerting.Attempting || t.state == alerting.Unknown || t.state == alerting.Accepted || t.state == alerting.Sent
	}
	if counts {
		t.state, t.retryAt, t.refused = s, time.Time{}, s == alerting.Failed
	}
}

func (t *tally) raisedBy(s alerting.State) bool {
	if t.refused {
		return s.Outranks(alerting.Sent)
	}
	return s.Outranks(t.state)
}

// goOn decides whether a delivery is tried, or asked about, again.
func (k *reckoning) goOn(t *tally, at time.Time) {
	if t.retryAt.IsZero() {
		return
	}
	b := k.blocks(t)
	if !b.stops {
		return
	}
	if t.state == alerting.Queued {
		t.derive(tracking.Entry{At: at, State: b.state})
		t.show(b.state, time.Time{})
	}
	t.retryAt = time.Time{}
}

// A block is why a delivery must not go out, and how it is shown then.
type block struct {
	state alerting.State
	stops bool
}

func (k *reckoning) blocks(t *tally) block {
	over, isOver := k.over()
	switch {
	case hasIt(t.prior):
		return block{alerting.Canceled, true}
	case t.notice != "":
		return block{}
	case t.closed:
		return block{alerting.Suppressed, true}
	case isOver:
		return block{over, true}
	case k.opened.Alert.Type.Corrects() && !t.prior.WentOut():
		return block{} // a correction goes to every address once
	case t.allAnswered():
		return block{alerting.Canceled, true}
	}
	return block{}
}
