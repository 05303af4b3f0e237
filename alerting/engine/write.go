package engine

import (
	"context"
	"crypto/rand"
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

// Anywhere, as the last sequence of an append, asks for no comparison. Such an append may be stored
// twice when its acknowledgement is lost.
const Anywhere = ^uint64(0)

// headerWrite names a write that was compared, so that one whose acknowledgement was lost is
// recognized when it is tried again.
const headerWrite = "Revere-Write"

// batchPatience is how long one try of an atomic batch may take: it may be many megabytes.
const batchPatience = 5 * time.Second

// publish stores one message. last is the sequence that the subject's newest message must have.
func (e *Engine) publish(ctx context.Context, subject string, last uint64, data []byte, options ...jetstream.PublishOpt) (uint64, error) {
	return e.publishAll(ctx, subject, last, given(data), options...)
}

// given are parts that are there.
func given(all ...[]byte) <-chan part {
	parts := make(chan part, len(all))
	for _, data := range all {
		parts <- part{data: data}
	}
	close(parts)
	return parts
}

// publishAll stores all of the parts, of which there is one at least, or none: each as a message. It returns
// the sequence of the last one.
func (e *Engine) publishAll(ctx context.Context, subject string, last uint64, parts <-chan part, options ...jetstream.PublishOpt) (uint64, error) {
	if _, bounded := ctx.Deadline(); !bounded {
		patient, cancel := context.WithTimeout(ctx, publishPatience)
		defer cancel()
		ctx = patient
	}
	first := <-parts
	if first.err != nil {
		return 0, first.err
	}
	w := e.newWrite(last, []*nats.Msg{messageOf(subject, first.data)}, options...)
	w.parts = parts
	return w.through(ctx)
}

func messageOf(subject string, data []byte) *nats.Msg {
	return &nats.Msg{Subject: subject, Header: nats.Header{}, Data: data}
}

// A write is messages that are stored together, however often that must be tried.
type write struct {
	engine   *Engine
	subject  string
	last     uint64
	name     string      // "" where nothing is compared
	messages []*nats.Msg // the first of them
	parts    <-chan part // the others, which may still be being made; nil when all are there
	unmade   error       // why one of them can't be made
	options  []jetstream.PublishOpt
	patience time.Duration // of one try
}

// newWrite begins a write of messages on one subject.
func (e *Engine) newWrite(last uint64, messages []*nats.Msg, options ...jetstream.PublishOpt) *write {
	w := &write{
		engine: e, subject: messages[0].Subject, last: last, messages: messages,
		options: append(options, jetstream.WithRetryAttempts(0)), patience: tryPatience,
	}
	if last != Anywhere {
		w.name = rand.Text()
		w.messages[0].Header.Set(headerWrite, w.name)
		w.messages[0].Header.Set(jetstream.ExpectedLastSubjSeqHeader, strconv.FormatUint(last, 10))
	}
	return w
}

// through writes until ctx is done, and returns the sequence of the last message.
func (w *write) through(ctx context.Context) (uint64, error) {
	sequence, err := w.settle(ctx)
	if isOvertaken(err) {
		return 0, fmt.Errorf("write to %s: %w", w.subject, alerting.ErrOvertaken)
	}
	if w.unmade != nil {
		return 0, w.unmade
	}
	if err != nil {
		return 0, unavailable(w.subject, err)
	}
	return sequence, nil
}

func unavailable(subject string, err error) error {
	return alerting.Errorf(alerting.CodeUnavailable, "write to %s: %v", subject, err)
}

// settle tries until the write is stored, overtaken or refused. A try that nobody answered may have
// been stored: the next one then finds itself overtaken by it.
func (w *write) settle(ctx context.Context) (uint64, error) {
	unclear := false
	for {
		sequence, err := w.try(ctx)
		w.engine.mover.hear(writer, !unanswered(err) || refusedForNow(err))
		switch {
		case err == nil:
			return sequence, nil
		case isOvertaken(err) && unclear:
			return w.recognize(ctx, err)
		case !unanswered(err):
			return 0, err
		}
		unclear = unclear || !refusedForNow(err)
		if !pause(ctx, leaderWait) {
			return 0, err
		}
	}
}

func (w *write) try(ctx context.Context) (uint64, error) {
	second, err := w.message(1)
	if err != nil {
		return 0, err
	}
	if second != nil {
		ctx, cancel := context.WithTimeout(ctx, batchPatience)
		defer cancel()
		return w.batch(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, w.patience)
	defer cancel()
	ack, err := w.engine.js.PublishMsg(ctx, w.messages[0], w.options...)
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// batch stores the messages as one atomic batch: the last one makes all of them count.
func (w *write) batch(ctx context.Context) (uint64, error) {
	batch, err := jetstreamext.NewBatchPublisher(w.engine.js, jetstreamext.BatchFlowControl{AckFirst: true, AckEvery: 100, AckTimeout: w.patience})
	if err != nil {
		return 0, err
	}
	for i := 0; ; i++ {
		next, err := w.message(i + 1)
		if err != nil {
			return 0, err
		}
		if next == nil {
			break
		}
		if err := batch.AddMsg(w.messages[i]); err != nil {
			return 0, err
		}
		faults.Reach(faults.MidBatch)
	}
	ack, err := batch.CommitMsg(ctx, w.messages[len(w.messages)-1])
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// message is the message with an index, as soon as it is made; nil where there are not so many.
func (w *write) message(i int) (*nats.Msg, error) {
	for i >= len(w.messages) && w.parts != nil {
		p, more := <-w.parts
		switch {
		case !more:
			w.parts = nil
		case p.err != nil:
			w.unmade = p.err
			return nil, w.unmade
		case len(w.messages) == maxBatch:
			w.unmade = fmt.Errorf("there are more messages than one atomic batch takes (%d)", maxBatch)
			return nil, w.unmade
		default:
			w.messages = append(w.messages, messageOf(w.subject, p.data))
		}
	}
	if i >= len(w.messages) {
		return nil, nil
	}
	return w.messages[i], nil
}

// recognize finds out who overtook the write: an earlier try of its own, or somebody else. What
// follows the compared sequence on the subject tells, and is there to be read once a replica that has
// it answers.
func (w *write) recognize(ctx context.Context, overtaken error) (uint64, error) {
	for {
		first, err := once(ctx, func(ctx context.Context) (*jetstream.RawStreamMsg, error) {
			return w.engine.next(ctx, w.subject, w.last+1)
		})
		switch {
		case err == nil && first.Header.Get(headerWrite) == w.name:
			return first.Sequence + uint64(len(w.messages)) - 1, nil // a batch's messages follow each other
		case err == nil:
			return 0, overtaken
		case !errors.Is(err, jetstream.ErrMsgNotFound) && !unanswered(err), !pause(ctx, leaderWait):
			return 0, err
		}
	}
}

// next is the first message on a subject from a sequence on.
func (e *Engine) next(ctx context.Context, subject string, from uint64) (*jetstream.RawStreamMsg, error) {
	name, err := e.js.StreamNameBySubject(ctx, subject)
	if err != nil {
		return nil, err
	}
	stream, err := e.js.Stream(ctx, name)
	if err != nil {
		return nil, err
	}
	return stream.GetMsg(ctx, from, jetstream.WithGetMsgSubject(subject))
}
