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

// Ladders calls visit with every recipient of an alert. visit must not call the board.
func (b *Board) Ladders(key alerting.Key, visit func(Ladder)) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	a := b.alerts[key]
	if a == nil || !a.manifested {
		return
	}
	var rungs []Rung
	for i := range a.recipients {
		r := &a.recipients[i]
		rungs = rungs[:0]
		for _, c := range a.rungs(r) {
			d := &a.deliveries[c]
			rungs = append(rungs, Rung{c, b.channel(d), d.state, d.lost(), d.active(), d.activatedAt.time()})
		}
		visit(Ladder{uint32(i), r.name(), r.status.has(answered), r.status.has(gapSeen), rungs})
	}
}
