package tracking

import (
	"time"

	"revere/alerting"
)

// A Ladder is one recipient's contacts in the order of preference, and how far each has come.
type Ladder struct {
	Recipient uint32
	Name      string
	Answered  bool
	Gap       bool // a gap was remarked already
	Rungs     []Rung
}

// A Rung is one contact on a ladder.
type Rung struct {
	Delivery    uint32
	Channel     string
	State       alerting.State
	Lost        bool // the contact failed for good, or STOP closed it
	Active      bool
	ActivatedAt time.Time
}

// ladderStretch is how many recipients are looked at before others may go on.
const ladderStretch = 2000

// Ladders calls visit with every recipient of an alert for whom something is left to do: they have
// not answered, and have a contact that is not in use, or a gap that was not remarked. visit must not
// call the board. Changes may come between two recipients: what was decided is looked at again when
// they have come.
func (b *Board) Ladders(key alerting.Key, visit func(Ladder)) {
	for from := 0; from >= 0; {
		from = b.ladders(key, from, visit)
	}
}

// ladders visits one stretch and returns where the next begins, -1 at the end.
func (b *Board) ladders(key alerting.Key, from int, visit func(Ladder)) (next int) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	a := b.alerts[key]
	if a == nil || !a.manifested {
		return -1
	}
	var rungs []Rung
	for i := from; i < len(a.recipients); i++ {
		if i == from+ladderStretch {
			return i
		}
		r := &a.recipients[i]
		if !a.unsettled(r) {
			continue
		}
		rungs = rungs[:0]
		for _, c := range a.rungs(r) {
			d := &a.deliveries[c]
			rungs = append(rungs, Rung{c, b.channel(d), d.state, d.lost(), d.active(), d.activatedAt.time()})
		}
		visit(Ladder{uint32(i), a.card(r).name(), r.status.has(answered), r.status.has(gapSeen), rungs})
	}
	return -1
}

// unsettled reports whether something may be left to do for a recipient.
func (a *alert) unsettled(r *recipient) bool {
	if r.status.has(answered) {
		return false
	}
	if r.status.has(gapped) && !r.status.has(gapSeen) {
		return true
	}
	for _, c := range a.rungs(r) {
		if d := &a.deliveries[c]; d.idle() {
			return true
		}
	}
	return false
}
