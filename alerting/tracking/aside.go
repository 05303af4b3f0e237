package tracking

import (
	"maps"
	"slices"

	"revere/alerting"
)

// foldAside takes in which inbound facts wait for the details of a filed alert, and which do no more.
func (b *Board) foldAside(r *alerting.Record) {
	if len(r.Aside) > 0 {
		b.aside[r.Inbound] = r.Aside
	}
	delete(b.aside, r.Settled)
}

// Asides lists the arrivals of which facts were set aside and nothing has been drawn, the oldest first.
func (b *Board) Asides() []uint64 {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return slices.Sorted(maps.Keys(b.aside))
}

// Aside returns the facts of an arrival that were set aside, not to be changed; nil when there are none.
func (b *Board) Aside(arrival uint64) []alerting.Inbound {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.aside[arrival]
}
