package channels

import (
	"time"

	"golang.org/x/time/rate"
)

// horizon is how far ahead sends are given their time: an attempt that is on record is called
// within it.
const horizon = 50 * time.Millisecond

// A pace spaces sends so that no second sees more than the rate, and work that waits uses all of
// it. A provider that asks for less is given less, and the pace recovers by itself.
type pace struct {
	limiter *rate.Limiter
	full    rate.Limit
}

func newPace(perSecond float64) *pace {
	return &pace{limiter: rate.NewLimiter(rate.Limit(perSecond), 1), full: rate.Limit(perSecond)}
}

// room is how many units can start within the horizon, and if none, how long until one can.
func (p *pace) room(now time.Time) (units int, wait time.Duration) {
	perSecond := float64(p.limiter.Limit())
	ahead := p.limiter.TokensAt(now) + perSecond*horizon.Seconds()
	if ahead >= 1 {
		return int(ahead), 0
	}
	return 0, time.Duration((1 - ahead) / perSecond * float64(time.Second))
}

// slot reserves a start for a message of the given cost. ok is false when it lies beyond the
// horizon; nothing is reserved then.
func (p *pace) slot(now time.Time, cost int) (start time.Time, ok bool) {
	first := p.limiter.ReserveN(now, 1)
	wait := first.DelayFrom(now)
	if wait > horizon {
		first.CancelAt(now)
		return time.Time{}, false
	}
	for range cost - 1 {
		p.limiter.ReserveN(now, 1)
	}
	return now.Add(wait), true
}

// slower halves the rate, to a sixteenth at the least.
func (p *pace) slower(now time.Time) {
	p.limiter.SetLimitAt(now, max(p.limiter.Limit()/2, p.full/16))
}

// recover gives back a little of what slower took.
func (p *pace) recover(now time.Time) {
	if limit := p.limiter.Limit(); limit < p.full {
		p.limiter.SetLimitAt(now, min(limit*1.05, p.full))
	}
}
