package tracking

import (
	"slices"
	"time"

	"revere/alerting"
)

// An Envelope is what has to be known to word the message of one delivery.
type Envelope struct {
	Key      alerting.Key
	Alert    *alerting.Alert // not to be changed
	Code     string
	Channel  string
	Address  string
	Delivery alerting.DeliveryID
	// Areas are those of the people behind the address, the alert's own order first.
	Areas []alerting.Area
	// Notice is set for a confirmation or a help text, which is worded already.
	Notice *alerting.Notice
	// Corrects are the alerts that this one replaces, as far as they were tried at the address.
	Corrects []Corrected
	// ExerciseOpen is set when an exercise was open as the alert was opened. It does not change
	// afterwards, so that every attempt has the same words and a provider can be asked for them.
	ExerciseOpen bool
}

// A Corrected is an alert that another one replaces.
type Corrected struct {
	Code   string
	Alert  *alerting.Alert
	Opened time.Time
}

// Envelope returns what is needed to word a delivery's message. Where what it corrects is filed and can't
// be read, the words are those for somebody who never had it.
func (b *Board) Envelope(key alerting.Key, i uint32) (Envelope, bool) {
	for {
		e, away, ok := b.envelope(key, i)
		if away == "" || b.Recall(away) != nil {
			return e, ok
		}
	}
}

// envelope is one look at the board. away is an alert that the envelope should quote and can't yet: it is
// to be recalled first.
func (b *Board) envelope(key alerting.Key, i uint32) (e Envelope, away alerting.Key, ok bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	a := b.alerts[key]
	if a == nil || int(i) >= len(a.deliveries) {
		return Envelope{}, "", false
	}
	d := &a.deliveries[i]
	e = Envelope{
		Key: key, Alert: &a.opened.Alert, Code: a.opened.Code, Channel: b.channel(d), Address: a.address(d), Delivery: b.id(a, i),
		Notice: a.notice(i), Areas: b.areasBehind(a, i), ExerciseOpen: a.duringExercise,
	}
	for _, k := range a.opened.Corrects {
		c := b.alerts[k]
		if c.away() && b.Archive != nil {
			away = k
		}
		if c != nil && b.attemptedAt(c, b.channel(d), a.address(d)) {
			e.Corrects = append(e.Corrects, Corrected{c.opened.Code, &c.opened.Alert, c.openedAt})
		}
	}
	return e, away, true
}

// areasBehind are the areas of a delivery's people, not to be changed.
func (b *Board) areasBehind(a *alert, i uint32) []alerting.Area {
	people := a.behind(i)
	if len(people) == 1 {
		return b.areas.all[a.recipients[people[0]].areas]
	}
	var areas []alerting.Area
	for _, r := range people {
		for _, area := range b.areas.all[a.recipients[r].areas] {
			if !slices.Contains(areas, area) {
				areas = append(areas, area)
			}
		}
	}
	return areas
}

// attemptedAt reports whether the alert was tried at an address.
func (b *Board) attemptedAt(a *alert, channel, address string) bool {
	i, ok := b.findAddress(a, channel, address)
	return ok && a.deliveries[i].attempted()
}

// exerciseOpen reports whether an exercise took place when the ledger reached a sequence.
func (b *Board) exerciseOpen(sequence uint64) bool {
	return slices.ContainsFunc(b.exercises, func(a *alert) bool {
		return a.first <= sequence && (a.ended == 0 || a.ended >= sequence)
	})
}

// Blocked tells why a delivery must not be sent now although it was due. Reason is "" when it may.
// It is asked immediately before the call, after the board has taken in the attempt's own record.
func (b *Board) Blocked(key alerting.Key, i uint32, now time.Time) (state alerting.State, reason string) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	a := b.alerts[key]
	if a == nil || int(i) >= len(a.deliveries) {
		return alerting.Canceled, "the alert is not known here"
	}
	d := &a.deliveries[i]
	if state, reason := a.blocked(i); reason != "" {
		return state, reason
	}
	if !d.traits.has(orphan) && !now.Before(a.opened.Alert.Expires) {
		return alerting.Expired, "the alert expired"
	}
	return 0, ""
}

// State returns a delivery's state as the board has it.
func (b *Board) State(key alerting.Key, i uint32) alerting.State {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if a := b.alerts[key]; a != nil && int(i) < len(a.deliveries) {
		return a.deliveries[i].state
	}
	return alerting.Queued
}
