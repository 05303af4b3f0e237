package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// sourceBeat is how often a server says that it is there. A source that heard nothing for two of
	// them looks for another server.
	sourceBeat = time.Second
	// sourceForget is how long a server keeps the place of a source that asks no more.
	sourceForget = time.Minute
	// sourceBytes and sourceMessages bound what is fetched before it is asked for. With a bound in bytes
	// alone the client makes room for a million messages, 8 MB a source, whether they come or not.
	sourceBytes    = 8 << 20
	sourceMessages = 8192
)

// A source hands out a stream's messages in order, each once, and survives the loss of the server that
// serves it. It is used by one goroutine, so that a message is done with before the next one comes:
// jetstream.OrderedConsumer begins the next one beside it when it starts over.
type source struct {
	engine   *Engine
	stream   string
	subject  string // of the messages that are wanted; "" for all
	next     uint64 // the stream's sequence from which on messages are wanted
	messages jetstream.MessagesContext
	consumer jetstream.Consumer // that hands them out
	served   uint64             // how many messages the present consumer has handed out
}

// take waits for the next message until ctx is done, which is its only error.
func (s *source) take(ctx context.Context) (jetstream.Msg, *jetstream.MsgMetadata, error) {
	for {
		msg, meta, err := s.read(ctx)
		if err == nil {
			s.next = meta.Sequence.Stream + 1
			return msg, meta, nil
		}
		s.stop()
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		s.engine.log.Warn().Err(err).Str("stream", s.stream).Uint64("from", s.next).Msg("reading is interrupted; it goes on from there")
		pause(ctx, leaderWait)
	}
}

// takeWithin is take for what should be there: it gives up after a time.
func (s *source) takeWithin(ctx context.Context, patience time.Duration) (jetstream.Msg, *jetstream.MsgMetadata, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return s.take(ctx)
}

func (s *source) read(ctx context.Context) (jetstream.Msg, *jetstream.MsgMetadata, error) {
	if s.messages == nil {
		if err := s.open(ctx); err != nil {
			return nil, nil, fmt.Errorf("begin to read: %w", err)
		}
	}
	msg, err := s.messages.Next(jetstream.NextContext(ctx))
	if err != nil {
		return nil, nil, err
	}
	meta, err := msg.Metadata()
	if err != nil {
		return nil, nil, err
	}
	if s.served++; meta.Sequence.Consumer != s.served {
		return nil, nil, errGap
	}
	return msg, meta, nil
}

var errGap = errors.New("messages were lost on their way here")

// open asks for a consumer on any server that has the stream: in memory and without copies, since
// another one takes its place when it is lost.
func (s *source) open(ctx context.Context) error {
	consumer, err := once(ctx, func(ctx context.Context) (jetstream.Consumer, error) {
		return s.engine.js.CreateConsumer(ctx, s.stream, jetstream.ConsumerConfig{
			AckPolicy: jetstream.AckNonePolicy, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: s.next, FilterSubject: s.subject,
			InactiveThreshold: sourceForget, MemoryStorage: true, Replicas: 1,
		})
	})
	if err != nil {
		return err
	}
	s.served, s.consumer = 0, consumer
	s.messages, err = consumer.Messages(jetstream.PullMaxMessagesWithBytesLimit(sourceMessages, sourceBytes), jetstream.PullHeartbeat(sourceBeat))
	return err
}

// stop lets go of the server. The source may be used again.
func (s *source) stop() {
	if s.messages != nil {
		s.messages.Stop()
		s.messages = nil
	}
	if consumer := s.consumer; consumer != nil {
		s.consumer = nil
		go s.engine.letGo(context.Background(), s.stream, consumer) // it may be its server that is lost
	}
}

// An entry is one stored message.
type entry struct {
	sequence uint64
	subject  string
	data     []byte
}

// follow hands a stream's messages after the given sequence to apply, one after the other, until ctx
// is done. A message that can't be read is an error for the log and is passed over: one bad message
// must not hide all that come after it. It returns at once, with the sequence that the stream has reached.
func (e *Engine) follow(ctx context.Context, stream string, after uint64, apply func(entry) error) (reached uint64, err error) {
	if reached, err = e.end(ctx, stream); err != nil {
		return 0, err
	}
	go func() {
		s := &source{engine: e, stream: stream, next: after + 1}
		defer s.stop()
		for {
			msg, meta, err := s.take(ctx)
			if err != nil {
				return // ctx is done
			}
			if err := guarded(apply, entry{meta.Sequence.Stream, msg.Subject(), msg.Data()}); err != nil {
				e.passOver(stream, meta.Sequence.Stream, err)
			}
		}
	}()
	return reached, nil
}

// end is the sequence that a stream has reached: who has read so far has seen every write that was
// acknowledged before the call. Without a leader a server answers for itself, and may lag behind.
func (e *Engine) end(ctx context.Context, stream string) (uint64, error) {
	return patiently(ctx, func(ctx context.Context) (uint64, error) { return e.reached(ctx, stream) })
}

func (e *Engine) reached(ctx context.Context, stream string) (uint64, error) {
	s, err := e.js.Stream(ctx, stream)
	if err != nil {
		return 0, err
	}
	info := s.CachedInfo()
	if info.Cluster != nil && info.Cluster.Leader == "" {
		return 0, errNoLeader
	}
	return info.State.LastSeq, nil
}
