package fanout

import (
	"context"
	"sync"
	"time"

	"revere/alerting"
)

// A queue holds what was read ahead: one goroutine adds what is published, another takes what is
// judged next. It is safe for concurrent use.
type queue struct {
	mu      sync.Mutex
	order   *order
	bytes   int           // of the bodies that are held
	changed chan struct{} // closed and replaced when something was added or settled
	late    []late        // corrections that wait for filed alerts to be read
	ready   []late        // those for which they are
}

// How far is read ahead. A message whose body finds no room is read again when its turn comes; what
// is kept of it takes about 400 bytes. Behind so many messages even an extreme one waits, durable,
// until one is judged.
const (
	maxAhead      = 100_000
	maxAheadBytes = 16 << 20
	maxNamed      = 100_000 // ids and keys that the corrections among them name
)

// roomLook is how often it is looked whether there is room again.
const roomLook = 250 * time.Millisecond

func newQueue(judged alerting.Judged) *queue {
	return &queue{order: newOrder(judged), changed: make(chan struct{})}
}

// add puts a message behind all that were published before it. It waits while the queue is full.
func (q *queue) add(ctx context.Context, w *waiting, names []string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.order.live >= maxAhead || len(q.order.named) >= maxNamed {
		if err := q.wait(ctx, nil); err != nil {
			return err
		}
	}
	if q.bytes+w.size > maxAheadBytes {
		w.message, w.size = nil, 0
	}
	q.bytes += w.size
	q.order.add(w, names)
	q.signal()
	return nil
}

// take removes up to n messages of one severity, and waits until there is one that may go on. room
// is only asked where one comes next that needs some. The batch is empty when a correction is to be
// expanded first.
func (q *queue) take(ctx context.Context, n int, room func(rank int) bool) (batch []*waiting, rank int, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		first := q.order.first(true)
		needs := first != nil && first.needsRoom
		enough := false
		if needs {
			rank := first.rank
			enough = q.unlocked(func() bool { return room(rank) })
		}
		if next := q.order.first(enough); len(q.ready) > 0 && (next == nil || next.rank >= q.ready[0].rank) {
			return nil, q.ready[0].rank, nil
		}
		if batch := q.order.take(n, enough); len(batch) > 0 {
			return batch, batch[0].rank, nil // it may be raised when the queue is let go
		}
		var again <-chan time.Time
		if needs {
			again = time.After(roomLook)
		}
		if err := q.wait(ctx, again); err != nil {
			return nil, 0, err
		}
	}
}

// outranks reports whether something waits that is more urgent than the rank and needs no room: a message,
// or a correction that is ready to be expanded.
func (q *queue) outranks(rank int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	first := q.order.first(false)
	return first != nil && first.rank < rank || len(q.ready) > 0 && q.ready[0].rank < rank
}

// settle notes that the first n of a batch are judged, and puts the others back. It returns how far
// all have been judged.
func (q *queue) settle(batch []*waiting, n int) alerting.Judged {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, w := range batch[:n] {
		q.bytes -= w.size
		q.order.settle(w)
	}
	for _, w := range batch[n:] {
		q.order.offer(w)
	}
	q.signal()
	return q.order.judged()
}

// waits counts what is not judged, and what of it only goes on while there is room.
func (q *queue) waits() (all, needRoom int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.order.live, len(q.order.lanes[1])
}

func (q *queue) signal() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// wait lets go of the queue until it changes.
func (q *queue) wait(ctx context.Context, again <-chan time.Time) error {
	changed := q.changed
	q.mu.Unlock()
	defer q.mu.Lock()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-changed:
	case <-again:
	}
	return nil
}

func (q *queue) unlocked(ask func() bool) bool {
	q.mu.Unlock()
	defer q.mu.Lock()
	return ask()
}
