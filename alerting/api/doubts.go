package api

import (
	"slices"
	"time"

	"revere/alerting"
	"revere/alerting/tracking"
)

// A record may imply attempts: what it makes due may have been sent by the system before a restore
// (alerting.Record.InDoubt). What came of it is on the board, as of every attempt.

// addDoubts adds the attempts that a record implies.
func (s *Server) addDoubts(e *Event, r *alerting.Record) {
	if r.InDoubt.IsZero() {
		return
	}
	for _, x := range r.Activated {
		views, _ := s.Board.Deliveries(e.Alert, int(x.Delivery), 1, nil)
		if len(views) > 0 && views[0].Index == x.Delivery {
			e.addDoubt(&views[0], r.At)
		}
	}
	if r.Manifest != nil && r.Manifest.Part == r.Manifest.Parts-1 { // it counts when its last part is there
		s.addListed(e, r.At)
	}
	for _, to := range addresses(r.Notices) { // and not all deliveries for each: the board waits for who looks
		views := s.Board.NoticesTo(e.Alert, to.channel, to.address)
		for i := range views {
			e.addDoubt(&views[i], r.At)
		}
	}
}

// addListed adds the attempts that a manifest implies.
func (s *Server) addListed(e *Event, at time.Time) {
	for from := 0; from >= 0; {
		var views []tracking.DeliveryView
		views, from = s.Board.Deliveries(e.Alert, from, perEvent, func(d tracking.DeliveryView) bool { return d.Notice == "" })
		for i := range views {
			e.addDoubt(&views[i], at)
		}
	}
}

type address struct{ channel, address string }

// addresses lists where notices go to, each once.
func addresses(notices []alerting.Notice) (all []address) {
	for _, n := range notices {
		if to := (address{n.Channel, n.Address}); !slices.Contains(all, to) {
			all = append(all, to)
		}
	}
	return all
}

// addDoubt adds the attempt at a delivery that is in doubt by a record from a time, if there is one.
func (e *Event) addDoubt(d *tracking.DeliveryView, at time.Time) {
	for i, entry := range d.History {
		if i == 0 || entry.State != alerting.Unknown || entry.Reason != alerting.ReasonRestored || !entry.At.Equal(at) {
			continue
		}
		e.kind("attempts")
		x := named(d)
		x.At, x.Attempt, x.State, x.Reason, x.RetryAt = d.History[i-1].At, entry.Attempt, entry.State, entry.Reason, entry.RetryAt
		e.Attempts = append(e.Attempts, x)
		return
	}
}

// perEvent bounds how many attempts are told at a time.
const perEvent = 1000

// parts are an event as it is told: with more attempts than perEvent, which only a manifest in doubt has, in several.
func (e Event) parts() []Event {
	parts := []Event{e}
	for last := &parts[0]; len(last.Attempts) > perEvent; last = &parts[len(parts)-1] {
		rest := Event{Sequence: e.Sequence, Alert: e.Alert, At: e.At, Kinds: []string{"attempts"}, Attempts: last.Attempts[perEvent:]}
		last.Attempts = last.Attempts[:perEvent]
		parts = append(parts, rest)
	}
	return parts
}
