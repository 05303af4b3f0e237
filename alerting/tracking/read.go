package tracking

import (
	"slices"
	"time"

	"revere/alerting"
)

// Find returns the key of the alert that name means: its key, else the producer's own id while only
// one alert has it, else the code of an open alert, which is what people say.
func (b *Board) Find(name string) (alerting.Key, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	found := slices.Clone(b.byID[name])
	if a := b.alerts[alerting.Key(name)]; a != nil && !slices.Contains(found, a) {
		found = append(found, a)
	}
	if code := alerting.ParseCode(name); len(found) == 0 && code != "" {
		for _, a := range b.order {
			if a.open() && a.opened.Code == code {
				found = append(found, a)
			}
		}
	}
	switch len(found) {
	case 0:
		return "", alerting.Errorf(alerting.CodeNotFound, "no alert has the key or id %q, and no open one that code; `revere alerts list` shows those there are", name)
	case 1:
		return found[0].key, nil
	}
	keys := make([]string, len(found))
	for i, a := range found {
		keys[i] = string(a.key)
	}
	return "", alerting.Errorf(alerting.CodeAmbiguous, "%d alerts are called %q; say which by its key: %v", len(found), name, keys)
}

// Known returns the alert that has an identity, and the sequence of the message that opened it.
func (b *Board) Known(identity string) (opened alerting.Opened, key alerting.Key, expanded, ok bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	a := b.byIdentity[identity]
	if a == nil {
		return alerting.Opened{}, "", false, false
	}
	return *a.opened, a.key, a.manifested, true
}

// Opened returns how an alert was opened. The texts of a filed one are Brief until it is recalled.
func (b *Board) Opened(key alerting.Key) (alerting.Opened, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	a := b.alerts[key]
	if a == nil {
		return alerting.Opened{}, false
	}
	return *a.opened, true
}

// WithReplaced adds to alerts what they replaced themselves, and what that replaced: an update that
// is corrected before it went out has not reached everyone who has the original.
func (b *Board) WithReplaced(keys []alerting.Key) []alerting.Key {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for i := 0; i < len(keys); i++ {
		a := b.alerts[keys[i]]
		if a == nil {
			continue
		}
		for _, earlier := range a.opened.Corrects {
			if !slices.Contains(keys, earlier) {
				keys = append(keys, earlier)
			}
		}
	}
	return keys
}

// Keys lists the alerts that match, the newest first.
func (b *Board) Keys(match func(Summary) bool) []alerting.Key {
	b.mu.RLock()
	defer b.mu.RUnlock()
	keys := make([]alerting.Key, 0, len(b.order))
	for i := len(b.order) - 1; i >= 0; i-- {
		if a := b.order[i]; match == nil || match(a.head()) {
			keys = append(keys, a.key)
		}
	}
	return keys
}

// OpenKeys lists the alerts that still take place, the oldest first.
func (b *Board) OpenKeys() []alerting.Key {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var keys []alerting.Key
	for _, a := range b.order {
		if a.open() {
			keys = append(keys, a.key)
		}
	}
	return keys
}

// CountOpen counts the alerts that take place at a time.
func (b *Board) CountOpen(now time.Time) (n int) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, a := range b.order {
		if a.open() && now.Before(a.opened.Alert.Expires) {
			n++
		}
	}
	return n
}

// Bytes is about how much memory what alerts say takes, in bytes: of all that are not filed, whether they
// take place or are over. What somebody has read again is not counted: it is forgotten by itself, and reading must
// not keep alerts out.
func (b *Board) Bytes() (n int) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, a := range b.order {
		if a.filed != a.latest {
			n += a.bytes
		}
	}
	return n
}

// CodesInUse lists the codes that a new alert must not have at a time: those of alerts that people may still
// answer, withdrawn ones included until their own time is over.
func (b *Board) CodesInUse(at time.Time) []string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var codes []string
	for _, a := range b.order {
		if at.Before(a.opened.Alert.Expires) {
			codes = append(codes, a.opened.Code)
		}
	}
	return codes
}

// First is the ledger's sequence that opened an alert; 0 for one that is not known.
func (b *Board) First(key alerting.Key) uint64 {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if a := b.alerts[key]; a != nil {
		return a.first
	}
	return 0
}

// Head returns an alert's summary without what is counted by state, channel, area and team.
func (b *Board) Head(key alerting.Key) (Summary, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	a := b.alerts[key]
	if a == nil {
		return Summary{}, false
	}
	return a.head(), true
}

