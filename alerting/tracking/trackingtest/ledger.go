// Package trackingtest is what the tests of several rooms need of the ledger: one in memory, and
// sample alerts on it.
package trackingtest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"revere/alerting"
	"revere/alerting/tracking"
)

// ErrBroken is what a ledger answers that was told to break.
var ErrBroken = errors.New("the ledger is broken")

// A Ledger keeps records in memory: what was appended is on all its boards when Append returns. It
// is safe for concurrent use.
type Ledger struct {
	mu      sync.Mutex
	boards  []*tracking.Board
	written []alerting.Record
	places  []uint64 // of each record: the number of its append
	on      []string // of each append: its subject
	appends uint64
	opened  int
	breakAt uint64
	stores  bool
}

// NewLedger returns an empty ledger with boards that follow it.
func NewLedger(boards ...*tracking.Board) *Ledger { return &Ledger{boards: boards} }

// Break makes the n-th append from now fail, 1 being the next, and the ledger whole again after it.
// With stored what it appends is there all the same: the process died before it was told. 0 mends it.
func (l *Ledger) Break(n int, stored bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.breakAt, l.stores = l.appends+uint64(n), stored
}

// Subject is that on which Append writes.
const Subject = "ledger.test"

// Append implements every room's Journal. Its sequence is the number of appends.
func (l *Ledger) Append(_ context.Context, records ...alerting.Record) (uint64, error) {
	return l.AppendOn(Subject, records...)
}

// AppendOn appends on a subject.
func (l *Ledger) AppendOn(subject string, records ...alerting.Record) (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.appends++
	l.on = append(l.on, subject)
	breaks := l.appends == l.breakAt
	if breaks && !l.stores {
		return 0, ErrBroken
	}
	for i := range records {
		l.written, l.places = append(l.written, records[i]), append(l.places, l.appends)
	}
	for _, b := range l.boards {
		b.Apply(l.appends, subject, records)
	}
	if breaks {
		return 0, ErrBroken
	}
	return l.appends, nil
}

// Following returns a ledger that goes on where this one is, with other boards: those of the process
// that starts when the one before has died.
func (l *Ledger) Following(boards ...*tracking.Board) *Ledger {
	l.mu.Lock()
	defer l.mu.Unlock()
	return &Ledger{boards: boards, written: l.written, places: l.places, on: l.on, appends: l.appends, opened: l.opened}
}

// Records implements tracking.Archive.
func (l *Ledger) Records(alert alerting.Key, first, last uint64, visit func(uint64, *alerting.Record)) error {
	l.mu.Lock()
	written, places := l.written, l.places
	l.mu.Unlock()
	for i, r := range written {
		if places[i] >= first && places[i] <= last && r.Alert == alert {
			visit(places[i], &r)
		}
	}
	return nil
}

// WrittenOn implements tracking.Archive. A last that is not of a message on the subject is an error: who reads a
// stream would wait for what never comes.
func (l *Ledger) WrittenOn(subject string, first, last uint64, visit func(sequence uint64, records []alerting.Record) (more bool)) error {
	l.mu.Lock()
	written, places, on := l.written, l.places, l.on
	l.mu.Unlock()
	if last == 0 || last > uint64(len(on)) || on[last-1] != subject {
		return fmt.Errorf("there is no message at %d on %s", last, subject)
	}
	for i := 0; i < len(written); {
		from, place := i, places[i]
		for i < len(written) && places[i] == place {
			i++
		}
		if place >= first && place <= last && on[place-1] == subject && !visit(place, written[from:i]) {
			return nil
		}
	}
	return nil
}

// Written returns all records, the oldest first.
func (l *Ledger) Written() []alerting.Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]alerting.Record{}, l.written...)
}

// ReadOn applies to a board what it has not read yet, a record of each append, and calls after behind each. It returns
// how many that were.
func (l *Ledger) ReadOn(b *tracking.Board, after func()) (read int) {
	for i, r := range l.Written() {
		if sequence := uint64(i) + 1; sequence > b.Reached() {
			b.Apply(sequence, Subject, []alerting.Record{r})
			after()
			read++
		}
	}
	return read
}

// Replayed returns a new board that has read the whole ledger, as a process has that starts again.
func (l *Ledger) Replayed() *tracking.Board {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := tracking.NewBoard()
	for i, r := range l.written {
		b.Apply(l.places[i], l.on[l.places[i]-1], []alerting.Record{r})
	}
	return b
}
