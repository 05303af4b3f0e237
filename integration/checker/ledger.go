package checker

import (
	"slices"
	"time"

	"revere/alerting"
	"revere/alerting/tracking"
)

// ledger adds an alert's records up again, and holds all that is shown of its deliveries and people against
// them: states, attempts, every line of every history with its times, answers, and everything counted.
//
// Not compared are the words in which the board tells a decision of its own, which are on no record (see
// told); names, areas and the alert itself, which are shown as the record has them; and the newest record's
// sequence, by which the records were chosen.
func (c *check) ledger(a *Alert) {
	if a.Records == nil {
		return
	}
	k := reckon(a.Records)
	if k.opened == nil {
		c.violate(Unfolded, a, "", "no record opens it")
		return
	}
	c.recorded(a, k)
	c.listed(a, k)
	c.counted(a, k)
}

// differs notes a value that is not shown as the records have it.
func differs[T comparable](c *check, a *Alert, address, what string, shown, recorded T) {
	if shown != recorded {
		c.violate(Unfolded, a, address, "%s: shown is %v, and on record %v", what, shown, recorded)
	}
}

// recorded holds the deliveries that are shown against those on record. A contact in reserve is not shown.
func (c *check) recorded(a *Alert, k *reckoning) {
	shown := map[*tally]bool{}
	for i := range a.Deliveries {
		d := &a.Deliveries[i]
		t := k.tally(d.Index)
		if t == nil || d.Channel != t.channel || d.Address != t.address || d.Notice != t.notice {
			c.violate(Unfolded, a, d.Address, "delivery %d is another on record, or none", d.Index)
			continue
		}
		if t.reserve() {
			c.violate(Unfolded, a, d.Address, "it is shown, and is in reserve on record")
			continue
		}
		shown[t] = true
		c.tally(a, d, t)
	}
	for _, t := range k.tallies {
		if !shown[t] && !t.reserve() {
			c.violate(Unfolded, a, t.address, "it is %s on %s on record, and is not shown", t.state, t.channel)
		}
	}
}

func (c *check) tally(a *Alert, d *tracking.DeliveryView, t *tally) {
	differs(c, a, d.Address, "state", d.State, t.state)
	differs(c, a, d.Address, "attempts", d.Attempts, t.attempts)
	var people []string
	for _, p := range t.people {
		people = append(people, p.Subscriber)
	}
	if !sameSet(d.Subscribers, people) {
		c.violate(Unfolded, a, d.Address, "it is shown as for %v, and is for %v", d.Subscribers, people)
	}
	differs(c, a, d.Address, "lines of history", len(d.History), len(t.history))
	for i := range min(len(d.History), len(t.history)) {
		shown, recorded := moments(d.History[i]), moments(t.history[i].Entry)
		if t.history[i].derived {
			shown.Reason, recorded.Reason = "", ""
		}
		if shown != recorded {
			c.violate(Unfolded, a, d.Address, "line %d of the history: shown is %+v, and on record %+v", i, shown, recorded)
		}
	}
}

// moments is an entry with its times as they are shown, in milliseconds: so entries can be compared.
func moments(e tracking.Entry) tracking.Entry {
	e.At, e.RetryAt = moment(e.At), moment(e.RetryAt)
	return e
}

func moment(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.UnixMilli(t.UnixMilli()).UTC()
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// listed holds the people, who are shown in the order in which the records introduce them.
func (c *check) listed(a *Alert, k *reckoning) {
	differs(c, a, "people", "how many", len(a.People), len(k.people))
	for i := range min(len(a.People), len(k.people)) {
		shown, p := &a.People[i], k.people[i]
		differs(c, a, shown.Subscriber, "subscriber", shown.Subscriber, p.Subscriber)
		differs(c, a, shown.Subscriber, "reached", shown.Reached, p.reached())
		differs(c, a, shown.Subscriber, "delivered", shown.Delivered, p.delivered())
		differs(c, a, shown.Subscriber, "a gap", shown.Gap, p.gap())
		c.answered(a, shown, p, k)
		differs(c, a, shown.Subscriber, "contacts", len(shown.Contacts), len(p.contacts))
		for j := range min(len(shown.Contacts), len(p.contacts)) {
			have, t := shown.Contacts[j], p.contacts[j]
			have.Reason = "" // of the history's last line, which is compared there
			differs(c, a, shown.Subscriber, "contact", have, tracking.ContactView{Channel: t.channel, Address: t.address, Reserve: t.reserve(), State: t.state})
		}
	}
}

// answered holds a person's answers: the one that counts, and all that were given.
func (c *check) answered(a *Alert, shown *tracking.PersonView, p *person, k *reckoning) {
	counts := p.counts()
	if counts != nil && shown.Answer == nil {
		c.violate(Forgotten, a, shown.Subscriber, "an answer of %s is on record, and is not shown", moment(counts.at))
	}
	if shown.Answer != nil {
		differs(c, a, shown.Subscriber, "the answer that counts", given(*shown.Answer), p.view(counts, k))
	}
	differs(c, a, shown.Subscriber, "answers", len(shown.Answers), len(p.answers))
	for i := range min(len(shown.Answers), len(p.answers)) {
		differs(c, a, shown.Subscriber, "an answer", given(shown.Answers[i]), p.view(p.answers[i], k))
	}
}

// view is an answer as it should be shown; the zero one where there is none.
func (p *person) view(x *answer, k *reckoning) tracking.AnswerView {
	if x == nil {
		return tracking.AnswerView{}
	}
	return given(tracking.AnswerView{
		Subscriber: p.Subscriber, At: x.at, After: x.at.Sub(k.openedAt), Via: x.Via, Channel: x.Channel, Address: x.Address,
		Response: x.Response, Note: x.Note, By: x.By, Shared: p.Shared, Retracted: x.retracted,
	})
}

// given is an answer without the names and labels that are shown with it.
func given(x tracking.AnswerView) tracking.AnswerView {
	x.Name, x.Label, x.At = "", "", moment(x.At)
	return x
}

// The evidence for a person is the best of their deliveries'.

func (p *person) any(is func(*tally) bool) bool { return slices.ContainsFunc(p.contacts, is) }

func (p *person) reached() bool { return p.any(func(t *tally) bool { return hasIt(t.state) }) }

func (p *person) delivered() bool { return p.any(func(t *tally) bool { return t.state.Arrived() }) }

// gap reports whether every contact is lost: dead, closed, or nobody will ask any more what it brought.
func (p *person) gap() bool {
	return !p.any(func(t *tally) bool {
		return !t.state.Dead() && !t.closed && (t.state != alerting.Unknown || !t.retryAt.IsZero())
	})
}
