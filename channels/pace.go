package channels

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// horizon is how far ahead sends are given their start: an attempt that is on record is called
	// within it.
	horizon = 50 * time.Millisecond
	// slowest is the part of the rate that is left however often the provider asks for less.
	slowest = 1.0 / 16
	// recovery is how long it takes to come back from nothing to the full rate.
	recovery = 30 * time.Second
)

// A pace spaces sends so that no second sees more than the rate, and work that waits uses all of
// it. A provider that asks for less is given less, and the pace recovers by itself.
type pace struct {
	full    rate.Limit
	limiter *rate.Limiter

	mu      sync.Mutex
	resume  time.Time // nothing starts before
	gaining time.Time // until when what slower took was given back
}

func newPace(perSecond float64) *pace {
	full := rate.Limit(perSecond)
	return &pace{full: full, limiter: rate.NewLimiter(full, 1)} // a burst of 1: evenly spaced
}

// room is how many units can start within the horizon. When that is less than one, wait is how long
// it will be so.
func (p *pace) room(now time.Time) (units float64, wait time.Duration) {
	p.mu.Lock()
	resume := p.resume
	p.mu.Unlock()
	if now.Before(resume) {
		return 0, resume.Sub(now)
	}
	perSecond := float64(p.limiter.Limit())
	units = p.limiter.TokensAt(now) + perSecond*horizon.Seconds()
	if units >= 1 {
		return units, 0
	}
	return units, time.Duration((1 - units) / perSecond * float64(time.Second))
}

// held reports whether everything is kept back.
func (p *pace) held(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return now.Before(p.resume)
}

// start takes a message's cost from the pace and returns how long to wait before the call. A cost
// above one is paid afterwards: the next message waits longer.
func (p *pace) start(now time.Time, cost int) time.Duration {
	wait := p.limiter.ReserveN(now, 1).DelayFrom(now)
	for range cost - 1 { // one by one: no reservation may be above the burst
		p.limiter.ReserveN(now, 1)
	}
	return min(wait, horizon) // room saw to that, unless the pace was slowed since
}

// hold keeps everything back until the given time.
func (p *pace) hold(until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.resume = later(p.resume, until)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// slower holds until resume and halves the rate, once for all calls that were under way together:
// the answer to one begun before the last hold was over tells nothing new.
func (p *pace) slower(called, now, resume time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !called.Before(p.resume) {
		p.limiter.SetLimitAt(now, max(p.limiter.Limit()/2, p.full*slowest))
	}
	p.resume = later(p.resume, resume)
	p.gaining = p.resume
}

// recover gives back what slower took, in step with the time since, while the provider takes messages.
func (p *pace) recover(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	limit := p.limiter.Limit()
	if limit >= p.full || !now.After(p.gaining) {
		return
	}
	gain := p.full * rate.Limit(now.Sub(p.gaining).Seconds()/recovery.Seconds())
	p.limiter.SetLimitAt(now, min(limit+gain, p.full))
	p.gaining = now
}