func (a *alert) head() Summary {
	s := Summary{
		Key: a.key, Code: a.opened.Code, Phase: a.phase(), Alert: a.opened.Alert, Producer: a.opened.Producer,
		Received: a.opened.Received, Opened: a.openedAt, Corrects: a.opened.Corrects, Expanded: a.manifested,
		Revision: a.revision, Sequence: a.latest, People: a.people,
		Reached: a.tally.everyone.reached, Delivered: a.tally.everyone.delivered, Acknowledged: a.tally.everyone.acknowledged, Finished: a.manifested && a.tally.busy == 0,
	}
	if !a.bare {
		s.People = len(a.recipients)
	}
	if a.withdrawn != nil {
		s.ReplacedBy = a.withdrawn.By
	}
	return s
}

func (a *alert) phase() Phase {
	switch {
	case a.withdrawn != nil && a.withdrawn.Type == alerting.TypeUpdate:
		return Updated
	case a.withdrawn != nil:
		return Canceled
	case a.expired:
		return Expired
	}
	return Open
}

// Deliveries returns an alert's deliveries from the given index on, at most limit of them. Contacts
// in reserve are not deliveries. next is where to go on; -1 at the end.
func (b *Board) Deliveries(key alerting.Key, from, limit int, match func(DeliveryView) bool) (views []DeliveryView, next int) {
	_ = b.Recall(key)
	b.mu.RLock()
	defer b.mu.RUnlock()
	a := b.alerts[key]
	if a == nil {
		return []DeliveryView{}, -1
	}
	return page(from, limit, len(a.deliveries), func(i int) (v DeliveryView, ok bool) {
		if a.deliveries[i].reserve() {
			return v, false
		}
		v = b.deliveryView(a, uint32(i))
		return v, match == nil || match(v)
	})
}

// page collects at most limit of n things from the given index on, those that view lets through.
// next is where to go on, -1 at the end.
func page[T any](from, limit, n int, view func(i int) (T, bool)) (views []T, next int) {
	views = []T{}
	for i := max(from, 0); i < n; i++ {
		v, ok := view(i)
		switch {
		case !ok:
		case len(views) == limit:
			return views, i
		default:
			views = append(views, v)
		}
	}
	return views, -1
}

func (b *Board) deliveryView(a *alert, i uint32) DeliveryView {
	d := &a.deliveries[i]
	v := DeliveryView{
		ID: b.id(a, i), Index: i, Channel: b.channel(d), Address: a.address(d), State: d.state, Attempts: int(d.attempts),
		Subscribers: []string{}, Names: []string{}, Areas: append([]alerting.Area{}, b.areasBehind(a, i)...), History: a.historyOf(i),
	}
	if n := a.notice(i); n != nil {
		v.Notice = n.Kind
	}
	for _, r := range a.behind(i) {
		v.Subscribers = append(v.Subscribers, a.cardOf(r).subscriber())
		v.Names = append(v.Names, a.cardOf(r).name())
	}
	return v
}

// People returns an alert's recipients from the given index on, at most limit of them; next is
// where to go on, -1 at the end.
func (b *Board) People(key alerting.Key, from, limit int, match func(PersonView) bool) (views []PersonView, next int) {
	_ = b.Recall(key)
	b.mu.RLock()
	defer b.mu.RUnlock()
	a := b.alerts[key]
	if a == nil {
		return []PersonView{}, -1
	}
	return page(from, limit, len(a.recipients), func(i int) (PersonView, bool) {
		v := b.person(a, uint32(i))
		return v, match == nil || match(v)
	})
}

func (b *Board) person(a *alert, i uint32) PersonView {
	r := &a.recipients[i]
	p := PersonView{
		Subscriber: a.card(r).subscriber(), Name: a.card(r).name(), Organization: a.card(r).organization(), Areas: b.areas.all[r.areas], Contacts: []ContactView{},
		Reached: r.status.has(reached), Delivered: r.status.has(arrived), Gap: r.status.has(gapped),
	}
	for _, c := range a.rungs(r) {
		d := &a.deliveries[c]
		p.Contacts = append(p.Contacts, ContactView{Channel: b.channel(d), Address: a.address(d), Reserve: d.reserve(), State: d.state, Reason: a.lastReason(d)})
	}
	if given := a.answered(i); given != nil {
		view := a.answerView(i, given)
		p.Answer = &view
	}
	for _, given := range a.answers[i] {
		p.Answers = append(p.Answers, a.answerView(i, given))
	}
	return p
}

func (a *alert) answerView(recipient uint32, x *answer) AnswerView {
	r := &a.recipients[recipient]
	label := ""
	if offered, ok := a.opened.Alert.Response(x.Response); ok {
		label = offered.Label
	}
	return AnswerView{
		Subscriber: a.card(r).subscriber(), Name: a.card(r).name(), At: x.at, After: x.at.Sub(a.openedAt), Via: x.Via, Channel: x.Channel, Address: x.Address,
		Response: x.Response, Label: label, Note: x.Note, By: x.By, Shared: r.status.has(deskShare), Retracted: x.retracted,
	}
}
