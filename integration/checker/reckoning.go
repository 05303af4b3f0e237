package checker

import (
	"slices"
	"time"

	"revere/alerting"
	"revere/alerting/tracking"
)

// A reckoning is an alert's records added up a second time, without the board: nothing is kept in step, packed
// or indexed here, everything is looked for and counted when it is asked for.
type reckoning struct {
	opened    *alerting.Opened // nil as long as no record opens the alert; what comes before says nothing
	openedAt  time.Time
	areas     []alerting.Area
	expanded  bool
	parts     []*alerting.Manifest // of a list that is not complete
	withdrawn *alerting.Withdrawn
	expired   bool
	remarks   []tracking.RemarkView
	tallies   []*tally
	people    []*person
}

// A person is what the records say of one recipient.
type person struct {
	alerting.Recipient
	contacts []*tally
	answers  []*answer
}

// An answer is one that a person gave.
type answer struct {
	alerting.Answer
	at        time.Time
	retracted bool
}

// reckon adds records up.
func reckon(records []alerting.Record) *reckoning {
	k := &reckoning{}
	for i := range records {
		k.add(&records[i])
	}
	return k
}

// add takes in one record. Its facts became true together, and count in this order.
func (k *reckoning) add(r *alerting.Record) {
	if r.Opened != nil {
		k.open(r)
	}
	if k.opened == nil {
		return
	}
	if r.Manifest != nil {
		k.list(r)
	}
	if r.Withdrawn != nil && k.withdrawn == nil {
		k.withdrawn = r.Withdrawn
		k.end(r.At)
	}
	for _, n := range r.Notices {
		t := &tally{channel: n.Channel, address: n.Address, notice: n.Kind, text: n.Text}
		k.tallies = append(k.tallies, t)
		t.becomeDue(r.At, "", false)
		k.doubt(t, r)
	}
	for _, x := range r.Activated {
		if t := k.tally(x.Delivery); t != nil && !k.blocks(t).stops {
			t.becomeDue(r.At, x.Reason, false)
			k.doubt(t, r)
		}
	}
	for _, x := range r.Attempts {
		if t := k.tally(x.Delivery); t != nil {
			t.attempted(r.At, x)
		}
	}
	for _, x := range r.Results {
		if t := k.tally(x.Delivery); t != nil {
			k.learned(t, r.At, x)
		}
	}
	for _, x := range r.Answers {
		k.answered(r.At, x)
	}
	for _, x := range r.Remarks {
		k.remarked(r.At, x)
	}
	if r.Expired && !k.expired {
		k.expired = true
		k.end(r.At)
	}
}

// open takes in that the alert was opened, or is for more areas now, whose list is still to come.
func (k *reckoning) open(r *alerting.Record) {
	k.expanded = false
	if k.opened != nil {
		k.areas = alerting.UnionAreas(k.areas, r.Opened.Alert.Areas)
		return
	}
	k.opened, k.openedAt, k.areas = r.Opened, r.At, r.Opened.Alert.Areas
	if !r.InDoubt.IsZero() {
		k.openedAt = r.InDoubt
	}
}

// list takes in a part of a list of recipients, which counts when all its parts are there. An address and a
// person are on it once, whichever list named them first.
func (k *reckoning) list(r *alerting.Record) {
	if r.Manifest.Part == 0 {
		k.parts = nil
	}
	if r.Manifest.Part != len(k.parts) {
		return
	}
	if k.parts = append(k.parts, r.Manifest); len(k.parts) < r.Manifest.Parts {
		return
	}
	var planned []alerting.Planned
	var people []alerting.Recipient
	for _, part := range k.parts {
		planned, people = append(planned, part.Deliveries...), append(people, part.Recipients...)
	}
	k.parts, k.expanded = nil, true
	here := make([]*tally, len(planned))
	for i, p := range planned {
		here[i] = k.place(r.At, p)
	}
	for _, p := range people {
		k.enroll(p, here)
	}
	for i, p := range planned {
		if p.Active {
			here[i].becomeDue(r.At, "", false)
			k.doubt(here[i], r)
		}
	}
	k.end(r.At) // where it was over when it was widened
}

func (k *reckoning) place(at time.Time, p alerting.Planned) *tally {
	if t := k.to(p.Channel, p.Address); t != nil {
		return t
	}
	t := &tally{channel: p.Channel, address: p.Address}
	k.tallies = append(k.tallies, t)
	if p.Suppressed != "" {
		t.state = alerting.Suppressed
		t.keep(tracking.Entry{At: at, State: alerting.Suppressed, Reason: p.Suppressed})
	}
	return t
}

