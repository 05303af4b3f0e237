package channels

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"revere/alerting"
)

const (
	// clocks is by how much the clock of the process before may be behind.
	clocks = 500 * time.Millisecond
	// latestCall is after how long an attempt on record surely has been called, or never will be: a journal writes
	// for half a minute, twice where another record is on its way.
	latestCall = 2 * time.Minute
	// longestBelieved is for how long a process that starts leaves a provider alone at most: whoever has seen to it
	// that it takes messages again, though it had asked for a day, restarts Revere and is heard within the hour.
	longestBelieved = time.Hour
)

// An Account is what a process knows of a channel's account from one dispatcher to the next: how fast the provider
// takes messages now, and until when it wants none. Its zero value knows nothing. It is safe for concurrent use,
// but of the dispatchers that share it one runs at a time.
type Account struct {
	mu   sync.Mutex
	pace *pace
}

// paceOf is the pace that a new dispatcher goes on with. What the one before promised and did not keep is void.
func (a *Account) paceOf(perSecond float64) *pace {
	if a == nil {
		return newPace(perSecond)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.pace == nil || a.pace.full != rate.Limit(perSecond) {
		a.pace = newPace(perSecond)
	}
	a.pace.forgive()
	return a.pace
}

// succeed returns the pace that goes on where the dispatcher before stopped, in whichever process that was: this
// process's own, held as the record says. That the provider wanted a slower pace is not on record: if it still
// does, it says so at once, and the pace is halved again.
func (d *Dispatcher) succeed(now time.Time) *pace {
	p := d.Account.paceOf(d.limits.Rate)
	p.hold(notAfter(d.Outbox.Held(now), now.Add(longestBelieved)))
	p.hold(d.owed(now))
	return p
}

// owed is until when what was called before takes up the rate. It is past where that is long ago.
func (d *Dispatcher) owed(now time.Time) (until time.Time) {
	for _, x := range d.Outbox.Newest(d.mayBeLast()) {
		takes := time.Duration(float64(d.costOf(x.Due)) / d.limits.Rate * float64(time.Second))
		until = later(until, calledBy(x, now).Add(takes))
	}
	return until
}

// mayBeLast is how many of the newest attempts on record may be the last that was called: so many wait for their
// turn in the pace, or have overtaken it.
func (d *Dispatcher) mayBeLast() int {
	const atAnyRate = 4
	return int(min(d.limits.Rate*(horizon+latestStart).Seconds()+atAnyRate, window))
}

// costOf is what an attempt took from the rate; 1 where it can't be worded any more.
func (d *Dispatcher) costOf(x alerting.Due) int {
	message, err := d.Outbox.Message(x)
	if err != nil {
		return 1
	}
	return max(1, d.Channel.Cost(message))
}

// calledBy is when an attempt was called at the latest, if it was: no other dispatcher calls any more.
func calledBy(x alerting.Begun, now time.Time) time.Time {
	latest := x.Due.Since.Add(latestCall)
	if !x.Ended.IsZero() {
		latest = x.Ended.Add(clocks)
	}
	if latest.After(now) {
		return now
	}
	return latest
}
