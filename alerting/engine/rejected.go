package engine

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/nats-io/nats.go/jetstream"

	"revere/alerting"
)

func rejectedMeta(key alerting.Key) string { return "rejected.meta." + string(key) }
func rejectedBody(key alerting.Key) string { return "rejected.body." + string(key) }

// Reject keeps a message that can't be taken: its bytes alone in one message, so that the largest
// that came in fits, and beside it why. Done again it changes nothing.
func (e *Engine) Reject(ctx context.Context, r alerting.Rejection, body []byte) error {
	if _, err := e.publish(ctx, rejectedBody(r.Key), 0, body); err != nil && !errors.Is(err, alerting.ErrOvertaken) {
		return err
	}
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if _, err := e.publish(ctx, rejectedMeta(r.Key), 0, data); err != nil && !errors.Is(err, alerting.ErrOvertaken) {
		return err
	}
	return nil
}

// Rejections returns every rejection that is kept, the oldest first.
func (e *Engine) Rejections(ctx context.Context) ([]alerting.Rejection, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	consumer, err := e.js.OrderedConsumer(ctx, rejectedStream, jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{rejectedMeta("*")}, DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy,
	})
	if err != nil {
		return nil, err
	}
	waiting := consumer.CachedInfo().NumPending
	all := make([]alerting.Rejection, 0, waiting)
	if waiting == 0 {
		return all, nil
	}
	messages, err := consumer.Messages()
	if err != nil {
		return nil, err
	}
	defer messages.Stop()
	for range waiting {
		msg, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return nil, err
		}
		var r alerting.Rejection
		if err := json.Unmarshal(msg.Data(), &r); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// Rejection returns one rejection with the bytes that were published.
func (e *Engine) Rejection(ctx context.Context, key alerting.Key) (alerting.Rejection, []byte, error) {
	var r alerting.Rejection
	if !validKey(key) {
		return r, nil, notRejected(key)
	}
	stream, err := e.js.Stream(ctx, rejectedStream)
	if err != nil {
		return r, nil, err
	}
	meta, err := stream.GetLastMsgForSubject(ctx, rejectedMeta(key))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return r, nil, notRejected(key)
	} else if err != nil {
		return r, nil, err
	}
	if err := json.Unmarshal(meta.Data, &r); err != nil {
		return r, nil, err
	}
	body, err := stream.GetLastMsgForSubject(ctx, rejectedBody(key))
	if err != nil {
		return r, nil, err
	}
	return r, body.Data, nil
}

func notRejected(key alerting.Key) error {
	return alerting.Errorf(alerting.CodeNotFound, "nothing was rejected under the key %q; `revere rejected list` shows what was", key)
}

// Replay publishes a rejected message again, byte for byte, and notes the new message's key beside
// the rejection.
func (e *Engine) Replay(ctx context.Context, key alerting.Key) (alerting.Key, error) {
	r, body, err := e.Rejection(ctx, key)
	if err != nil {
		return "", err
	}
	var sequence uint64
	if area, err := alerting.AreaOfSubject(r.Subject); err == nil && r.Sealed {
		sequence, err = e.Submit(ctx, area, r.Producer, body)
		if err != nil {
			return "", err
		}
	} else if sequence, err = e.Resubmit(ctx, r.Subject, body); err != nil {
		return "", err
	}
	r.ReplayedAs = alerting.KeyOf(sequence)
	data, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	_, err = e.publish(ctx, rejectedMeta(key), Anywhere, data)
	return r.ReplayedAs, err
}

// validKey reports whether a key is letters and digits: what a caller typed never becomes a
// subject with wildcards.
func validKey(key alerting.Key) bool {
	for i := range len(key) {
		c := key[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return key != ""
}
