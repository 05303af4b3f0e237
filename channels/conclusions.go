package channels

import (
	"context"
	"fmt"
	"sync"
	"time"

	"revere/alerting"
)

// conclusions are what became of deliveries and is not on record yet. Those that come while others
// are written share the next record. A call's place is free before its conclusion is written.
type conclusions struct {
	mu      sync.Mutex
	waiting []alerting.Finished
	spare   []alerting.Finished // room for those that come next
	writing int
	added   chan struct{}
	many    chan struct{} // as many wait as are worth a record
}

// maxUnwritten bounds the conclusions that are not on record: a crash forgets them.
const maxUnwritten = 4 * window

func newConclusions() *conclusions {
	return &conclusions{added: make(chan struct{}, 1), many: make(chan struct{}, 1)}
}

func (c *conclusions) add(f alerting.Finished) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = append(c.waiting, f)
	signal(c.added)
	if len(c.waiting) >= window {
		signal(c.many)
	}
}

// signal sends what need not be sent twice.
func signal(to chan<- struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}

// unwritten is how many are not on record yet.
func (c *conclusions) unwritten() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.waiting) + c.writing
}

// take removes what waits, to be written.
func (c *conclusions) take() []alerting.Finished {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.waiting
	c.waiting, c.spare, c.writing = c.spare, nil, len(taken)
	select {
	case <-c.many:
	default:
	}
	return taken
}

func (c *conclusions) written(finished []alerting.Finished) {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(finished)
	c.spare, c.writing = finished[:0], 0
}

// conclude writes conclusions as they come, and returns when ctx is done and all are written.
func (d *Dispatcher) conclude(ctx context.Context) {
	for {
		if finished := d.conclusions.take(); len(finished) > 0 {
			if err := d.Outbox.Finish(context.WithoutCancel(ctx), finished); err != nil {
				d.fail(fmt.Errorf("record outcomes: %w", err))
			}
			d.conclusions.written(finished)
			d.calls.signal()
			d.gatherOutcomes(ctx)
			continue
		}
		select {
		case <-d.conclusions.added:
		case <-ctx.Done():
			if d.conclusions.unwritten() == 0 {
				return
			}
		}
	}
}

// gatherOutcomes waits for outcomes to share the next record, where calls are under way that bring some.
func (d *Dispatcher) gatherOutcomes(ctx context.Context) {
	if d.calls.count() == 0 {
		return
	}
	timer := time.NewTimer(gather)
	defer timer.Stop()
	select {
	case <-d.conclusions.many:
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (d *Dispatcher) finish(x alerting.Due, c alerting.Conclusion) {
	d.absent.forget(x)
	d.conclusions.add(alerting.Finished{Due: x, Conclusion: c})
}
