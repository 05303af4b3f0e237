package replies

import (
	"errors"
	"slices"
	"time"

	"revere/alerting"
	"revere/alerting/tracking"
)

const (
	// A filed alert that can't be read is tried again after fetchAgain, and then each time after twice as long, up to
	// fetchSeldom: it may be long, and what is gone does not come back within minutes.
	fetchAgain  = 5 * time.Second
	fetchSeldom = 5 * time.Minute
)

// failures are filed alerts that could not be read.
type failures map[alerting.Key]*failure

type failure struct {
	why   error
	lost  time.Time // since when each reading found that the ledger has lost it; zero where the last did not
	tried time.Time // last
	pause time.Duration
	again time.Time // not before that it is tried
	waits bool      // something about it waits for the next round
}

// add notes that an alert could not be read.
func (all failures) add(key alerting.Key, why error, now time.Time) {
	f := all[key]
	if f == nil {
		f = &failure{pause: fetchAgain / 2}
		all[key] = f
	}
	f.why, f.tried, f.pause = why, now, min(2*f.pause, fetchSeldom)
	f.again = now.Add(f.pause)
	switch {
	case !errors.Is(why, tracking.ErrLost):
		f.lost = time.Time{}
	case f.lost.IsZero():
		f.lost = now
	}
}

// pausing is why an alert could not be read, where it is not to be tried yet.
func (all failures) pausing(key alerting.Key, now time.Time) error {
	if f := all[key]; f != nil && now.Before(f.again) {
		return f.why
	}
	return nil
}

// over reports whether facts about alerts that can't be read have waited long enough. Only what is lost is given up:
// where the ledger can't be read now, as after a long outage, all that came in meanwhile has yet to count.
func (all failures) over(stuck map[alerting.Key]error, facts []alerting.Inbound) bool {
	for key := range stuck {
		f := all[key]
		if f.lost.IsZero() || slices.ContainsFunc(facts, func(x alerting.Inbound) bool { return !tracking.Lost(x.At, f.lost, f.tried) }) {
			return false
		}
	}
	return true
}

// keep remembers alerts for which something goes on waiting, and forget ends a round: it forgets the others. What
// waits for one of these later has it tried at once.
func (all failures) keep(stuck map[alerting.Key]error) {
	for key := range stuck {
		all[key].waits = true
	}
}

func (all failures) forget() {
	for key, f := range all {
		if !f.waits {
			delete(all, key)
		}
		f.waits = false
	}
}
