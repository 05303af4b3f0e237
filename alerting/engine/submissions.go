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
	"revere/alerting/faults"
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
	sequence, err = e.submit(ctx, msg)
	faults.Reach(faults.AfterSubmit)
	return sequence, err
}

// Resubmit publishes a message as it once came, without vouching for it.
func (e *Engine) Resubmit(ctx context.Context, subject string, body []byte) (sequence uint64, err error) {
	msg := nats.NewMsg(subject)
	msg.Data = body
	return e.submit(ctx, msg)
}

func (e *Engine) submit(ctx context.Context, msg *nats.Msg) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, publishPatience)
	defer cancel()
	ack, err := e.js.PublishMsg(ctx, msg, patience()...)
	if err != nil {
		return 0, e.writeError(msg.Subject, err)
	}
	return ack.Sequence, nil
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
	faults.Reach(faults.AfterVerdict)
	last := b.Submissions[len(b.Submissions)-1].Sequence
	ctx, cancel := context.WithTimeout(context.Background(), publishPatience)
	defer cancel()
	_, err := b.engine.keep.Put(ctx, judgedKey, []byte(strconv.FormatUint(last, 10)))
	return err
}

const (
	judgedKey           = "judged" // the sequence up to which submissions have been judged
	submissionsBatch    = 64
	submissionsPatience = 2 * time.Second
	submissionsForget   = 5 * time.Minute // a consumer that nobody asks is dropped
)

// Submissions calls judge with what producers published, in order, a batch at a time, until ctx is
// done or judge fails. It begins with the first that is not Done, so that a cancel is never judged
// before what it cancels. One process at a time calls it.
func (e *Engine) Submissions(ctx context.Context, judge func(context.Context, Batch) error) error {
	judged, err := e.judged(ctx)
	if err != nil {
		return err
	}
	consumer, err := e.js.CreateConsumer(ctx, alertsStream, jetstream.ConsumerConfig{
		AckPolicy: jetstream.AckNonePolicy, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: judged + 1,
		InactiveThreshold: submissionsForget, MemoryStorage: true,
	})
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		batch, err := e.nextBatch(ctx, consumer)
		if err != nil {
			return err
		}
		if len(batch.Submissions) == 0 {
			continue
		}
		if err := judge(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// judged is the sequence up to which submissions have been judged; 0 before the first.
func (e *Engine) judged(ctx context.Context) (uint64, error) {
	kept, err := e.keep.Get(ctx, judgedKey)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(string(kept.Value()), 10, 64)
}

// nextBatch waits for one submission, and takes with it whatever else is waiting.
func (e *Engine) nextBatch(ctx context.Context, consumer jetstream.Consumer) (Batch, error) {
	ctx, cancel := context.WithTimeout(ctx, submissionsPatience)
	defer cancel()
	batch := Batch{engine: e}
	first, err := consumer.Fetch(1, jetstream.FetchContext(ctx))
	if err != nil {
		return batch, err
	}
	waiting := uint64(0)
	for msg := range first.Messages() {
		waiting = batch.add(msg)
	}
	if waiting == 0 {
		return batch, ignoreNoMessages(first.Error())
	}
	more, err := consumer.FetchNoWait(int(min(waiting, submissionsBatch-1)))
	if err != nil {
		return batch, err
	}
	for msg := range more.Messages() {
		batch.add(msg)
	}
	return batch, ignoreNoMessages(more.Error())
}

func ignoreNoMessages(err error) error {
	if errors.Is(err, nats.ErrTimeout) || errors.Is(err, jetstream.ErrNoMessages) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// add appends a message and returns how many wait behind it.
func (b *Batch) add(msg jetstream.Msg) (waiting uint64) {
	meta, err := msg.Metadata()
	if err != nil {
		return 0 // not a JetStream message: the server never delivers one here
	}
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
	return meta.NumPending
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
	stream, err := e.js.Stream(ctx, verdictsStream)
	if err != nil {
		return v, err
	}
	for ctx.Err() == nil {
		if kept, err := stream.GetLastMsgForSubject(ctx, verdictSubject(key)); err == nil {
			return v, json.Unmarshal(kept.Data, &v)
		}
		if msg, err := sub.NextMsg(verdictLook); err == nil {
			return v, json.Unmarshal(msg.Data, &v)
		}
	}
	return v, alerting.Errorf(alerting.CodeUnavailable, "no verdict on %s yet", key)
}

// verdictLook is how often the stream is asked: a verdict that was on its way there when we began
// to listen is heard in neither place at first.
const verdictLook = 100 * time.Millisecond
