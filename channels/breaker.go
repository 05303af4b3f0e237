package channels

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/sony/gobreaker/v2"

	"revere/alerting"
)

// The breaker opens after so many failures of the provider in a row. Then the provider is left alone
// for a while, and one message is let through to see whether it is back.
const (
	breakerFailures = 5
	breakerRest     = 10 * time.Second
	breakerPoll     = 200 * time.Millisecond
	// probeChoice is among how many of the next that are due a probe is chosen.
	probeChoice = 16
)

// errNoEvidence tells the breaker that what it let through says nothing about the provider: it was
// not called after all, or answered that it is busy. A probe without evidence makes place for
// another; told nil instead, the breaker would take it for a success and let everything through.
var errNoEvidence = errors.New("nothing was learned about the provider")

func (d *Dispatcher) newBreaker() *gobreaker.TwoStepCircuitBreaker[any] {
	name := d.Channel.Name()
	d.Meter.Held(name, false) // the dispatcher before may have ended with an open one
	return gobreaker.NewTwoStepCircuitBreaker[any](gobreaker.Settings{
		Name: name, MaxRequests: 1, Timeout: breakerRest,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= breakerFailures },
		IsExcluded:  func(err error) bool { return errors.Is(err, errNoEvidence) },
		OnStateChange: func(_ string, _, to gobreaker.State) {
			d.Log.Warn().Str("channel", name).Str("breaker", to.String()).Msg("the provider's breaker changed")
			d.Meter.Held(name, to != gobreaker.StateClosed)
		},
	})
}

// take takes from the outbox what may be begun. What it returns is good until the next round.
func (d *Dispatcher) take(may permit, now time.Time) []alerting.Due {
	if !may.probe {
		d.taken = d.Outbox.Take(d.taken[:0], may.lanes, now)
		if n := len(d.taken); n > 0 {
			d.lane = max(1, d.taken[n-1].Lane)
		}
		return d.taken
	}
	for lane, n := range may.lanes {
		may.lanes[lane] = min(n, 1) * probeChoice
	}
	return d.chooseProbe(d.Outbox.Take(nil, may.lanes, now))
}

// chooseProbe leaves one message of those that were taken, beside what is to be asked about, and
// gives the others back. It is one that was never tried, or the one that was tried least: what fails
// again and again is no good to show that the provider is back.
func (d *Dispatcher) chooseProbe(due []alerting.Due) (chosen []alerting.Due) {
	var messages []alerting.Due
	for _, x := range due {
		if _, ask := d.asks(x); ask {
			chosen = append(chosen, x)
		} else {
			messages = append(messages, x)
		}
	}
	if len(messages) == 0 {
		return chosen
	}
	probe := slices.MinFunc(messages, func(a, b alerting.Due) int { return cmp.Compare(a.Attempt, b.Attempt) })
	i := slices.Index(messages, probe)
	d.Outbox.GiveBack(slices.Delete(messages, i, i+1))
	return append(chosen, probe)
}
