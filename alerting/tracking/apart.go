package tracking

import (
	"fmt"
	"slices"

	"revere/alerting"
)

// A start reads the ledger from the first record of the oldest alert that is not filed. One that is open for weeks would
// have it read everything that was sent since: it is read by itself, within the spans where its records are.

// beginning is what it costs to begin to read somewhere, in messages that are read instead.
var beginning uint64 = 200

// mostApart bounds the alerts that are read by themselves.
const mostApart = 100

// apart picks those of the alerts that are not filed, the oldest first, that are to be read by themselves, and says
// from where on the ledger is then to be read: so that as few messages as possible are, up to where it has reached. From
// resume on it is read in any case.
func apart(unfiled []*alert, resume, reached uint64) (those []alerting.Apart, resumeApart uint64) {
	from := func(i int) uint64 {
		if i < len(unfiled) {
			return min(resume, unfiled[i].first)
		}
		return resume
	}
	best, bestCost, within := 0, reached+1-from(0), uint64(0)
	for i, a := range unfiled[:min(len(unfiled), mostApart)] {
		within += a.spans.cost()
		if cost := within + reached + 1 - from(i+1); cost < bestCost {
			best, bestCost = i+1, cost
		}
	}
	for _, a := range unfiled[:best] {
		those = append(those, alerting.Apart{Key: a.key, Spans: slices.Clone(a.spans)})
	}
	if best > 0 {
		resumeApart = from(best)
	}
	return those, resumeApart
}

// cost is what it costs to read the spans, in messages.
func (s spans) cost() (messages uint64) {
	for _, part := range s {
		messages += part[1] - part[0] + 1 + beginning
	}
	return messages
}

// A readAlert is one that was read by itself, with the board that it was folded on.
type readAlert struct {
	*alert
	own *Board
}

// readApart reads alerts, but those that are filed by now.
func (b *Board) readApart(apart []alerting.Apart, filed []alerting.Filed) (all []readAlert, err error) {
	for _, x := range apart {
		if slices.ContainsFunc(filed, func(f alerting.Filed) bool { return f.Key == x.Key }) {
			continue
		}
		last := x.Spans[len(x.Spans)-1][1]
		fresh, own, err := b.refolded(x.Key, x.Spans, last)
		if err != nil {
			return nil, fmt.Errorf("read alert %s by itself: %w", x.Key, err)
		}
		fresh.readTo = last
		all = append(all, readAlert{fresh, own})
	}
	return all, nil
}

// listApart makes alerts known that were read by themselves, the oldest first.
func (b *Board) listApart(all []readAlert) {
	for _, x := range all {
		b.adopt(x.alert, x.own)
		x.duringExercise = b.exerciseOpen(x.first)
		b.list(x.alert)
	}
	for _, x := range all { // which one may quote the other
		if b.dozes(x.alert) {
			b.dozing = append(b.dozing, x.alert)
		} else {
			b.wake(x.alert)
		}
	}
}
