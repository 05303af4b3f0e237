package replies

import (
	"slices"
	"time"

	"revere/alerting"
	"revere/alerting/tracking"
)

// pauses grow: it may be long, and what is gone does not come back within minutes.
var pauses = tracking.Pauses{Longest: 5 * time.Minute}

// failures are filed alerts that could not be read.
type failures map[alerting.Key]*failure

type failure struct {
	tracking.Unreadable
	waits bool // something about it waits for the next round
}

// add notes that an alert could not be read.
func (all failures) add(key alerting.Key, why error, now time.Time) {
	f := all[key]
	if f == nil {
		f = &failure{}
		all[key] = f
	}
	f.Unreadable = f.Failed(why, now, pauses)
}

// pausing is why an alert could not be read, where it is not to be tried yet.
func (all failures) pausing(key alerting.Key, now time.Time) error {
	if f := all[key]; f != nil && now.Before(f.Again) {
		return f.Why
	}
	return nil
}

// over reports whether facts about alerts that can't be read have waited long enough.
func (all failures) over(stuck map[alerting.Key]error, facts []alerting.Inbound) bool {
	for key := range stuck {
		if slices.ContainsFunc(facts, func(x alerting.Inbound) bool { return !all[key].Lost(x.At) }) {
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
