package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"revere/alerting"
	"revere/alerting/faults"
)

func rejectedMeta(key alerting.Key) string { return "rejected.meta." + string(key) }
func rejectedBody(key alerting.Key) string { return "rejected.body." + string(key) }

// Reject keeps a message that can't be taken: its bytes alone in one message, and beside it why.
// Done again it changes nothing.
func (e *Engine) Reject(ctx context.Context, r alerting.Rejection, body []byte) error {
	if err := e.rejectBody(ctx, r.Key, body); err != nil {
		return err
	}
	faults.Reach(faults.MidReject)
	data, err := json.Marshal(r)
	if room := e.conn.MaxPayload() - metaMargin; err == nil && int64(len(data)) > room {
		r.Headers = nil // the least that explains it: the ALERTS stream has them for as long as this
		r.Detail += " (its headers are too large to be kept beside it)"
		data, err = json.Marshal(r)
	}
	if err != nil {
		return err
	}
	if _, err := e.publish(ctx, rejectedMeta(r.Key), 0, data); err != nil && !errors.Is(err, alerting.ErrOvertaken) {
		return err
	}
	return nil
}

// metaMargin leaves room for what is noted later, and for headers.
const metaMargin = 4096

// rejectBody stores the bytes with no header of its own, so that the largest message that the server
// takes fits. That is why it looks first instead of comparing and setting.
func (e *Engine) rejectBody(ctx context.Context, key alerting.Key, body []byte) error {
	_, err := patiently(ctx, func(ctx context.Context) (*jetstream.RawStreamMsg, error) {
		return e.streams[rejectedStream].GetLastMsgForSubject(ctx, rejectedBody(key))
	})
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		_, err = e.publish(ctx, rejectedBody(key), Anywhere, body)
	}
	return err
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
	defer e.letGo(ctx, rejectedStream, consumer)
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
	// A replay is noted in a newer message: the stream's order is not that of the rejections.
	slices.SortFunc(all, func(a, b alerting.Rejection) int { return cmp.Compare(a.Sequence, b.Sequence) })
	return all, nil
}

// letGo removes a consumer that was read to its end. The server would keep it for minutes, and bears a
// thousand on a stream: who asks often would soon be refused.
func (e *Engine) letGo(ctx context.Context, stream string, consumer jetstream.Consumer) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	// One that is gone already, or can't be removed now, ends by itself.
	_ = e.js.DeleteConsumer(ctx, stream, consumer.CachedInfo().Name)
}

// Rejection returns one rejection with the bytes that were published.
func (e *Engine) Rejection(ctx context.Context, key alerting.Key) (alerting.Rejection, []byte, error) {
	var r alerting.Rejection
	if !key.Valid() {
		return r, nil, notRejected(key)
	}
	stream := e.streams[rejectedStream]
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
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return r, nil, notRejected(key) // its time was over before that of a later note on it
	} else if err != nil {
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
