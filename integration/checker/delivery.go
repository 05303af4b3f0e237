package checker

import (
	"slices"
	"time"

	"revere/alerting"
	"revere/alerting/tracking"
)

// delivery holds one delivery's history against itself and against what the provider took.
func (c *check) delivery(a *Alert, d *tracking.DeliveryView) {
	if c.Settled && !ended(a, d) {
		c.violate(Open, a, d.Address, "it is %s after %d attempts", d.State, d.Attempts)
	}
	attempts := entries(d, func(e tracking.Entry) bool { return e.State == alerting.Attempting })
	if len(attempts) != d.Attempts {
		c.violate(Miscounted, a, d.Address, "%d attempts are counted, and %d are in the history", d.Attempts, len(attempts))
	}
	c.marks(a, d)
	c.evidence(a, d)
	took := c.taken(a, d)
	c.duplicates(a, d, attempts, took)
	kept := slices.DeleteFunc(slices.Clone(took), func(m *Message) bool { return m.GivenUp })
	if len(kept) > 0 && denies(d.State) {
		c.violate(Underclaim, a, d.Address, "it is %s, and the provider has %d messages", d.State, len(kept))
	}
	arrived := slices.ContainsFunc(took, func(m *Message) bool { return m.Arrived })
	if d.State.Arrived() && !arrived {
		c.violate(Overclaim, a, d.Address, "it is %s, and the provider has no message that arrived", d.State)
	}
}

func entries(d *tracking.DeliveryView, match func(tracking.Entry) bool) []tracking.Entry {
	return slices.DeleteFunc(slices.Clone(d.History), func(e tracking.Entry) bool { return !match(e) })
}

// ended reports whether nothing more is to be done about a delivery. One that nobody can know about
// has ended when it is not to be looked into again, or need not be: its alert is over, the person has
// closed the contact, or everyone whom it is for has answered.
func ended(a *Alert, d *tracking.DeliveryView) bool {
	if d.State != alerting.Unknown {
		return d.State.Final()
	}
	n := len(d.History)
	return n > 0 && d.History[n-1].RetryAt.IsZero() || a.Summary.Phase != tracking.Open || closed(a, d, time.Time{}) || d.Notice == "" && answeredAll(a, d)
}

func answeredAll(a *Alert, d *tracking.DeliveryView) bool {
	for _, p := range a.People {
		if p.Answer == nil && slices.Contains(d.Subscribers, p.Subscriber) {
			return false
		}
	}
	return true
}

// denies reports whether a state says that nothing went out.
func denies(s alerting.State) bool {
	switch s {
	case alerting.Queued, alerting.Failed, alerting.Expired, alerting.Suppressed, alerting.Canceled:
		return true
	default:
		return false
	}
}

// marks finds attempts that follow on one whose end nobody knows, and do not say so.
func (c *check) marks(a *Alert, d *tracking.DeliveryView) {
	unknown := false
	for _, e := range d.History {
		switch {
		case e.State == alerting.Unknown:
			unknown = true
		case e.State == alerting.Attempting && unknown && !e.PossibleDuplicate:
			c.violate(Unmarked, a, d.Address, "attempt %d follows one that may have gone out", e.Attempt)
		case e.State == alerting.Attempting && !unknown && e.PossibleDuplicate:
			c.violate(Unmarked, a, d.Address, "attempt %d is marked and nothing before it was unknown", e.Attempt)
		}
	}
}

// evidence finds a state that the history does not bear out: arrival takes a receipt, and whatever
// went out takes a word of the provider's.
func (c *check) evidence(a *Alert, d *tracking.DeliveryView) {
	bears := func(e tracking.Entry) bool {
		switch {
		case d.State.Arrived():
			return e.State == d.State && (e.Receipt || e.ProviderID != "")
		case d.State == alerting.Accepted || d.State == alerting.Sent:
			return e.State == d.State && e.Attempt > 0
		default:
			return true
		}
	}
	if !slices.ContainsFunc(d.History, bears) {
		c.violate(Overclaim, a, d.Address, "it is %s, and its history does not say so", d.State)
	}
}

// duplicates holds the messages against the attempts: each recorded before it went out, and a second
// one only after an attempt whose end nobody knew.
func (c *check) duplicates(a *Alert, d *tracking.DeliveryView, attempts []tracking.Entry, took []*Message) {
	if len(took) > len(attempts) {
		c.violate(Unrecorded, a, d.Address, "%d messages, and %d attempts on record", len(took), len(attempts))
		return
	}
	for i, m := range took {
		if e, ok := attemptOf(m, i, attempts); !ok || m.At.Before(e.At) {
			c.violate(Unrecorded, a, d.Address, "a message went out at %s, and its attempt was not on record by then", m.At)
		}
	}
	marked := entries(d, func(e tracking.Entry) bool { return e.State == alerting.Attempting && e.PossibleDuplicate })
	switch extra := len(took) - 1; {
	case extra > len(marked):
		c.violate(Doubled, a, d.Address, "%d messages, and %d attempts that were marked", len(took), len(marked))
	case extra > 0 && c.Askable[d.Channel]:
		c.violate(Doubled, a, d.Address, "%d messages, although the provider could have been asked", len(took))
	}
}

// attemptOf is the attempt by which a message went out: the one that it names, else the one that is
// in its place, which is never later than the true one.
func attemptOf(m *Message, i int, attempts []tracking.Entry) (tracking.Entry, bool) {
	ref, err := alerting.ParseRef(m.Ref)
	if err != nil {
		return attempts[i], true
	}
	at := slices.IndexFunc(attempts, func(e tracking.Entry) bool { return e.Attempt == ref.Attempt })
	if at < 0 {
		return tracking.Entry{}, false
	}
	return attempts[at], true
}
