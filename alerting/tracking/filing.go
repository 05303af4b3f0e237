package tracking

import (
	"cmp"
	"slices"
	"time"

	"github.com/bits-and-blooms/bloom/v3"

	"revere/alerting"
)

// done reports whether nothing of the alert is left to do.
func (a *alert) done() bool {
	return !a.open() && (a.manifested || a.givenUp != "") && a.tally.busy == 0
}

// Fileable returns the alerts that can be filed: over, nothing under way, nothing heard since the
// given time, and not filed as they are now. The oldest come first, at most limit of them.
func (b *Board) Fileable(since time.Time, limit int) (all []alerting.Filed) {
	return b.asFiled(b.quiet(since, limit, mayBeWorded), since)
}

// FileableForRoom returns those too that are quoted by a correction which has gone out to everyone: where it
// is worded once more, they are read again.
func (b *Board) FileableForRoom(since time.Time, limit int) (all []alerting.Filed) {
	return b.asFiled(b.quiet(since, limit, func(a *alert) bool { return a.tally.busy > 0 || !a.manifested && a.givenUp == "" }), since)
}

// asFiled is what is filed of those of the alerts that were quiet.
func (b *Board) asFiled(quiet []*alert, since time.Time) (all []alerting.Filed) {
	for _, a := range quiet {
		if f, ok := b.toFile(a); ok && f.QuietSince.Before(since) {
			all = append(all, f)
		}
	}
	return all
}

// ToFile returns of some alerts what is to be filed: of those that are over with nothing under way, and not filed as
// they are, however short a time ago they were heard of.
func (b *Board) ToFile(keys []alerting.Key) (all []alerting.Filed) {
	for _, key := range keys {
		b.mu.RLock()
		a := b.alerts[key]
		b.mu.RUnlock()
		if a == nil {
			continue
		}
		if f, ok := b.toFile(a); ok {
			all = append(all, f)
		}
	}
	return all
}

// toFile is what is filed of an alert, with its traces; ok is false where it can't be filed as it is, or changed
// meanwhile. To make the traces of a large one takes a while, and the board is free in between.
func (b *Board) toFile(a *alert) (f alerting.Filed, ok bool) {
	var traces *bloom.BloomFilter
	for from, all := 0, 1; from < all; from += tracedAtOnce {
		b.mu.RLock()
		if from == 0 {
			f, all, traces = a.asFiled(), len(a.deliveries), a.traces
			if !a.bare {
				traces = newTraces(all)
			}
		}
		if ok = a.fileable() && a.latest == f.Latest; ok {
			b.trace(a, from, traces)
		}
		b.mu.RUnlock()
		if !ok {
			return f, false
		}
	}
	f.Traces = keptTraces(traces)
	return f, true
}

// quiet lists the alerts that can be filed and that no correction quotes which is under way, at most limit of
// them.
func (b *Board) quiet(since time.Time, limit int, underWay func(*alert) bool) (all []*alert) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	needed := b.needed(underWay)
	for _, a := range b.order {
		if len(all) == limit {
			break
		}
		if a.fileable() && a.latestAt.Before(since) && !needed[a.key] {
			all = append(all, a)
		}
	}
	return all
}

// fileable reports whether an alert can be filed as it is. One that is filed, of which something was heard since,
// and whose details can't be read is filed anew without them: a start need not read what was heard, and whoever
// can read it all some day does. While somebody tries to, File would not take it.
func (a *alert) fileable() bool {
	return (!a.bare || a.unreadable && a.recalling == nil) && a.filed != a.latest && a.done()
}

// Checkpoint returns where a board could begin that has everything which this one knows to be filed.
func (b *Board) Checkpoint() alerting.Checkpoint {
	b.mu.RLock()
	defer b.mu.RUnlock()
	c := alerting.Checkpoint{Resume: b.reached + 1, Reached: b.reached, Last: map[string]uint64{}, Inbound: b.inbound}
	for subject, last := range b.last {
		c.Last[subject] = last
	}
	for _, s := range b.shelves {
		c.Resume = min(c.Resume, s.oldest())
	}
	var unfiled []*alert
	for _, a := range b.order {
		switch {
		case a.filed == 0:
			unfiled = append(unfiled, a)
		case a.filed < a.latest:
			c.Resume = min(c.Resume, a.filed+1)
		}
	}
	c.Apart, c.ResumeApart = apart(unfiled, c.Resume, b.reached)
	if len(unfiled) > 0 {
		c.Resume = min(c.Resume, unfiled[0].first)
	}
	return c
}

