package channels

import (
	"context"

	"revere/alerting"
)

// A Careful is a Channel whose call takes several steps, so that the process may be stopped in the
// middle of it and wake when another one is the dispatcher.
type Careful interface {
	// SendWhile is Send, but asks may immediately before the step after which the provider has the
	// message, and goes no further when the answer is no.
	SendWhile(ctx context.Context, m alerting.Message, may func() bool) alerting.Outcome
}

// call hands a message to the provider, as long as this process is the dispatcher.
func (d *Dispatcher) call(ctx context.Context, m alerting.Message) alerting.Outcome {
	if careful, ok := d.Channel.(Careful); ok {
		return careful.SendWhile(ctx, m, d.Lease.Held)
	}
	return d.Channel.Send(ctx, m)
}
