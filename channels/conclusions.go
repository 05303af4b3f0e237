package channels

import (
	"context"
	"fmt"
	"sync"

	"revere/alerting"
)

// conclusions are what became of deliveries and is not on record yet. Those that come while others
// are written share the next record. A call's place is free before its conclusion is written.
type conclusions struct {
	mu      sync.Mutex
	waiting []alerting.Finished
	writing int
	added   chan struct{}
}

// maxUnwritten bounds the conclusions that are not on record: a crash forgets them.
const maxUnwritten = 4 * window

func newConclusions() *conclusions { return &conclusions{added: make(chan struct{}, 1)} }

func (c *conclusions) add(f alerting.Finished) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = append(c.waiting, f)
	select {
	case c.added <- struct{}{}:
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
	c.waiting = nil
	c.writing += len(taken)
	return taken
}

func (c *conclusions) written(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writing -= n
}

// concluders is how many records of conclusions are on their way: one that is written, and one that
// waits for the next message of the journal, which it shares with attempts.
const concluders = 2

// conclude writes conclusions as they come, and returns when ctx is done and all are written.
func (d *Dispatcher) conclude(ctx context.Context) {
	for {
		if finished := d.conclusions.take(); len(finished) > 0 {
			if err := d.Outbox.Finish(context.WithoutCancel(ctx), finished); err != nil {
				d.fail(fmt.Errorf("record outcomes: %w", err))
			}
			d.conclusions.written(len(finished))
			d.calls.signal()
			continue
		}
		select {
		case <-d.conclusions.added:
		case <-ctx.Done():
			if len(d.conclusions.added) == 0 {
				return
			}
		}
	}
}

func (d *Dispatcher) finish(x alerting.Due, c alerting.Conclusion) {
	d.absent.forget(x)
	d.conclusions.add(alerting.Finished{Due: x, Conclusion: c})
}
