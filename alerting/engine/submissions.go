package engine

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"revere/alerting"
)

// Headers of messages on alerts.>. None is required.
const (
	headerProducer  = "Revere-Producer"
	headerSeal      = "Revere-Seal"
	headerVerdictTo = "Revere-Verdict-To"
	sealSecret      = "seal"
)

// Submit publishes an alert on an area's subject for a producer whose right to address the alert's
// areas has been checked. It returns when the alert is durable; the sequence is the ALERTS
// stream's.
func (e *Engine) Submit(ctx context.Context, area alerting.Area, producer string, body []byte) (sequence uint64, err error) {
	msg := nats.NewMsg(area.Subject())
	msg.Data = body
	msg.Header.Set(headerProducer, producer)
	msg.Header.Set(headerSeal, seal(e.seal, producer, body))
	return e.publishOnce(ctx, msg)
}

// Resubmit publishes a message as it once came, without vouching for it: it may be as large as the
// server takes. With an error of alerting.CodeUnavailable nobody can say whether it was published.
func (e *Engine) Resubmit(ctx context.Context, subject string, body []byte) (sequence uint64, err error) {
	msg := nats.NewMsg(subject)
	msg.Data = body
	return e.publishPlain(ctx, msg)
}

// seal proves that a message came through Submit: a producer on the wire can't make one.
func seal(secret []byte, producer string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(producer))
	mac.Write([]byte{0})
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// A Batch is submissions that wait to be judged, in their order. Done says that all of them have
// been, for good: what is not done comes again.
type Batch struct {
	Submissions []alerting.Submission
	engine      *Engine
}

// Done notes how far the submissions have been judged.
func (b Batch) Done() error {
	last := b.Submissions[len(b.Submissions)-1].Sequence
	_, err := patiently(context.Background(), func(ctx context.Context) (uint64, error) {
		return b.engine.keep.Put(ctx, judgedKey, []byte(strconv.FormatUint(last, 10)))
	})
	return err
}

const (
	judgedKey        = "judged" // the sequence up to which submissions have been judged
	submissionsBatch = 64
)

// Submissions calls judge with what producers published, in order, a batch at a time, until ctx is
// done or judge fails. It begins with the first that is not Done, so that a cancel is never judged
// before what it cancels. One process at a time calls it.
func (e *Engine) Submissions(ctx context.Context, judge func(context.Context, Batch) error) error {
	judged, err := e.judged(ctx)
	if err != nil {
		return err
	}
	from := &source{engine: e, stream: alertsStream, next: judged + 1}
	defer from.stop()
	for {
		batch, err := e.nextBatch(ctx, from)
		if err != nil {
			return nil // ctx is done
		}
		if err := judge(ctx, batch); err != nil {
			return err
		}
	}
}

// judged is the sequence up to which submissions have been judged; 0 before the first. A replica that
// lags behind may name an earlier one: to judge again changes nothing.
func (e *Engine) judged(ctx context.Context) (uint64, error) {
	kept, err := patiently(ctx, func(ctx context.Context) (jetstream.KeyValueEntry, error) { return e.keep.Get(ctx, judgedKey) })
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(string(kept.Value()), 10, 64)
}

// nextBatch waits for one submission, and takes with it those that are waiting behind it.
func (e *Engine) nextBatch(ctx context.Context, from *source) (Batch, error) {
	batch := Batch{engine: e}
	for waiting := uint64(1); waiting > 0 && len(batch.Submissions) < submissionsBatch; {
		msg, meta, err := from.take(ctx)
		if err != nil {
			return batch, err
		}
		batch.add(msg, meta)
		waiting = meta.NumPending
	}
	return batch, nil
}

func (b *Batch) add(msg jetstream.Msg, meta *jetstream.MsgMetadata) {
	header := msg.Headers()
	s := alerting.Submission{
		Sequence: meta.Sequence.Stream, Subject: msg.Subject(), Received: meta.Timestamp.UTC().Truncate(time.Millisecond),
		Body: msg.Data(), Headers: header, Producer: alerting.AnyProducer,
	}
	if producer := header.Get(headerProducer); producer != "" && hmac.Equal([]byte(header.Get(headerSeal)), []byte(seal(b.engine.seal, producer, s.Body))) {
		s.Producer, s.Sealed = producer, true
	}
	if to := header.Get(headerVerdictTo); inbox.MatchString(to) {
		s.VerdictTo = to
	}
	b.Submissions = append(b.Submissions, s)
}

// inbox is a subject that a producer may listen on.
var inbox = regexp.MustCompile(`^_INBOX(\.[A-Za-z0-9_$-]{1,64}){1,4}$`)

// Pronounce makes a verdict durable on verdicts.<key>, and sends it to the producer's inbox where
// it named one. Whether anyone listens there is the producer's affair: the verdict stands.
func (e *Engine) Pronounce(ctx context.Context, v alerting.Verdict, inbox string) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if _, err := e.publish(ctx, verdictSubject(v.Key), Anywhere, data); err != nil {
		return err
	}
	if inbox == "" {
		return nil
	}
	if err := e.inboxes.Publish(inbox, data); err != nil {
		e.log.Warn().Err(err).Str("message", string(v.Key)).Msg("a producer could not be told the verdict")
	}
	return nil
}

func verdictSubject(key alerting.Key) string { return "verdicts." + string(key) }

// AwaitVerdict waits for the verdict on a message until ctx is done.
func (e *Engine) AwaitVerdict(ctx context.Context, key alerting.Key) (alerting.Verdict, error) {
	var v alerting.Verdict
	sub, err := e.conn.SubscribeSync(verdictSubject(key))
	if err != nil {
		return v, err
	}
	defer sub.Unsubscribe()
	for ctx.Err() == nil {
		if kept, err := once(ctx, func(ctx context.Context) (*jetstream.RawStreamMsg, error) { return e.verdict(ctx, key) }); err == nil {
			return v, json.Unmarshal(kept.Data, &v)
		}
		if msg, err := sub.NextMsg(verdictLook); err == nil {
			return v, json.Unmarshal(msg.Data, &v)
		}
	}
	return v, alerting.Errorf(alerting.CodeUnavailable, "no verdict on %s yet", key)
}

func (e *Engine) verdict(ctx context.Context, key alerting.Key) (*jetstream.RawStreamMsg, error) {
	return e.streams[verdictsStream].GetLastMsgForSubject(ctx, verdictSubject(key))
}

// verdictLook is how often the stream is asked: a verdict that was on its way there when we began
// to listen is heard in neither place at first.
const verdictLook = 100 * time.Millisecond
