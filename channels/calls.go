package channels

import (
	"sync"
	"sync/atomic"
)

// calls are the exchanges with the provider that are under way, or will be as soon as their attempt
// is on record. Each has a goroutine of its own.
type calls struct {
	ended    chan struct{} // signaled when there may be room again
	underWay atomic.Int64
	group    sync.WaitGroup
}

func newCalls() *calls { return &calls{ended: make(chan struct{}, 1)} }

// reserve takes the places of n exchanges: each is then made or released.
func (c *calls) reserve(n int) {
	c.underWay.Add(int64(n))
	c.group.Add(n)
}

func (c *calls) release(n int) {
	c.underWay.Add(int64(-n))
	c.group.Add(-n)
	c.signal()
}

// make begins an exchange whose place is reserved.
func (c *calls) make(exchange func()) {
	go func() {
		defer c.release(1)
		exchange()
	}()
}

func (c *calls) start(exchange func()) {
	c.reserve(1)
	c.make(exchange)
}

func (c *calls) signal() {
	select {
	case c.ended <- struct{}{}:
	default: // the signal stands already
	}
}

func (c *calls) count() int { return int(c.underWay.Load()) }

func (c *calls) wait() { c.group.Wait() }
