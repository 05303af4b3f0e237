package engine

import (
	"context"
	"errors"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"revere/alerting"
)

// mostOvertaken is how often a message may be overtaken by others before it is published without a
// comparison: where producers flood a subject, nobody who compares would ever have a turn.
const mostOvertaken = 5

// turns are the subjects on which this process publishes for people, each message once even where its
// acknowledgement is lost: a message is compared with the last one on its subject, so that at most one
// try of it is stored. One at a time has its turn on a subject.
type turns struct {
	mu       sync.Mutex
	subjects map[string]*turn
}

type turn struct {
	taken chan struct{} // holds one while somebody has the turn
	last  uint64        // the newest message on the subject, as far as this process knows
}

func (t *turns) of(subject string) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.subjects == nil {
		t.subjects = map[string]*turn{}
	}
	if t.subjects[subject] == nil {
		t.subjects[subject] = &turn{taken: make(chan struct{}, 1)}
	}
	return t.subjects[subject]
}

// publishOnce stores a message once. With an error of alerting.CodeUnavailable nobody can say whether
// it was.
func (e *Engine) publishOnce(ctx context.Context, msg *nats.Msg) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, publishPatience)
	defer cancel()
	t := e.turns.of(msg.Subject)
	select {
	case t.taken <- struct{}{}:
		defer func() { <-t.taken }()
	case <-ctx.Done():
		return 0, unavailable(msg.Subject, ctx.Err())
	}
	for range mostOvertaken {
		sequence, err := e.newWrite(t.last, []*nats.Msg{msg}).through(ctx)
		if err == nil {
			t.last = sequence
		}
		if !errors.Is(err, alerting.ErrOvertaken) {
			return sequence, err
		}
		if t.last, err = e.newest(ctx, msg.Subject); err != nil {
			return 0, unavailable(msg.Subject, err)
		}
	}
	msg.Header.Del(headerWrite)
	msg.Header.Del(jetstream.ExpectedLastSubjSeqHeader)
	return e.publishPlain(ctx, msg)
}

// publishPlain stores a message with no header of its own. It tries again only while nobody is there to
// store it: with any other error nobody can say whether it was.
func (e *Engine) publishPlain(ctx context.Context, msg *nats.Msg) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, publishPatience)
	defer cancel()
	ack, err := e.js.PublishMsg(ctx, msg, jetstream.WithRetryAttempts(int(publishPatience/leaderWait)), jetstream.WithRetryWait(leaderWait))
	if err != nil {
		return 0, unavailable(msg.Subject, err)
	}
	return ack.Sequence, nil
}

// newest is the sequence of a subject's newest message; 0 where there is none.
func (e *Engine) newest(ctx context.Context, subject string) (uint64, error) {
	msg, err := patiently(ctx, func(ctx context.Context) (*jetstream.RawStreamMsg, error) {
		return e.streams[alertsStream].GetLastMsgForSubject(ctx, subject)
	})
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return msg.Sequence, nil
}
