package tracking

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"revere/alerting"
)

// An Archive is the ledger, read again.
type Archive interface {
	// Records calls visit with an alert's records between two of the ledger's sequences, both included,
	// in order.
	Records(alert alerting.Key, first, last uint64, visit func(sequence uint64, r *alerting.Record)) error
	// WrittenOn calls visit with the messages of one of the ledger's subjects between two sequences, both
	// included, in order, until it wants no more. The last is that of a message on the subject. One that
	// can't be read comes without records.
	WrittenOn(subject string, first, last uint64, visit func(sequence uint64, records []alerting.Record) (more bool)) error
}

// Recalls is signaled when something new was heard of a filed alert: Stale names those that are to be
// recalled.
func (b *Board) Recalls() <-chan struct{} { return b.recalls }

// Stale names the filed alerts of which something new was heard, the oldest message first, each once. One
// that can't be recalled is named again the next time.
func (b *Board) Stale() []alerting.Key {
	b.mu.Lock()
	defer b.mu.Unlock()
	keys := slices.SortedFunc(maps.Keys(b.stale), func(x, y alerting.Key) int { return cmp.Compare(x.Sequence(), y.Sequence()) })
	clear(b.stale)
	return keys
}

// ErrLost is that of an alert whose part of the ledger was read to its end, and lacks something that was there when
// it was filed or heard of: to read it again would not help. Any other error says that it can't be read now.
var ErrLost = errors.New("the ledger has lost a part of it")

// Recall makes sure that the details of an alert are there: those of a filed one are read again. Every
// method that needs them calls it; who must not mistake an alert that can't be read for one without
// people calls it first, and gives up on its error.
func (b *Board) Recall(key alerting.Key) error {
	for b.Away(key) { // which is rare: reading must not lock others out
		b.mu.Lock()
		a := b.alerts[key]
		if a == nil || !a.bare || b.Archive == nil {
			b.mu.Unlock()
			return nil
		}
		if under := a.recalling; under != nil { // someone else does
			b.mu.Unlock()
			<-under.done
			continue
		}
		a.recalling = &recalling{done: make(chan struct{})}
		spans, last, people := slices.Clone(a.spans), a.latest, a.people
		b.mu.Unlock()
		err := b.recall(a, spans, last, people)
		if b.Recalled != nil {
			b.Recalled(key, err)
		}
		return err
	}
	return nil
}

// A recalling is an alert whose details are being read. New records about it wait until then.
type recalling struct {
	done    chan struct{}
	waiting []waitingRecord
}

type waitingRecord struct {
	sequence uint64
	record   alerting.Record
}

