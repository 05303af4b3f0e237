package channels

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

const (
	// horizon is how far ahead of their start attempts are put on record: the pace need not wait for
	// the record, and what is on record is called soon.
	horizon = 50 * time.Millisecond
	// catchUp is for how long a pace that fell behind, since the process was slow to wake, may make up
	// for it: no second then sees more than a hundredth above the rate, and none of the rate is lost.
	catchUp = 10 * time.Millisecond
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

	slowed atomic.Bool // below the full rate

	mu       sync.Mutex
	promised float64   // units of attempts that wait for their record or their start
	resume   time.Time // nothing starts before
	gaining  time.Time // until when what slower took was given back
	reckoned time.Time // when slot last took a unit
}

func newPace(perSecond float64) *pace {
	full := rate.Limit(perSecond)
	return &pace{full: full, limiter: rate.NewLimiter(full, 1)} // a burst of 1: evenly spaced
}

// room is how many units can still be promised a start within the horizon. A quarter of what starts within it is
// kept for the first lane, so that an urgent message is put on record at once, and overtakes what is there.
// When there is less than one, wait is how long it will be so.
func (p *pace) room(lane int, now time.Time) (units float64, wait time.Duration) {
	p.mu.Lock()
	resume, promised := p.resume, p.promised
	p.mu.Unlock()
	if now.Before(resume) {
		return 0, resume.Sub(now)
	}
	perSecond := float64(p.limiter.Limit())
	units = p.limiter.TokensAt(now) + perSecond*horizon.Seconds() - promised
	if lane > 0 {
		units -= math.Floor(perSecond * horizon.Seconds() / 4)
	}
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

// promise counts a message's cost as given away.
func (p *pace) promise(cost int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.promised += float64(max(cost, 1))
}

// forgive forgets every promise: nobody is left to keep it.
func (p *pace) forgive() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.promised = 0
}

// slot takes the first unit of a message that has been ready since the given time, and returns how
// long to wait before its call. It is reckoned from when the message could have begun, so that waking
// late costs nothing of the rate.
func (p *pace) slot(ready, now time.Time) time.Duration {
	p.mu.Lock()
	p.reckoned = later(p.reckoned, later(ready, now.Add(-catchUp)))
	at := p.reckoned
	p.mu.Unlock()
	wait := p.limiter.ReserveN(at, 1).DelayFrom(now)
	p.keep(1)
	return wait
}

// surcharge takes the rest of a message's cost when it begins: the next one waits longer.
func (p *pace) surcharge(cost int) {
	p.mu.Lock()
	at := p.reckoned
	p.mu.Unlock()
	for range cost - 1 { // one by one: no reservation may be above the burst
		p.limiter.ReserveN(at, 1)
	}
	p.keep(max(cost, 1) - 1)
}

// keep counts units of a promise as kept.
func (p *pace) keep(units int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.promised -= float64(units)
}

// turn takes a unit for what begins now and was promised nothing. Where there is none it tells for how long.
func (p *pace) turn(now time.Time) (wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Before(p.resume) {
		return p.resume.Sub(now)
	}
	p.reckoned = now
	if p.limiter.AllowN(now, 1) {
		return 0
	}
	lacks := (1 - p.limiter.TokensAt(now)) / float64(p.limiter.Limit())
	return max(time.Duration(lacks*float64(time.Second)), time.Millisecond)
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
		p.limiter.SetLimitAt(p.reckoned, max(p.limiter.Limit()/2, p.full*slowest))
		p.slowed.Store(true)
	}
	p.resume = later(p.resume, resume)
	p.gaining = p.resume
}

// recover gives back what slower took, in step with the time since, while the provider takes messages.
func (p *pace) recover(now time.Time) {
	if !p.slowed.Load() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !now.After(p.gaining) {
		return
	}
	gain := p.full * rate.Limit(now.Sub(p.gaining).Seconds()/recovery.Seconds())
	limit := min(p.limiter.Limit()+gain, p.full)
	p.limiter.SetLimitAt(p.reckoned, limit)
	p.gaining = now
	p.slowed.Store(limit < p.full)
}
