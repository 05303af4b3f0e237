package engine

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"revere/alerting"
	"revere/alerting/faults"
)

const judgedKey = "judged" // how far submissions have been judged

// Submissions calls take with everything that producers published after a sequence, in order, and
// goes on with what is new until ctx is done or take fails. While take waits nothing more is fetched
// than a few megabytes.
func (e *Engine) Submissions(ctx context.Context, after uint64, take func(alerting.Submission) error) error {
	from := &source{engine: e, stream: alertsStream, next: after + 1}
	defer from.stop()
	for {
		msg, meta, err := from.take(ctx)
		if err != nil {
			return nil // ctx is done
		}
		if err := take(e.submission(meta.Sequence.Stream, meta.Timestamp, msg.Subject(), msg.Headers(), msg.Data())); err != nil {
			return err
		}
	}
}

// Submission reads one message that a producer published. One that is there no more is CodeNotFound: it won't be
// there again.
func (e *Engine) Submission(ctx context.Context, sequence uint64) (alerting.Submission, error) {
	stream, err := e.js.Stream(ctx, alertsStream)
	if err != nil {
		return alerting.Submission{}, err
	}
	msg, err := stream.GetMsg(ctx, sequence)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return alerting.Submission{}, alerting.Errorf(alerting.CodeNotFound, "%s has no message %d, or no more", alertsStream, sequence)
	}
	if err != nil {
		return alerting.Submission{}, fmt.Errorf("read message %d of %s: %w", sequence, alertsStream, err)
	}
	for _, added := range []string{nats.JSStream, nats.JSSequence, nats.JSTimeStamp, nats.JSSubject} {
		delete(msg.Header, added) // the server's, and not the message's
	}
	return e.submission(msg.Sequence, msg.Time, msg.Subject, msg.Header, msg.Data), nil
}

func (e *Engine) submission(sequence uint64, at time.Time, subject string, header nats.Header, body []byte) alerting.Submission {
	s := alerting.Submission{
		Sequence: sequence, Subject: subject, Received: at.UTC().Truncate(time.Millisecond),
		Body: body, Headers: header, Producer: alerting.AnyProducer,
	}
	if producer := header.Get(headerProducer); producer != "" && hmac.Equal([]byte(header.Get(headerSeal)), []byte(seal(e.seal, producer, body))) {
		s.Producer, s.Sealed = producer, true
	}
	if to := header.Get(headerVerdictTo); inbox.MatchString(to) {
		s.VerdictTo = to
	}
	return s
}

// Judged is how far submissions have been judged, as NoteJudged was told last.
func (e *Engine) Judged(ctx context.Context) (alerting.Judged, error) {
	kept, err := patiently(ctx, func(ctx context.Context) (jetstream.KeyValueEntry, error) { return e.keep.Get(ctx, judgedKey) })
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return alerting.Judged{}, nil
	}
	if err != nil {
		return alerting.Judged{}, err
	}
	var judged alerting.Judged
	if json.Unmarshal(kept.Value(), &judged.Through) == nil {
		return judged, nil // a number, as versions wrote it that judged in order
	}
	return judged, json.Unmarshal(kept.Value(), &judged)
}

// NoteJudged keeps how far submissions have been judged.
func (e *Engine) NoteJudged(ctx context.Context, judged alerting.Judged) error {
	faults.Reach(faults.AfterVerdict)
	data, err := json.Marshal(judged)
	if err != nil {
		return err
	}
	_, err = patiently(ctx, func(ctx context.Context) (uint64, error) { return e.keep.Put(ctx, judgedKey, data) })
	return err
}

// Waiting counts the messages that were published and not judged.
func (e *Engine) Waiting(ctx context.Context) (int, error) {
	judged, err := e.Judged(ctx) // before the end, so that what is judged between them is not counted twice
	if err != nil {
		return 0, err
	}
	end, err := e.end(ctx, alertsStream)
	if err != nil {
		return 0, err
	}
	first, err := e.firstAfter(ctx, judged.Through, end)
	if err != nil {
		return 0, err
	}
	done := first - 1 + judged.Ahead
	n := int(end - min(end, done))
	if n < skippedKeys {
		return n, nil
	}
	// A restored stream has a hole, in which there is nothing. It may lie behind what waits, too.
	hold, err := patiently(ctx, e.Hold)
	if err != nil || hold.Through < first {
		return n, err
	}
	behind, err := e.firstAfter(ctx, hold.Through, end)
	return n - min(n, int(behind-1-hold.Through)), err
}

// firstAfter is the sequence of the first message of ALERTS after another one; that behind its end where
// there is none.
func (e *Engine) firstAfter(ctx context.Context, sequence, end uint64) (uint64, error) {
	next, err := patiently(ctx, func(ctx context.Context) (*jetstream.RawStreamMsg, error) {
		return e.next(ctx, alerting.SubjectPrefix+">", sequence+1)
	})
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return end + 1, nil
	}
	if err != nil {
		return 0, err
	}
	return next.Sequence, nil
}
