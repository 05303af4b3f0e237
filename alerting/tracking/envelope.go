package tracking

import (
	"slices"
	"time"

	"revere/alerting"
)

// An Envelope is what has to be known to word the message of one delivery.
type Envelope struct {
	Key      alerting.Key
	Alert    alerting.Alert
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
	// PossibleDuplicate is set when an earlier attempt may have reached the person.
	PossibleDuplicate bool
}

// A Corrected is an alert that another one replaces.
type Corrected struct {
	Code   string
	Alert  alerting.Alert
	Opened time.Time
}

// Envelope returns what is needed to word a delivery's message.
func (b *Board) Envelope(key alerting.Key, i uint32) (Envelope, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	a := b.alerts[key]
	if a == nil || int(i) >= len(a.deliveries) {
		return Envelope{}, false
	}
	d := &a.deliveries[i]
	e := Envelope{
		Key: key, Alert: a.opened.Alert, Code: a.opened.Code, Channel: d.channel, Address: d.address, Delivery: a.id(i),
		Notice: d.notice, ExerciseOpen: a.duringExercise, PossibleDuplicate: d.state == alerting.Unknown || d.prior == alerting.Unknown,
	}
	for _, r := range d.recipients {
		for _, area := range a.recipients[r].Areas {
			if !slices.Contains(e.Areas, area) {
				e.Areas = append(e.Areas, area)
			}
		}
	}
	for _, k := range a.opened.Corrects {
		if c := b.alerts[k]; c != nil && c.attemptedAt(d.channel, d.address) {
			e.Corrects = append(e.Corrects, Corrected{c.opened.Code, c.opened.Alert, c.openedAt})
		}
	}
	return e, true
}

// attemptedAt reports whether the alert was tried at an address.
func (a *alert) attemptedAt(channel, address string) bool {
	i, ok := a.index[alerting.NewDeliveryID(a.key, channel, address)]
	return ok && a.deliveries[i].attempted()
}

func (b *Board) exerciseOpen() bool {
	return slices.ContainsFunc(b.order, func(a *alert) bool {
		return a.open() && a.opened.Alert.Status == alerting.StatusExercise
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
	if state, reason := a.blocked(d); reason != "" {
		return state, reason
	}
	if d.notice == nil && !now.Before(a.opened.Alert.Expires) {
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
