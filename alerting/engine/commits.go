package engine

import (
	"context"
	"sync"
)

// commits is how many calls share a write: those that come while one is under way are stored together by
// the next, and one that comes alone is stored at once, by its own caller. No timer holds anything back to
// fill a group: only the write before it does, so a group grows just as large as the disk is slow.
type commits[T any] struct {
	// store makes a group durable. Its error is that of all items: where one may fare otherwise than another, they
	// have their own. It is called by one goroutine at a time, in the order in which the groups began.
	store func(ctx context.Context, items []T) (sequence uint64, err error)
	// mostItems and mostBytes bound a group; 0 for no bound. A call that does not fit begins the next one.
	mostItems, mostBytes int

	mu      sync.Mutex
	waiting []*group[T] // the oldest first; the last takes more
	writing bool
}

// A group is what shares one write. sequence and err are there when it is done, for all who joined it.
type group[T any] struct {
	items    []T
	bytes    int
	sequence uint64
	err      error
	done     chan struct{}
}

// commit stores the items of one call, of a size in bytes, together and as soon as no other write is under
// way, and returns what became of the group that they were in. When ctx is done first it returns the
// context's error; they may be stored all the same.
func (c *commits[T]) commit(ctx context.Context, bytes int, items ...T) (sequence uint64, err error) {
	g := c.join(bytes, items)
	if g == nil {
		defer c.handOver()
		return c.store(ctx, items)
	}
	select {
	case <-g.done:
		return g.sequence, g.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// join puts items into the group that is stored next; nil where no write is under way, which the caller
// then begins.
func (c *commits[T]) join(bytes int, items []T) *group[T] {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.writing {
		c.writing = true
		return nil
	}
	g := c.roomFor(len(items), bytes)
	g.items, g.bytes = append(g.items, items...), g.bytes+bytes
	return g
}

// roomFor is the last group that waits, or a new one behind it where there is no room in it.
func (c *commits[T]) roomFor(items, bytes int) *group[T] {
	if n := len(c.waiting); n > 0 {
		g := c.waiting[n-1]
		full := c.mostItems > 0 && len(g.items)+items > c.mostItems || c.mostBytes > 0 && g.bytes+bytes > c.mostBytes
		if !full {
			return g
		}
	}
	g := &group[T]{done: make(chan struct{})}
	c.waiting = append(c.waiting, g)
	return g
}

// handOver ends a caller's own write. What came meanwhile is written by a goroutine of its own, so that no
// caller waits for others' items, and none that gives up takes theirs with it.
func (c *commits[T]) handOver() {
	if g := c.next(); g != nil {
		go c.drain(context.Background(), g)
	}
}

// drain stores one group after the other until none waits.
func (c *commits[T]) drain(ctx context.Context, g *group[T]) {
	for ; g != nil; g = c.next() {
		g.sequence, g.err = c.store(ctx, g.items)
		close(g.done)
	}
}

// next takes the group that has waited longest; nil where none waits, and then no write is under way.
func (c *commits[T]) next() *group[T] {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) == 0 {
		c.waiting, c.writing = nil, false
		return nil
	}
	g := c.waiting[0]
	c.waiting = c.waiting[1:]
	return g
}
