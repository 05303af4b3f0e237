package tracking

import (
	"cmp"
	"slices"
	"time"

	"revere/alerting"
)

// A Place is where an address stands in one alert.
type Place struct {
	Key        alerting.Key
	Code       string
	Alert      alerting.Alert
	Phase      Phase
	Opened     time.Time
	ReplacedBy alerting.Key
	Delivery   uint32
	Channel    string
	Address    string
	State      alerting.State
	Attempts   int
	// Attempted is when the newest attempt was recorded.
	Attempted time.Time
	// WentOut is set when the alert may have reached the address.
	WentOut bool
	// Recipients are those who share the address; Names and Areas are theirs.
	Recipients []uint32
	Names      []string
	Areas      []alerting.Area
	// Answered is the answer that counts for all of them, nil while one is missing.
	Answered *AnswerView
	// Firm is set where there is one, it is what each of them has answered, and it can't be taken back as a reaction can.
	Firm bool
	// Reacted is set while a reaction from the address stands as an answer, OnlyReacted while no
	// other answer does for one of them.
	Reacted, OnlyReacted bool
	// Helped is set when a help text about the alert went to the address before; Noticed counts
	// those and the confirmations.
	Helped  bool
	Noticed int
	// Sent lists the provider's ids of what was sent to the address about the alert, Notices those of the help texts
	// and confirmations. Unnamed is set while something may have been sent whose id is not known.
	Sent, Notices []string
	Unnamed       bool
}

// PlacesOf returns where an address stands in every alert that may go to it and is not filed, the
// newest alert first.
func (b *Board) PlacesOf(channel, address string) []Place {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var places []Place
	for i := len(b.order) - 1; i >= 0; i-- {
		a := b.order[i]
		if a.bare {
			continue // of which there are many
		}
		if i, ok := b.findAddress(a, channel, address); ok {
			places = append(places, b.place(a, i))
		}
	}
	return places
}

// PlaceOf returns where the address of one delivery stands in its alert.
func (b *Board) PlaceOf(key alerting.Key, id alerting.DeliveryID) (Place, bool) {
	_ = b.Recall(key)
	b.mu.RLock()
	defer b.mu.RUnlock()
	a := b.alerts[key]
	if a == nil {
		return Place{}, false
	}
	i, ok := b.find(a, id)
	if !ok {
		return Place{}, false
	}
	return b.place(a, i), true
}

func (b *Board) place(a *alert, i uint32) Place {
	d, people := &a.deliveries[i], a.behind(i)
	to := b.channel(d) + " " + a.address(d)
	p := Place{
		Key: a.key, Code: a.opened.Code, Alert: a.opened.Alert, Phase: a.phase(), Opened: a.openedAt,
		Delivery: i, Channel: b.channel(d), Address: a.address(d), State: d.state, Attempts: int(d.attempts), Attempted: a.lastAttempt(d), WentOut: d.wentOut(),
		Recipients: slices.Clone(people), Areas: slices.Clone(b.areasBehind(a, i)), Helped: a.helped[to], Noticed: len(a.noticed[to]),
		Sent: a.sent(d), Notices: a.noticesSent(to), Unnamed: a.unnamed(d),
	}
	if a.withdrawn != nil {
		p.ReplacedBy = a.withdrawn.By
	}
	for _, r := range people {
		p.Names = append(p.Names, a.cardOf(r).name())
	}
	if a.allAnswered(i) {
		view := a.answerView(people[0], a.answered(people[0]))
		p.Answered = &view
	}
	p.Firm = p.Answered != nil && !slices.ContainsFunc(people, func(r uint32) bool { return !a.firmly(r, p.Answered.Response) })
	p.Reacted, p.OnlyReacted = b.reacted(a, i)
	return p
}

// firmly reports whether a response is what a recipient who has answered said, in a way that can't be taken back.
func (a *alert) firmly(recipient uint32, response string) bool {
	return a.answered(recipient).Response == response && slices.ContainsFunc(a.answers[recipient], func(x *answer) bool {
		return x.Response == response && !x.retracted && x.Via != alerting.ViaReaction
	})
}

// reacted reports whether a reaction from the delivery's address stands as an answer, and whether it
// is all that stands for one of its people.
func (b *Board) reacted(a *alert, i uint32) (stands, only bool) {
	d := &a.deliveries[i]
	for _, r := range a.behind(i) {
		other := false
		for _, x := range a.answers[r] {
			reaction := x.Via == alerting.ViaReaction && x.Channel == b.channel(d) && x.Address == a.address(d)
			stands = stands || reaction && !x.retracted
			other = other || !reaction && !x.retracted
		}
		only = only || !other
	}
	return stands, stands && only
}

