package channels

import (
	"math"
	"sync"
	"sync/atomic"
)

// calls are the exchanges with the provider that are under way, or will be as soon as their attempt
// is on record.
type calls struct {
	ended    chan struct{} // signaled when a call has ended, and there are as few as are awaited
	awaited  atomic.Int64
	underWay atomic.Int64
	group    sync.WaitGroup
	callers  *callers
}

func newCalls() *calls {
	c := &calls{ended: make(chan struct{}, 1), callers: newCallers()}
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

// make begins an exchange whose place is reserved, and which releases it.
func (c *calls) make(exchange func()) { c.callers.call(exchange) }

func (c *calls) start(exchange func()) {
	c.reserve(1)
	c.make(func() {
		exchange()
		c.release(1)
	})
}

func (c *calls) signal() { signal(c.ended) }

func (c *calls) count() int { return int(c.underWay.Load()) }

// end waits for what is under way, and lets the goroutines go.
func (c *calls) end() {
	c.group.Wait()
	c.callers.end()
}