func (k *reckoning) enroll(r alerting.Recipient, here []*tally) {
	if i := slices.IndexFunc(k.people, func(p *person) bool { return p.Subscriber == r.Subscriber }); i >= 0 {
		k.people[i].Areas = alerting.UnionAreas(k.people[i].Areas, r.Areas)
		return
	}
	p := &person{Recipient: r}
	for _, c := range r.Contacts {
		if int(c) < len(here) {
			p.contacts = append(p.contacts, here[c])
			here[c].people = append(here[c].people, p)
		}
	}
	k.people = append(k.people, p)
}

// doubt gives what has become due by a record an attempt with an unknown end, where a system before may have
// made it.
func (k *reckoning) doubt(t *tally, r *alerting.Record) {
	if r.InDoubt.IsZero() || t.state != alerting.Queued || !t.used || t.attempts > 0 {
		return
	}
	t.attempted(r.InDoubt, alerting.Attempt{Attempt: 1})
	k.learned(t, r.At, alerting.Result{Attempt: 1, State: alerting.Unknown, RetryAt: r.At, Reason: alerting.ReasonRestored})
}

// end stops what is due, where the alert is over. Notices go on.
func (k *reckoning) end(at time.Time) {
	state, over := k.over()
	for _, t := range k.tallies {
		if over && t.notice == "" {
			t.stop(at, state)
		}
	}
}

func (k *reckoning) over() (state alerting.State, over bool) {
	switch {
	case k.withdrawn != nil:
		return alerting.Canceled, true
	case k.expired:
		return alerting.Expired, true
	}
	return 0, false
}

func (k *reckoning) phase() tracking.Phase {
	switch {
	case k.withdrawn != nil && k.withdrawn.Type == alerting.TypeUpdate:
		return tracking.Updated
	case k.withdrawn != nil:
		return tracking.Canceled
	case k.expired:
		return tracking.Expired
	}
	return tracking.Open
}

// tally is a delivery by its number, in the order in which the records introduce them; nil where there is none.
func (k *reckoning) tally(i uint32) *tally {
	if int(i) < len(k.tallies) {
		return k.tallies[i]
	}
	return nil
}

// to is the delivery to an address, no notice.
func (k *reckoning) to(channel, address string) *tally {
	for _, t := range k.tallies {
		if t.channel == channel && t.address == address && t.notice == "" {
			return t
		}
	}
	return nil
}

// answered takes in an answer, or that one was taken back. What is due to those who have all answered is
// stopped; a correction goes on.
func (k *reckoning) answered(at time.Time, x alerting.Answer) {
	var people []*person
	for _, i := range x.Recipients {
		if int(i) < len(k.people) {
			people = append(people, k.people[i])
		}
	}
	for _, p := range people {
		if !x.Retracted {
			p.answers = append(p.answers, &answer{Answer: x, at: at})
			continue
		}
		for _, given := range p.answers {
			if given.Via == x.Via && given.Channel == x.Channel && given.Address == x.Address {
				given.retracted = true
			}
		}
	}
	if x.Retracted || k.opened.Alert.Type.Corrects() {
		return
	}
	for _, p := range people {
		for _, t := range p.contacts {
			if t.allAnswered() {
				t.stop(at, alerting.Canceled)
			}
		}
	}
}

// counts is the answer that counts: the newest that says more than a plain ACK, else the newest.
func (p *person) counts() (newest *answer) {
	for _, given := range p.answers {
		if !given.retracted && (newest == nil || given.Response != "" || given.Note != "" || newest.Response == "" && newest.Note == "") {
			newest = given
		}
	}
	return newest
}

// first is the first answer that stands.
func (p *person) first() *answer {
	if i := slices.IndexFunc(p.answers, func(given *answer) bool { return !given.retracted }); i >= 0 {
		return p.answers[i]
	}
	return nil
}

// remarked takes in a remark. STOP closes an address; START opens it, and what STOP stopped is due again.
func (k *reckoning) remarked(at time.Time, x alerting.Remark) {
	k.remarks = append(k.remarks, tracking.RemarkView{At: at, Kind: x.Kind, Channel: x.Channel, Detail: x.Detail})
	t := k.to(x.Channel, x.Address)
	if t == nil || x.Kind != alerting.RemarkOptOut && x.Kind != alerting.RemarkOptIn {
		return
	}
	t.closed = x.Kind == alerting.RemarkOptOut
	if t.closed || t.state != alerting.Suppressed || k.blocks(t).stops {
		return
	}
	wasUsed := t.used
	t.state, t.used = alerting.Queued, false
	if wasUsed {
		t.becomeDue(at, "", true)
	}
}
