package channels

import (
	"time"

	"github.com/sony/gobreaker/v2"

	"revere/alerting"
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
	may.lanes[0] = int(min(float64(n), units))
	below, wait := d.paced(now)
	if wait > 0 {
		may.wait, may.enough = wait, none
		return may, lull{}
	}
	for lane := 1; lane < alerting.Lanes; lane++ {
		may.lanes[lane] = max(0, min(width+ahead-kept(width, lane)-sending, most+ahead-spared(most)-underWay))
	}
	room, least := may.lanes[d.lane], min(sending, max(kept(width, alerting.Lanes-1), ahead/2), window)
	may.within(int(min(float64(n), below)))
	if room >= least || may.probe {
		d.gathering = time.Time{}
		return may, lull{}
	}
	if may.wait = d.gathers(now); may.wait > 0 {
		if n < least {
			return permit{}, lull{atMost: may.wait, ended: d.calls.await(underWay - (least - n))}
		}
		may.enough = underWay - (least - room)
		clear(may.lanes[d.lane:])
	}
	return may, lull{}
}

// paced is how many units the pace has for the lanes below the first; where there are none it tells for how long.
func (d *Dispatcher) paced(now time.Time) (units float64, wait time.Duration) {
	units, wait = d.pace.room(1, now)
	if units < 1 && !d.resting.After(now) {
		d.resting = now.Add(max(wait, beat))
	}
	return units, d.resting.Sub(now)
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

// room is how many calls may go on at once now: of all lanes, and of each and those below it.
func (d *Dispatcher) room(now time.Time) (lanes alerting.Places) {
	width := d.width.at(now)
	for lane := range lanes {
		lanes[lane] = width - kept(width, lane)
	}
	return lanes
}

// A permit is how many messages may be begun.
type permit struct {
	lanes  alerting.Places
	probe  bool          // the one that is begun shows whether the provider is back
	wait   time.Duration // the lower lanes wait so long for more places
	enough int           // when no more calls than that are under way, there are as many as they wait for
}

// within leaves the lanes below the first no more places than n: what is taken beyond them is given back.
func (p *permit) within(n int) {
	for lane := 1; lane < alerting.Lanes; lane++ {
		p.lanes[lane] = min(p.lanes[lane], n)
	}
}

// none is fewer calls than there can be: what is waited for does not come with the end of any.
const none = -1

// kept is the share of the concurrency that only the lanes above one may use: an eighth for the first lane, and a
// sixteenth more for each that follows, each at least one call. The lower lanes have half of it at least.
func kept(width, lane int) int {
	if lane == 0 {
		return 0
	}
	return min((width+7)/8+(lane-1)*((width+15)/16), width/2)
}

// spared is what of that share is left to the most urgent lane when questions take from it too.
func spared(width int) int { return min(1, kept(width, 1)) }
