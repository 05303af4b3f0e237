package channels

import (
	"errors"
	"time"

	"github.com/sony/gobreaker/v2"
)

// The breaker opens after so many failures of the provider in a row. Then the provider is left alone
// for a while, and one message is let through to see whether it is back.
const (
	breakerFailures = 5
	breakerRest     = 10 * time.Second
	breakerPoll     = 200 * time.Millisecond
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
