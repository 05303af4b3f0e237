package replies

import "context"

// Deal does with arrivals what Run does with those that wait.
func (p *Processor) Deal(ctx context.Context, arrivals ...Arrival) error {
	return p.deal(ctx, arrivals)
}
