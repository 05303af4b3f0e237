package channels

import (
	"sync"
	"sync/atomic"
)

// calls are the exchanges with the provider that are under way, each in a goroutine of its own.
type calls struct {
	ended    chan struct{} // signaled after one has ended
	underWay atomic.Int64
	group    sync.WaitGroup
}

func newCalls() *calls { return &calls{ended: make(chan struct{}, 1)} }

func (c *calls) start(exchange func()) {
	c.underWay.Add(1)
	c.group.Go(func() {
		exchange()
		c.underWay.Add(-1)
		select {
		case c.ended <- struct{}{}:
		default: // the signal stands already
		}
	})
}

func (c *calls) count() int { return int(c.underWay.Load()) }

func (c *calls) wait() { c.group.Wait() }
