package engine

import (
	"context"

	"revere/alerting"
	"revere/alerting/faults"
)

// Put makes facts that came in through a channel durable, all of them or none. It implements
// channels.Inbox.
func (e *Engine) Put(ctx context.Context, facts ...alerting.Inbound) error {
	if len(facts) == 0 {
		return nil
	}
	data, err := encode(facts)
	if err != nil {
		return err
	}
	_, err = e.publish(ctx, "inbound."+facts[0].Channel, Anywhere, data)
	faults.Reach(faults.AfterInbound)
	return err
}

// FollowInbound calls apply with what came in after the given sequence, in order, until ctx is done.
func (e *Engine) FollowInbound(ctx context.Context, after uint64, apply func(sequence uint64, facts []alerting.Inbound)) error {
	_, err := e.follow(ctx, inboundStream, after, func(m entry) error {
		var facts []alerting.Inbound
		if err := decode(m.data, &facts); err != nil {
			return err
		}
		apply(m.sequence, facts)
		return nil
	})
	return err
}
