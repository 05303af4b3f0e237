package channels

import (
	"time"

	"github.com/sony/gobreaker/v2"
)

const (
	// window bounds how many attempts one record names.
	window = 64
	// beat is the least rest of a dispatcher that is ahead of its pace: fast channels have some
	// attempts to a record, and a wait that is rounded to nothing does not spin. It is well within
	// the horizon, so that the pace does not suffer.
	beat = 5 * time.Millisecond
)

// permits is how many messages may be begun now, and how many of them from the lower lanes. Where
// that is none, rest is until when.
func (d *Dispatcher) permits(now time.Time) (n, low int, rest lull) {
	underWay := d.calls.count()
	n = min(d.limits.Concurrency-underWay, window)
	switch d.breaker.State() {
	case gobreaker.StateOpen:
		return 0, 0, lull{atMost: breakerPoll}
	case gobreaker.StateHalfOpen:
		n = min(n, 1-underWay)
	}
	if n <= 0 {
		return 0, 0, lull{atMost: idle, ended: d.calls.ended}
	}
	units, wait := d.pace.room(now)
	if units < 1 {
		return 0, 0, lull{atMost: max(wait, beat)}
	}
	n = int(min(float64(n), units))
	return n, max(0, d.limits.Concurrency-d.kept()-underWay), lull{}
}

// kept is the share of the concurrency that only the most urgent lane may use: a quarter, where
// there is more than one.
func (d *Dispatcher) kept() int {
	if d.limits.Concurrency < 2 {
		return 0
	}
	return (d.limits.Concurrency + 3) / 4
}
