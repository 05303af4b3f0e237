package channels

import (
	"sync"
	"sync/atomic"
)

// calls are the exchanges with the provider that are under way, or will be as soon as their attempt
// is on record. Each has a goroutine, which waits for the next one when it is done: as many as ever
// were needed at once.
type calls struct {
	ended    chan struct{} // signaled when there may be room again
	next     chan func()
	underWay atomic.Int64
	group    sync.WaitGroup
}

func newCalls() *calls { return &calls{ended: make(chan struct{}, 1), next: make(chan func())} }

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