// wentOut reports whether any attempt may have reached the person.
func (d *delivery) wentOut() bool { return d.state.WentOut() || d.prior.WentOut() }

// A Person is one recipient of an alert, found by subscriber.
type Person struct {
	Recipient uint32
	Name      string
	Answered  *AnswerView
	Alert     alerting.Alert
	Phase     Phase
}

// PersonOf finds a subscriber among an alert's recipients.
func (b *Board) PersonOf(key alerting.Key, subscriber string) (Person, bool) {
	_ = b.Recall(key)
	b.mu.Lock() // to find people may need their order
	defer b.mu.Unlock()
	a := b.alerts[key]
	if a == nil {
		return Person{}, false
	}
	i, ok := a.recipientOf(subscriber)
	if !ok {
		return Person{}, false
	}
	p := Person{Recipient: i, Name: a.cardOf(i).name(), Alert: a.opened.Alert, Phase: a.phase()}
	if given := a.answered(i); given != nil {
		view := a.answerView(i, given)
		p.Answered = &view
	}
	return p, true
}

// recipientOf finds a recipient by subscriber.
func (a *alert) recipientOf(subscriber string) (uint32, bool) {
	if a.bySub == nil {
		a.bySub = make([]uint32, len(a.recipients))
		for i := range a.bySub {
			a.bySub[i] = uint32(i)
		}
		slices.SortFunc(a.bySub, func(x, y uint32) int {
			return cmp.Compare(a.cardOf(x).subscriber(), a.cardOf(y).subscriber())
		})
	}
	at, found := slices.BinarySearchFunc(a.bySub, subscriber, func(i uint32, id string) int {
		return cmp.Compare(a.cardOf(i).subscriber(), id)
	})
	if !found {
		return 0, false
	}
	return a.bySub[at], true
}

// recipient is a recipient as the manifest had it, without contacts.
func (b *Board) recipient(a *alert, r *recipient) alerting.Recipient {
	card := a.card(r)
	return alerting.Recipient{
		Subscriber: card.subscriber(), Name: card.name(), Organization: card.organization(), Language: card.language(),
		Areas: b.areas.all[r.areas], Teams: b.teams.all[r.teams], Shared: r.status.has(deskShare),
	}
}

// Subscribers returns the ids of all recipients of an alert.
func (b *Board) Subscribers(key alerting.Key) map[string]bool {
	_ = b.Recall(key)
	b.mu.RLock()
	defer b.mu.RUnlock()
	ids := map[string]bool{}
	if a := b.alerts[key]; a != nil {
		for i := range a.recipients {
			ids[a.cardOf(uint32(i)).subscriber()] = true
		}
	}
	return ids
}

// An Addressed is a recipient of an alert with the addresses at which it was attempted: those whom
// a correction must reach.
type Addressed struct {
	Recipient alerting.Recipient // without contacts
	Attempted []alerting.Planned
	Reserve   []alerting.Planned
}

// Addressed returns everyone to whom an alert was attempted, in the order of its manifest. An
// attempt without an outcome counts: it may have reached them. An error means that the alert is filed
// and can't be read now, which is not the same as nobody.
func (b *Board) Addressed(key alerting.Key) ([]Addressed, error) {
	for {
		if err := b.Recall(key); err != nil {
			return nil, err
		}
		if all, here := b.addressed(key); here {
			return all, nil
		}
	}
}

// addressed is one look at the board; here is false where the alert has been filed again since it was recalled.
func (b *Board) addressed(key alerting.Key) (all []Addressed, here bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	a := b.alerts[key]
	if a == nil {
		return nil, true
	}
	if a.bare && b.Archive != nil {
		return nil, false
	}
	for i := range a.recipients {
		r := &a.recipients[i]
		x := Addressed{Recipient: b.recipient(a, r)}
		for _, c := range a.rungs(r) {
			d := &a.deliveries[c]
			planned := alerting.Planned{Channel: b.channel(d), Address: a.address(d)}
			if d.attempted() {
				planned.Active = true
				x.Attempted = append(x.Attempted, planned)
				continue
			}
			if d.state == alerting.Suppressed {
				planned.Suppressed = a.lastReason(d)
			}
			x.Reserve = append(x.Reserve, planned)
		}
		if len(x.Attempted) > 0 {
			all = append(all, x)
		}
	}
	return all, true
}
