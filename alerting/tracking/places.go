package tracking

import (
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
	// WentOut is set when the alert may have reached the address.
	WentOut bool
	// Recipients are those who share the address; Names and Areas are theirs.
	Recipients []uint32
	Names      []string
	Areas      []alerting.Area
	// Answered is the answer that counts for all of them, nil while one is missing.
	Answered *AnswerView
	// Reacted is set while a reaction from the address stands as an answer, OnlyReacted while no
	// other answer does for one of them.
	Reacted, OnlyReacted bool
	// Helped is set when a help text about the alert went to the address before; Noticed counts
	// those and the confirmations.
	Helped  bool
	Noticed int
	// Sent lists the provider's ids of what was sent to the address about the alert.
	Sent []string
}

// PlacesOf returns where an address stands in every alert that may go to it, the newest alert first.
func (b *Board) PlacesOf(channel, address string) []Place {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var places []Place
	for i := len(b.order) - 1; i >= 0; i-- {
		a := b.order[i]
		if d, ok := a.index[alerting.NewDeliveryID(a.key, channel, address)]; ok {
			places = append(places, a.place(d))
		}
	}
	return places
}

// PlaceOf returns where the address of one delivery stands in its alert.
func (b *Board) PlaceOf(key alerting.Key, id alerting.DeliveryID) (Place, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	a := b.alerts[key]
	if a == nil {
		return Place{}, false
	}
	i, ok := a.index[id]
	if !ok {
		return Place{}, false
	}
	return a.place(i), true
}

func (a *alert) place(i uint32) Place {
	d := &a.deliveries[i]
	to := d.channel + " " + d.address
	p := Place{
		Key: a.key, Code: a.opened.Code, Alert: a.opened.Alert, Phase: a.phase(), Opened: a.openedAt,
		Delivery: i, Channel: d.channel, Address: d.address, State: d.state, Attempts: d.attempts, WentOut: d.wentOut(),
		Recipients: slices.Clone(d.recipients), Helped: a.helped[to], Noticed: a.noticed[to],
	}
	if a.withdrawn != nil {
		p.ReplacedBy = a.withdrawn.By
	}
	for _, r := range d.recipients {
		p.Names = append(p.Names, a.recipients[r].Name)
		for _, area := range a.recipients[r].Areas {
			if !slices.Contains(p.Areas, area) {
				p.Areas = append(p.Areas, area)
			}
		}
	}
	if a.allAnswered(d) {
		r := &a.recipients[d.recipients[0]]
		view := a.answerView(r, r.answered())
		p.Answered = &view
	}
	p.Reacted, p.OnlyReacted = a.reacted(d)
	for _, e := range d.history {
		if e.ProviderID != "" {
			p.Sent = append(p.Sent, e.ProviderID)
		}
	}
	return p
}

// reacted reports whether a reaction from the delivery's address stands as an answer, and whether it
// is all that stands for one of its people.
func (a *alert) reacted(d *delivery) (stands, only bool) {
	for _, i := range d.recipients {
		other := false
		for _, x := range a.recipients[i].answers {
			reaction := x.Via == alerting.ViaReaction && x.Channel == d.channel && x.Address == d.address
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
	b.mu.RLock()
	defer b.mu.RUnlock()
	a := b.alerts[key]
	if a == nil {
		return Person{}, false
	}
	i, ok := a.people[subscriber]
	if !ok {
		return Person{}, false
	}
	return Person{i, a.recipients[i].Name, a.person(i).Answer, a.opened.Alert, a.phase()}, true
}

// Subscribers returns the ids of all recipients of an alert.
func (b *Board) Subscribers(key alerting.Key) map[string]bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	ids := map[string]bool{}
	if a := b.alerts[key]; a != nil {
		for i := range a.recipients {
			ids[a.recipients[i].Subscriber] = true
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
// attempt without an outcome counts: it may have reached them.
func (b *Board) Addressed(key alerting.Key) []Addressed {
	b.mu.RLock()
	defer b.mu.RUnlock()
	a := b.alerts[key]
	if a == nil {
		return nil
	}
	var all []Addressed
	for i := range a.recipients {
		r := &a.recipients[i]
		x := Addressed{Recipient: r.Recipient}
		for _, c := range r.contacts {
			d := &a.deliveries[c]
			planned := alerting.Planned{Channel: d.channel, Address: d.address}
			if d.attempted() {
				planned.Active = true
				x.Attempted = append(x.Attempted, planned)
				continue
			}
			if n := len(d.history); d.state == alerting.Suppressed && n > 0 {
				planned.Suppressed = d.history[n-1].Reason
			}
			x.Reserve = append(x.Reserve, planned)
		}
		if len(x.Attempted) > 0 {
			all = append(all, x)
		}
	}
	return all
}