// recall reads an alert's records up to its last, and puts it in the place of the bare one. Where the ledger has lost
// who it went to it stays bare.
func (b *Board) recall(a *alert, within spans, last uint64, people int) error {
	fresh, own, err := b.refolded(a.key, within, last)
	if err == nil && len(fresh.recipients) < people {
		err = fmt.Errorf("%w: of the %d people of alert %s there are %d", ErrLost, people, a.key, len(fresh.recipients))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	under := a.recalling
	defer close(under.done)
	if a.recalling = nil; err != nil {
		a.unreadable = true
		if a.filed < a.latest {
			b.stale[a.key] = struct{}{} // what waits is in the ledger, and is read with the rest
		}
	} else {
		b.adopt(fresh, own)
		b.replace(a, fresh, under)
	}
	b.rouse()
	return err
}

// refolded reads an alert's records up to its last. It folds them on a board of their own, so that nobody waits for it
// here; nothing of it is due yet.
func (b *Board) refolded(key alerting.Key, within spans, last uint64) (fresh *alert, own *Board, err error) {
	fresh, own = newAlert(key), NewBoard()
	fresh.asleep = true
	for _, part := range within {
		if err == nil {
			err = b.Archive.Records(key, part[0], part[1], func(sequence uint64, r *alerting.Record) { own.refold(fresh, sequence, r) })
		}
	}
	switch {
	case err != nil:
	case fresh.latest < last:
		err = fmt.Errorf("%w: alert %s was read up to %d of %d", ErrLost, key, fresh.latest, last)
	case fresh.opened == nil:
		err = fmt.Errorf("%w: what opened alert %s is not at %d", ErrLost, key, within[0][0])
	}
	return fresh, own, err
}

// refold folds a record again. One that makes the fold fail was passed over the first time too.
func (b *Board) refold(a *alert, sequence uint64, r *alerting.Record) {
	var err error
	defer alerting.Rescue(&err)
	b.foldInto(a, sequence, r)
}

// adopt makes an alert this board's that was folded on another.
func (b *Board) adopt(a *alert, from *Board) {
	channels := make([]uint16, len(from.channels))
	for i, name := range from.channels {
		channels[i] = b.numberOf(name)
	}
	areas, teams := b.areas.renumber(from.areas), b.teams.renumber(from.teams)
	for i := range a.deliveries {
		a.deliveries[i].channel = channels[a.deliveries[i].channel]
	}
	for i := range a.recipients {
		r := &a.recipients[i]
		r.areas, r.teams = areas[r.areas], teams[r.teams]
	}
	states := make([][alerting.StateCount]int32, len(b.channels))
	for i, counts := range a.tally.states {
		states[channels[i]] = counts
	}
	a.tally.states = states
}

// renumber takes in another's lists, and returns which numbers they have here.
func (l *lists[T]) renumber(from lists[T]) []uint32 {
	numbers := make([]uint32, len(from.all))
	for i, list := range from.all {
		numbers[i] = l.number(list)
	}
	return numbers
}

// replace puts an alert with its details in the place of the bare one.
func (b *Board) replace(a, fresh *alert, under *recalling) {
	fresh.duringExercise, fresh.filed, fresh.traces, fresh.recalled = a.duringExercise, a.filed, a.traces, time.Now()
	for i := range under.waiting {
		b.refold(fresh, under.waiting[i].sequence, &under.waiting[i].record)
	}
	*a = *fresh
	b.wake(a)
}

// wake makes due what the ledger says is.
func (b *Board) wake(a *alert) {
	a.asleep = false
	for i := range a.deliveries {
		if d := &a.deliveries[i]; d.due() {
			b.countDue(a, d, 1)
			b.enqueue(a, uint32(i))
		}
	}
	b.signalAll()
}

// doze keeps a correction from being due while something that it quotes is away: whoever words it would
// have to wait until that is read. It is called before the correction's first manifest is taken in.
func (b *Board) doze(a *alert) {
	if a.asleep || len(a.deliveries) > 0 {
		return
	}
	if a.asleep = b.dozes(a); a.asleep {
		b.dozing = append(b.dozing, a)
	}
}

// dozes reports whether something that a correction quotes is away, and has that read.
func (b *Board) dozes(a *alert) (dozes bool) {
	for _, key := range a.opened.Corrects {
		if c := b.alerts[key]; c.away() {
			dozes = true
			b.ask(c)
		}
	}
	return dozes
}

// away reports whether the alert's details are not in memory, and can be.
func (a *alert) away() bool { return a != nil && a.bare && !a.unreadable }

// rouse makes those corrections due that doze and for which everything is there, as far as it can be read.
func (b *Board) rouse() {
	b.dozing = slices.DeleteFunc(b.dozing, func(a *alert) bool {
		waits := slices.ContainsFunc(a.opened.Corrects, func(key alerting.Key) bool { return b.alerts[key].away() })
		if !waits {
			b.wake(a)
		}
		return !waits
	})
}

// ask has the details of an alert read again by whoever listens to Recalls.
func (b *Board) ask(a *alert) {
	b.stale[a.key] = struct{}{}
	select {
	case b.recalls <- struct{}{}:
	default:
	}
}

// late takes in what a record about a filed alert says of the alert itself, and has its details read
// for the rest.
func (b *Board) late(a *alert, sequence uint64, r *alerting.Record) {
	a.latest, a.latestAt = sequence, r.At
	a.spans.add(sequence)
	a.expired = a.expired || r.Expired
	if a.withdrawn == nil {
		a.withdrawn = r.Withdrawn
	}
	if a.recalling != nil {
		a.recalling.waiting = append(a.recalling.waiting, waitingRecord{sequence, *r})
		return
	}
	b.ask(a)
}
