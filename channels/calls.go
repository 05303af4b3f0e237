package channels

import (
	"math"
	"sync"
	"sync/atomic"
)

// calls are the exchanges with the provider that are under way, or will be as soon as their attempt
// is on record. Each has a goroutine, which waits for the next one when it is done: as many as ever
// were needed at once.
type calls struct {
	ended    chan struct{} // signaled when a call has ended, and there are as few as are awaited
	awaited  atomic.Int64
	next     chan func()
	underWay atomic.Int64
	group    sync.WaitGroup
}

func newCalls() *calls {
	c := &calls{ended: make(chan struct{}, 1), next: make(chan func())}
	c.awaitAny()
	return c
}

// reserve takes the places of n exchanges: each is then made or released.
func (c *calls) reserve(n int) {
	c.underWay.Add(int64(n))
	c.group.Add(n)
}

func (c *calls) release(n int) {
	if c.underWay.Add(int64(-n)) <= c.awaited.Load() {
		c.signal()
	}
	c.group.Add(-n)
}

// awaitAny has every call that ends signaled.
func (c *calls) awaitAny() { c.awaited.Store(math.MaxInt64) }

// await has calls signaled that end when no more than n are under way: who needs room for many is not
// woken for each.
func (c *calls) await(n int) <-chan struct{} {
	c.awaited.Store(int64(n))
	if c.count() <= n {
		c.signal()
	}
	return c.ended
}

// make begins an exchange whose place is reserved.
func (c *calls) make(exchange func()) {
	select {
	case c.next <- exchange:
	default: // everybody is busy
		go c.serve(exchange)
	}
}

func (c *calls) serve(exchange func()) {
	for ok := true; ok; exchange, ok = <-c.next {
		exchange()
		c.release(1)
	}
}

func (c *calls) start(exchange func()) {
	c.reserve(1)
	c.make(exchange)
}

func (c *calls) signal() { signal(c.ended) }

func (c *calls) count() int { return int(c.underWay.Load()) }

// end waits for what is under way, and lets the goroutines go.
func (c *calls) end() {
	c.group.Wait()
	close(c.next)
}
