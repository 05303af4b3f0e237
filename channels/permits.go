package channels

import (
	"time"

	"github.com/sony/gobreaker/v2"
)

const (
	// window bounds how many attempts one record names.
	window = 256
	// beat is the least rest of a dispatcher that is ahead of its pace: fast channels have some
	// attempts to a record, and a wait that is rounded to nothing does not spin. It is well within
	// the horizon, so that the pace does not suffer.
	beat = 5 * time.Millisecond
	// gather is how long attempts, and outcomes, wait at most for others to share a record with.
	gather = 8 * time.Millisecond
)

// permits is what may be begun now. Where that is nothing, rest is until when.
func (d *Dispatcher) permits(now time.Time) (may permit, rest lull) {
	d.calls.awaitAny()
	asking := int(d.questions.underWay.Load() + d.inquiries.underWay.Load())
	underWay := d.calls.count()
	sending := max(0, underWay-asking)
	width := d.width.at(now)
	ahead := d.width.ahead(width, now)
	most := d.limits.Concurrency
	n := min(width+ahead-sending, most+ahead-underWay, window, maxUnwritten-d.conclusions.unwritten())
	if d.recording.full() {
		return permit{}, lull{atMost: idle, ended: d.recording.ended}
	}
	switch d.breaker.State() {
	case gobreaker.StateOpen:
		return permit{}, lull{atMost: breakerPoll}
	case gobreaker.StateHalfOpen:
		n = min(n, 1-sending)
		may.probe = true
	}
	if n <= 0 {
		return permit{}, lull{atMost: horizon, ended: d.calls.ended} // by then something may be recorded ahead
	}
	units, wait := d.pace.room(0, now)
	if units < 1 {
		return permit{}, lull{atMost: max(wait, beat)}
	}
	may.n = int(min(float64(n), units))
	if may.wait = d.paced(now); may.wait > 0 {
		may.enough = none
		return may, lull{}
	}
	may.low = max(0, min(width+ahead-kept(width)-sending, most+ahead-spared(most)-underWay))
	least := min(sending, max(kept(width), ahead/2), window)
	if may.low >= least || may.probe {
		d.gathering = time.Time{}
		return may, lull{}
	}
	if may.wait = d.gathers(now); may.wait > 0 {
		if n < least {
			return permit{}, lull{atMost: may.wait, ended: d.calls.await(underWay - (least - n))}
		}
		may.enough, may.low = underWay-(least-may.low), 0
	}
	return may, lull{}
}

// paced is for how long the pace has no room for the lower lanes.
func (d *Dispatcher) paced(now time.Time) time.Duration {
	if units, wait := d.pace.room(1, now); units < 1 && !d.resting.After(now) {
		d.resting = now.Add(max(wait, beat))
	}
	return d.resting.Sub(now)
}

// gathers is for how long a small window still waits for more places to become free: where most calls
// are under way, each place would cost a record of its own.
func (d *Dispatcher) gathers(now time.Time) (wait time.Duration) {
	if d.gathering.IsZero() {
		d.gathering = now
	}
	if wait = gather - now.Sub(d.gathering); wait <= 0 {
		d.gathering = time.Time{}
	}
	return max(wait, 0)
}

// room is how many calls may go on at once now, and how many of them for any lane but the first.
func (d *Dispatcher) room(now time.Time) (all, low int) {
	width := d.width.at(now)
	return width, width - kept(width)
}

// A permit is how many messages may be begun, and how many of them from the lower lanes.
type permit struct {
	n, low int
	probe  bool          // the one that is begun shows whether the provider is back
	wait   time.Duration // the lower lanes wait so long for more places
	enough int           // when no more calls than that are under way, there are as many as they wait for
}

// none is fewer calls than there can be: what is waited for does not come with the end of any.
const none = -1

// kept is the share of the concurrency that only the most urgent lane may use: a quarter, where
// there is more than one.
func kept(width int) int {
	if width < 2 {
		return 0
	}
	return (width + 3) / 4
}

// spared is what of that share is left to the most urgent lane when questions take from it too.
func spared(width int) int { return min(1, kept(width)) }
