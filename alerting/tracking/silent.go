package tracking

import (
	"iter"
	"slices"
	"sort"
	"time"

	"revere/alerting"
)

// silentStretch is how many deliveries are looked at before others may go on.
const silentStretch = 2000

// Silent looks, from a mark on, for the next delivery on a channel that the provider took and of which
// it has told no end, in alerts that take place at now; wanted says by when it was last heard of
// whether it is one. It looks at a stretch only: where none was found and next is not the end, the rest
// is still to be looked at. Confirmations and help texts are left out: nobody waits for their end.
func (b *Board) Silent(channel string, from alerting.Mark, now time.Time, wanted func(heard time.Time) bool) (x alerting.Silence, next alerting.Mark, found bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	number := slices.Index(b.channels, channel)
	left := silentStretch
	for ; !from.End(); from = (alerting.Mark{Lane: from.Lane + 1}) {
		for a := range b.backwards(&from) {
			if left--; left < 0 {
				return x, from, false
			}
			if a.severity().Rank() != from.Lane || !a.awaitsWord(number, now) {
				continue
			}
			for ; int(from.Delivery) < len(a.deliveries); from.Delivery++ {
				if left--; left < 0 {
					return x, from, false
				}
				if x, found = b.silence(a, from, number, wanted); found {
					from.Delivery++
					return x, from, true
				}
			}
		}
	}
	return x, from, false
}

// backwards are the alerts from a mark on, the newest first. The mark goes along.
func (b *Board) backwards(from *alerting.Mark) iter.Seq[*alert] {
	return func(yield func(*alert) bool) {
		last := len(b.order) - 1
		if from.Opened != 0 {
			last = sort.Search(len(b.order), func(i int) bool { return b.order[i].first > from.Opened }) - 1 - int(from.Beside)
		}
		for i := last; i >= 0; i-- {
			a := b.order[i]
			switch {
			case a.first != from.Opened:
				from.Opened, from.Beside, from.Delivery = a.first, 0, 0
			case i != last:
				from.Beside, from.Delivery = from.Beside+1, 0
			}
			if !yield(a) {
				return
			}
		}
	}
}

// awaitsWord reports whether the provider may still tell something of the alert that matters.
func (a *alert) awaitsWord(channel int, now time.Time) bool {
	if channel < 0 || channel >= len(a.tally.states) || a.bare || a.asleep || !a.open() || !now.Before(a.opened.Alert.Expires) {
		return false
	}
	states := &a.tally.states[channel]
	return states[alerting.Accepted]+states[alerting.Sent] > 0
}

// silence is what stands at a mark, where that is a delivery without an end.
func (b *Board) silence(a *alert, at alerting.Mark, channel int, wanted func(time.Time) bool) (x alerting.Silence, found bool) {
	d := &a.deliveries[at.Delivery]
	if int(d.channel) != channel || d.state != alerting.Accepted && d.state != alerting.Sent || d.traits.has(orphan) {
		return x, false
	}
	heard := a.history.at(d.history).at.time()
	if !wanted(heard) {
		return x, false
	}
	for e := range a.history.backwards(d.history) {
		if e.providerID != 0 && (e.state == alerting.Accepted || e.state == alerting.Sent) {
			ref := alerting.Ref{Alert: a.key, Delivery: b.id(a, at.Delivery), Attempt: int(e.attempt)}
			return alerting.Silence{Ref: ref, ProviderID: a.history.texts.at(e.providerID), State: d.state, Heard: heard, At: at}, true
		}
	}
	return x, false // the provider gave it no name
}
