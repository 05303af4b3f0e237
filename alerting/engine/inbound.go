package engine

import (
	"context"

	"github.com/nats-io/nats.go"

	"revere/alerting"
	"revere/alerting/faults"
)

// Put makes facts that came in through a channel durable, all of them or none. What comes in while a
// write is under way shares the next one, each call as a message of its own; what comes alone is written
// at once. After an error, or when ctx is done first, nobody can say whether they are stored. It
// implements channels.Inbox.
func (e *Engine) Put(ctx context.Context, facts ...alerting.Inbound) error {
	if len(facts) == 0 {
		return nil
	}
	data, err := encode(facts)
	if err != nil {
		return err
	}
	err = e.put(ctx, &arrival{message: nats.Msg{Subject: "inbound." + facts[0].Channel, Header: nats.Header{}, Data: data}})
	faults.Reach(faults.AfterInbound)
	return err
}

const (
	// putBytes bounds what shares a write, so that it is sent and answered within its patience.
	putBytes = 4 << 20
	// fewPuts are stored sooner one by one than as a batch, for which a server without copies makes a file
	// store of its own: that takes as long as about so many messages.
	fewPuts = 16
	// fewCopiedPuts are so few where there are copies: each message would wait for them.
	fewCopiedPuts = 2
)

// An arrival is what one call of Put stores, and what became of that.
type arrival struct {
	message nats.Msg
	err     error
}

func (e *Engine) put(ctx context.Context, a *arrival) error {
	if _, err := e.inbound.commit(ctx, len(a.message.Data), a); err != nil {
		return unavailable(a.message.Subject, err)
	}
	return a.err
}

// storeArrivals makes a group durable: a batch, where that is the faster way. One that is refused holds
// nothing, and then each arrival is tried by itself: nobody is refused for what others brought, and
// nothing is lost where a process of a version before this one has set the stream up without batches.
func (e *Engine) storeArrivals(ctx context.Context, arrivals []*arrival) (sequence uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, publishPatience)
	defer cancel()
	if len(arrivals) < e.fewPuts {
		e.storeEach(ctx, arrivals)
		return 0, nil
	}
	messages := make([]*nats.Msg, len(arrivals))
	for i, a := range arrivals {
		messages[i] = &a.message
	}
	sequence, err = e.newWrite(Anywhere, messages).settle(ctx)
	if err == nil || unanswered(err) {
		return sequence, err
	}
	e.storeEach(ctx, arrivals)
	return 0, nil
}

// storeEach stores arrivals one after the other, since a STOP may be followed by a START, and notes in each what
// became of it. What a batch that was refused has put into its header is not stored.
func (e *Engine) storeEach(ctx context.Context, arrivals []*arrival) {
	for _, a := range arrivals {
		_, a.err = e.publish(ctx, a.message.Subject, Anywhere, a.message.Data)
	}
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
