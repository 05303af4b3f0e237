package tracking

import (
	"cmp"
	"maps"
	"slices"

	"revere/alerting"
)

// Inbound facts that wait for a filed alert stand on a shelf of that alert's. It may stay unreadable for
// long while people go on writing about it, so that a shelf holds a bounded part of them in memory, the
// oldest. Where the others begin is known, and they are read from the ledger again when their turn comes.

const (
	// A shelf holds at most shelfPlaces arrivals of shelfBytes, or one that is larger.
	shelfPlaces = 256
	shelfBytes  = 128 << 10
	// Where all shelves together hold shelvesBytes nothing is added before its turn.
	shelvesBytes = 4 << 20
)

// An Aside is what one arrival told of a filed alert, and of which nothing has been drawn.
type Aside struct {
	Arrival uint64
	Facts   []alerting.Inbound // not to be changed
	place   uint64             // of its record in the ledger
}

// bytes is about what it takes in memory.
func (x *Aside) bytes() int {
	const each = 256 // for what has the same size in all facts
	n := 0
	for i := range x.Facts {
		f := &x.Facts[i]
		n += each + len(f.ID) + len(f.From) + len(f.Text) + len(f.Ref) + len(f.Reason)
		for _, id := range f.About {
			n += 16 + len(id)
		}
	}
	return n
}

// A shelf has what waits for one filed alert.
type shelf struct {
	held  map[uint64]Aside // by arrival
	bytes int              // of those held
	count int              // of those held and those behind
	// behind is the oldest that is not held; those after it are not either.
	behind behind
	// settled counts those behind that wait no more: another process held them, and drew from them.
	settled int
}

// A behind is an arrival, and where the ledger has it; zero for none.
type behind struct{ arrival, place uint64 }

func (s *shelf) put(x Aside) {
	s.held[x.Arrival] = x
	s.bytes += x.bytes()
}

func (s *shelf) full(x *Aside) bool {
	return len(s.held) > 0 && (len(s.held) >= shelfPlaces || s.bytes+x.bytes() > shelfBytes)
}

// take puts an arrival on the shelf, or leaves it behind.
func (s *shelf) take(x Aside, room bool) {
	switch {
	case s.behind.arrival != 0:
	case !room || s.full(&x):
		s.behind = behind{x.Arrival, x.place}
	default:
		s.put(x)
	}
}

func (s *shelf) drop(arrival uint64) (dropped bool) {
	x, held := s.held[arrival]
	if held {
		s.bytes -= x.bytes()
		delete(s.held, arrival)
	}
	return held
}

// bare reports whether there is nothing on the shelf and nothing behind.
func (s *shelf) bare() bool { return len(s.held) == 0 && s.behind.arrival == 0 }

// oldest is the ledger's first sequence that has something of the shelf.
func (s *shelf) oldest() uint64 {
	oldest := s.behind.place
	for _, x := range s.held {
		if oldest == 0 || x.place < oldest {
			oldest = x.place
		}
	}
	return oldest
}

// foldAside takes in which inbound facts wait for the details of a filed alert, and which do no more.
func (b *Board) foldAside(sequence uint64, r *alerting.Record) {
	s := b.shelves[r.Awaits]
	if len(r.Aside) > 0 {
		if s == nil {
			s = &shelf{held: map[uint64]Aside{}}
			b.shelves[r.Awaits] = s
		}
		// Those without a name are from earlier versions: it is not in the ledger alone which of them wait.
		unnamed := r.Awaits == ""
		if unnamed && s.drop(r.Inbound) { // a checkpoint had it
			s.count--
		}
		s.count++
		if x := (Aside{r.Inbound, r.Aside, sequence}); unnamed {
			s.put(x)
		} else {
			s.take(x, b.shelved()+x.bytes() <= shelvesBytes)
		}
	}
	if s == nil || r.Settled == 0 {
		return
	}
	switch {
	case s.drop(r.Settled):
		s.count--
	case s.behind.arrival != 0 && r.Settled >= s.behind.arrival:
		s.count--
		s.settled++
	}
	if s.count <= 0 || s.bare() {
		delete(b.shelves, r.Awaits)
	}
}

// shelved is what the shelves hold, in bytes.
func (b *Board) shelved() (n int) {
	for _, s := range b.shelves {
		n += s.bytes
	}
	return n
}

// Asides lists the filed alerts for which inbound facts wait, the one that waits longest first. The empty
// key stands for facts from an earlier version, which did not note what they wait for.
func (b *Board) Asides() []alerting.Key {
	b.mu.RLock()
	defer b.mu.RUnlock()
	since := map[alerting.Key]uint64{}
	for key, s := range b.shelves {
		since[key] = s.oldest()
	}
	return slices.SortedFunc(maps.Keys(since), func(x, y alerting.Key) int { return cmp.Compare(since[x], since[y]) })
}

// CountAside counts the arrivals of which facts wait, and those of them that are held in memory.
func (b *Board) CountAside() (waiting, held int) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, s := range b.shelves {
		waiting += s.count
		held += len(s.held)
	}
	return waiting, held
}

// Aside returns what has waited longest for an alert, in the order in which it came in: all of it, or as
// much as is held at a time. Nothing waits where it returns nothing.
func (b *Board) Aside(key alerting.Key) (waiting []Aside, err error) {
	for {
		b.mu.RLock()
		s := b.shelves[key]
		if s == nil || len(s.held) > 0 {
			waiting = s.inOrder()
			b.mu.RUnlock()
			return waiting, nil
		}
		from := s.behind
		b.mu.RUnlock()
		if err := b.restock(key, from); err != nil {
			return nil, err
		}
	}
}

func (s *shelf) inOrder() []Aside {
	if s == nil {
		return nil
	}
	return slices.SortedFunc(maps.Values(s.held), func(x, y Aside) int { return cmp.Compare(x.Arrival, y.Arrival) })
}
