package tracking

import "revere/alerting"

// A refill is what is to stand on an empty shelf, read from the ledger beside everything else: what the tracker
// wrote, from the oldest that is not held until the shelf is full.
type refill struct {
	shelf
	key     alerting.Key
	subject string // the tracker's
	from    behind // the shelf's own
	next    uint64 // of the ledger's sequences
	// gone is how many at from and behind wait no more, as far as was read, and least how many do: what another
	// process has drawn from since is told behind where the shelf is full.
	gone, least int
}

// restock fills a shelf of which nothing is held.
func (b *Board) restock(key alerting.Key, from behind) error {
	r := &refill{shelf: shelf{held: map[uint64]Aside{}}, key: key, from: from, next: from.place}
	for {
		last, done := b.restocked(r)
		if done {
			return nil
		}
		if err := b.Archive.WrittenOn(r.subject, r.next, last, r.read); err != nil {
			return err
		}
	}
}

// read takes in a message of the tracker's, and reports whether another is needed.
func (r *refill) read(sequence uint64, records []alerting.Record) (more bool) {
	r.next = sequence + 1
	for i := range records {
		if x := &records[i]; x.Awaits == r.key {
			r.see(sequence, x)
		}
	}
	return !r.enough()
}

func (r *refill) see(sequence uint64, x *alerting.Record) {
	if len(x.Aside) > 0 && x.Inbound >= r.from.arrival {
		r.take(Aside{x.Inbound, x.Aside, sequence}, true)
	}
	if x.Settled == 0 || x.Settled < r.from.arrival {
		return
	}
	r.gone++
	if !r.drop(x.Settled) {
		r.settled++
	}
}

// enough reports whether no more need be read: the shelf is full, and nothing that is on it is settled further
// behind.
func (r *refill) enough() bool { return r.behind.arrival != 0 && r.gone >= r.least }

// restocked puts a shelf in its place once enough was read. Until then it tells up to where there is something
// to read. Where all was read, what the shelf does not hold can't be read any more, and is named in the log.
func (b *Board) restocked(r *refill) (last uint64, done bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.shelves[r.key]
	if s == nil || s.behind != r.from {
		return 0, true // drawn from meanwhile, or filled
	}
	r.least, r.subject = s.settled, b.asidesOn
	last = b.last[r.subject]
	if r.next <= last && !r.enough() {
		return last, false
	}
	s.held, s.bytes, s.behind, s.settled = r.held, r.bytes, r.behind, r.settled
	if s.behind.arrival == 0 {
		s.count = len(s.held)
	}
	if s.bare() {
		delete(b.shelves, r.key)
	}
	return 0, true
}
