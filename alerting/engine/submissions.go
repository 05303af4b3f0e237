package engine

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"regexp"
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
	if err := e.Storage(); err != nil {
		return 0, err
	}
	sequence, err = e.publishOnce(ctx, msg)
	faults.Reach(faults.AfterSubmit)
	return sequence, err
}

// Resubmit publishes a message as it once came, without vouching for it: it may be as large as the
// server takes. With an error of alerting.CodeUnavailable nobody can say whether it was published.
func (e *Engine) Resubmit(ctx context.Context, subject string, body []byte) (sequence uint64, err error) {
	msg := nats.NewMsg(subject)
	msg.Data = body
	if err := e.Storage(); err != nil {
		return 0, err
	}
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
	told := make(chan *nats.Msg, 4) // SubscribeSync makes room for 65,536, half a MiB for each who waits
	sub, err := e.conn.ChanSubscribe(verdictSubject(key), told)
	if err != nil {
		return v, err
	}
	defer sub.Unsubscribe()
	for look := verdictLook; ctx.Err() == nil; look = min(2*look, maxVerdictLook) {
		if kept, err := once(ctx, func(ctx context.Context) (*jetstream.RawStreamMsg, error) { return e.lastVerdict(ctx, key) }); err == nil {
			return v, json.Unmarshal(kept.Data, &v)
		}
		select {
		case msg := <-told:
			return v, json.Unmarshal(msg.Data, &v)
		case <-time.After(look):
		case <-ctx.Done():
		}
	}
	return v, alerting.Errorf(alerting.CodeUnavailable, "no verdict on %s yet", key)
}

// verdictLook is how soon the stream is asked again: a verdict that was on its way there when we began
// to listen is heard in neither place at first. Later it is asked ever more seldom, since many may
// wait at once.
const (
	verdictLook    = 100 * time.Millisecond
	maxVerdictLook = 2 * time.Second
)

func (e *Engine) lastVerdict(ctx context.Context, key alerting.Key) (*jetstream.RawStreamMsg, error) {
	return e.streams[verdictsStream].GetLastMsgForSubject(ctx, verdictSubject(key))
}

// Verdict returns the last verdict on a message; found is false where it has none. They are kept for three
// days (alerting.VerdictsKept). One that can't be read comes without what it said.
func (e *Engine) Verdict(ctx context.Context, key alerting.Key) (v alerting.Verdict, found bool, err error) {
	kept, err := patiently(ctx, func(ctx context.Context) (*jetstream.RawStreamMsg, error) { return e.lastVerdict(ctx, key) })
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return v, false, nil
	}
	if err != nil {
		return v, false, err
	}
	if json.Unmarshal(kept.Data, &v) != nil {
		v = alerting.Verdict{Key: key}
	}
	return v, true, nil
}
