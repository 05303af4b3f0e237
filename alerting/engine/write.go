package engine

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"

	"revere/alerting"
	"revere/alerting/faults"
)

// Anywhere, as the last sequence of an append, asks for no comparison.
const Anywhere = ^uint64(0)

// publish stores one message. last is the sequence that the subject's newest message must have.
func (e *Engine) publish(ctx context.Context, subject string, last uint64, data []byte) (uint64, error) {
	options := patience()
	if last != Anywhere {
		options = append(options, jetstream.WithExpectLastSequencePerSubject(last))
	}
	ctx, cancel := context.WithTimeout(ctx, publishPatience)
	defer cancel()
	ack, err := e.js.Publish(ctx, subject, data, options...)
	if err != nil {
		return 0, e.writeError(subject, err)
	}
	return ack.Sequence, nil
}

// patience has a publish wait while a stream has no leader: nothing was stored then, and trying
// again is safe. The context ends it.
func patience() []jetstream.PublishOpt {
	return []jetstream.PublishOpt{jetstream.WithRetryAttempts(int(publishPatience / leaderWait)), jetstream.WithRetryWait(leaderWait)}
}

const leaderWait = 250 * time.Millisecond

// publishAll stores all of the messages or none. It returns the sequence of the last one.
func (e *Engine) publishAll(ctx context.Context, subject string, last uint64, parts [][]byte) (uint64, error) {
	if len(parts) == 1 {
		return e.publish(ctx, subject, last, parts[0])
	}
	if len(parts) > maxBatch {
		return 0, fmt.Errorf("%d messages are more than one atomic batch takes (%d)", len(parts), maxBatch)
	}
	messages := make([]*nats.Msg, len(parts))
	for i, data := range parts {
		messages[i] = nats.NewMsg(subject)
		messages[i].Data = data
	}
	if last != Anywhere {
		messages[0].Header.Set(jetstream.ExpectedLastSubjSeqHeader, strconv.FormatUint(last, 10))
	}
	ctx, cancel := context.WithTimeout(ctx, publishPatience)
	defer cancel()
	sequence, err := e.publishBatch(ctx, messages)
	for errors.Is(err, nats.ErrNoResponders) && ctx.Err() == nil { // no leader: nothing of the batch counts
		time.Sleep(leaderWait)
		sequence, err = e.publishBatch(ctx, messages)
	}
	if err != nil {
		return 0, e.writeError(subject, err)
	}
	return sequence, nil
}

// publishBatch stores messages as one atomic batch: the last one makes all of them count.
func (e *Engine) publishBatch(ctx context.Context, messages []*nats.Msg) (uint64, error) {
	batch, err := jetstreamext.NewBatchPublisher(e.js, jetstreamext.BatchFlowControl{AckFirst: true, AckEvery: 100, AckTimeout: publishPatience})
	if err != nil {
		return 0, err
	}
	last := len(messages) - 1
	for _, m := range messages[:last] {
		if err := batch.AddMsg(m); err != nil {
			return 0, err
		}
		faults.Reach(faults.MidBatch)
	}
	ack, err := batch.CommitMsg(ctx, messages[last])
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

func (e *Engine) writeError(subject string, err error) error {
	if isOvertaken(err) {
		return fmt.Errorf("write to %s: %w", subject, alerting.ErrOvertaken)
	}
	return alerting.Errorf(alerting.CodeUnavailable, "write to %s: %v", subject, err)
}