// Begin sets a board up that has read nothing yet: what is filed, and the checkpoint. The ledger is to
// be applied from there on where the board has got by that. Where alerts that stand apart can't be read now that is
// the checkpoint's Resume, and the error says why.
func (b *Board) Begin(filed []alerting.Filed, c alerting.Checkpoint) error {
	slices.SortFunc(filed, func(x, y alerting.Filed) int { return cmp.Compare(x.First, y.First) })
	read, err := b.readApart(c.Apart, filed)
	if err == nil && len(c.Apart) > 0 {
		c.Resume = c.ResumeApart
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inbound, b.reached = c.Inbound, c.Resume-min(c.Resume, 1)
	for subject, last := range c.Last {
		b.last[subject] = last
	}
	for arrival, facts := range c.Aside {
		b.foldAside(1, &alerting.Record{Inbound: arrival, Aside: facts})
	}
	for i := range filed {
		b.list(bareAlert(&filed[i]))
	}
	if err == nil {
		b.listApart(read)
	}
	return err
}

// mayBeWorded reports whether messages of an alert may still have to be worded.
func mayBeWorded(a *alert) bool { return a.open() || a.tally.busy > 0 }

// needed are the alerts whose words a correction that is under way quotes.
func (b *Board) needed(underWay func(*alert) bool) map[alerting.Key]bool {
	needed := map[alerting.Key]bool{}
	for _, a := range b.order {
		if a.bare || !underWay(a) {
			continue
		}
		for _, key := range a.opened.Corrects {
			needed[key] = true
		}
	}
	return needed
}

// File notes that an alert was filed, and reports whether it is on this board. One that has changed since, or is
// being read, stays as it is; one that this board does not know, since it began behind it, is known from then on.
func (b *Board) File(f alerting.Filed) (filed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.alerts[f.Key]
	switch {
	case a == nil:
		b.list(bareAlert(&f))
		return true
	case a.latest != f.Latest || f.Latest <= a.filed || a.recalling != nil:
	case a.bare || a.recalled.IsZero():
		unreadable := a.unreadable
		*a = *bareAlert(&f)
		a.unreadable = unreadable
		delete(b.stale, a.key) // what was heard of it is filed, and need not be read
	default: // somebody has asked for it: Tidy forgets the details
		a.filed, a.traces = f.Latest, readTraces(f.Traces)
	}
	return a.filed >= f.Latest
}

func bareAlert(f *alerting.Filed) *alert {
	opened := f.Opened // whose address would keep all of f
	opened.Alert = opened.Alert.Brief()
	within := slices.Clone(f.Spans)
	if len(within) == 0 { // by an earlier version
		within = spans{{f.First, f.Latest}}
	}
	return &alert{
		key: f.Key, opened: &opened, openedAt: f.OpenedAt, first: f.First, latest: f.Latest, spans: within, ended: f.Ended, latestAt: f.QuietSince,
		withdrawn: f.Withdrawn, expired: f.Expired, duringExercise: f.DuringExercise, revision: f.Revision, manifested: f.GivenUp == "", givenUp: f.GivenUp,
		bare: true, filed: f.Latest, traces: readTraces(f.Traces), people: f.People, unclear: f.Unclear, tally: tally{everyone: group{reached: f.Reached, delivered: f.Delivered, acknowledged: f.Acknowledged}},
	}
}

// Tidy forgets the details of filed alerts that were recalled before the given time, and the traces of
// those that are long past.
func (b *Board) Tidy(before time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	needed := b.needed(mayBeWorded)
	for _, a := range b.order {
		if a.latestAt.Before(before.Add(-tracesKept)) {
			a.traces = nil
		}
		if !a.bare && a.filed == a.latest && a.recalled.Before(before) && !needed[a.key] {
			filed, recalled, traces := a.asFiled(), a.recalled, a.traces
			*a = *bareAlert(&filed)
			a.recalled, a.traces = recalled, traces
		}
	}
}

// asFiled is what is filed of an alert.
func (a *alert) asFiled() alerting.Filed {
	people, unclear := a.people, a.unclear
	if !a.bare {
		people, unclear = len(a.recipients), a.tally.unclear()
	}
	return alerting.Filed{
		Key: a.key, Opened: *a.opened, OpenedAt: a.openedAt, First: a.first, Latest: a.latest, Spans: slices.Clone(a.spans), Ended: a.ended, QuietSince: a.latestAt,
		Withdrawn: a.withdrawn, Expired: a.expired, DuringExercise: a.duringExercise, Revision: a.revision, GivenUp: a.givenUp,
		People: people, Unclear: unclear, Reached: a.tally.everyone.reached, Delivered: a.tally.everyone.delivered, Acknowledged: a.tally.everyone.acknowledged,
	}
}
