package tracking

import (
	"errors"
	"time"
)

// ReadAgain is the shortest pause before a filed alert that can't be read is read again.
const ReadAgain = 5 * time.Second

const (
	// What waits for a filed alert waits for longestWait; and for one that this process has tried to read for
	// longestTry at least, so that nothing is given up because nobody tried.
	longestWait = 24 * time.Hour
	longestTry  = 10 * time.Minute
)

// An Unreadable is what the readings came to of a filed alert that can't be read, or of several that are read
// together. The zero value is that before the first. Whoever could read it, or waits for it no more, forgets it.
type Unreadable struct {
	Why   error     // the last reading failed
	Again time.Time // not before that it is to be read again
	pause time.Duration
	lost  time.Time // since when each reading found that the ledger has lost it; zero where the last did not
	tried time.Time // last
}

// Pauses are those between readings. Each is ReadAgain at least.
type Pauses struct {
	// Longest is how long a pause may grow to, each twice as long as the one before; none grows where it is zero.
	Longest time.Duration
	// Lost is the shortest after a reading that found the alert lost: the next will hardly find more.
	Lost time.Duration
}

// Failed returns what is known after another reading, which has failed now.
func (u Unreadable) Failed(why error, now time.Time, p Pauses) Unreadable {
	next := Unreadable{Why: why, pause: max(ReadAgain, min(2*u.pause, p.Longest)), tried: now}
	if errors.Is(why, ErrLost) {
		next.pause = max(next.pause, p.Lost)
		if next.lost = u.lost; next.lost.IsZero() {
			next.lost = now
		}
	}
	next.Again = now.Add(next.pause)
	return next
}

// Lost reports whether what has waited for the alert since a time waits no more: each reading, for long enough, found
// that the ledger has lost that part. That it can't be read now is no reason to give up, however long that lasts: after
// a long outage all that came in meanwhile has yet to count.
func (u Unreadable) Lost(waits time.Time) bool {
	return !u.lost.IsZero() && u.tried.Sub(waits) >= longestWait && u.tried.Sub(u.lost) >= longestTry
}
