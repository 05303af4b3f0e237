package engine

import (
	"context"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/nats-io/nats.go/jetstream"

	"revere/alerting"
)

// The ledger's writers. Each has a subject of its own, so that a writer that must be the only one
// can be held to it: its appends are compared with the last one on the subject.
const (
	LedgerAlerts  = "ledger.alerts"  // the router: alerts opened, manifests
	LedgerInbound = "ledger.inbound" // the tracker: what people and providers answered
	LedgerTimers  = "ledger.timers"  // the tracker: what became due
	LedgerDesk    = "ledger.desk"    // the API: answers that people gave there; many writers
)

// LedgerChannel is the subject of a channel's dispatcher: attempts and results.
func LedgerChannel(name string) string { return "ledger.channel." + name }

// recordBytes is how large a message of records may grow before the next one begins.
const recordBytes = 512 << 10

// Append writes records to the ledger: all of them or none. last is the sequence that the subject's
// newest message must have, or Anywhere. When it returns without error the records survive power
// loss; the sequence is that of the last message. alerting.ErrOvertaken means that another writer
// was first and nothing was written; with any other error nobody can say whether they were.
func (e *Engine) Append(ctx context.Context, subject string, last uint64, records ...alerting.Record) (uint64, error) {
	parts, err := pack(records)
	if err != nil {
		return 0, err
	}
	return e.publishAll(ctx, subject, last, parts)
}

// pack puts records into as few messages as their size allows. Each is encoded once.
func pack(records []alerting.Record) ([][]byte, error) {
	var parts [][]byte
	var open []cbor.RawMessage
	size := 0
	for i := range records {
		data, err := encodeRecord(&records[i])
		if err != nil {
			return nil, err
		}
		if size+len(data) > recordBytes && len(open) > 0 {
			part, err := encode(open)
			if err != nil {
				return nil, err
			}
			parts, open, size = append(parts, part), open[:0], 0
		}
		open, size = append(open, data), size+len(data)
	}
	part, err := encode(open)
	return append(parts, part), err
}

// FollowLedger calls apply with every message of the ledger after the given sequence, in order, and
// goes on with new ones as they come until ctx is done. apply is never called concurrently; a message
// that can't be read comes without records. It returns as soon as it has begun, with the sequence that the ledger had reached then.
func (e *Engine) FollowLedger(ctx context.Context, after uint64, apply func(sequence uint64, subject string, records []alerting.Record)) (reached uint64, err error) {
	return follow(ctx, e, ledgerStream, after, func(m entry) error {
		records, err := decodeRecords(m.data)
		if err != nil {
			apply(m.sequence, m.subject, nil) // who waits for this sequence must not wait for ever
			return err
		}
		apply(m.sequence, m.subject, records)
		return nil
	})
}

// LedgerEnd is the sequence that the ledger has reached: who has read so far has seen every append
// that was acknowledged before the call.
func (e *Engine) LedgerEnd(ctx context.Context) (uint64, error) { return e.end(ctx, ledgerStream) }

func (e *Engine) end(ctx context.Context, stream string) (uint64, error) {
	s, err := e.js.Stream(ctx, stream)
	if err != nil {
		return 0, err
	}
	return s.CachedInfo().State.LastSeq, nil
}

// An entry is one stored message.
type entry struct {
	sequence uint64
	subject  string
	at       time.Time
	data     []byte
}

// follow hands a stream's messages to apply in order. A message that can't be read is an error for
// the log and is passed over: one bad message must not hide all that come after it.
func follow(ctx context.Context, e *Engine, stream string, after uint64, apply func(entry) error) (reached uint64, err error) {
	s, err := e.js.Stream(ctx, stream)
	if err != nil {
		return 0, err
	}
	consumer, err := e.js.OrderedConsumer(ctx, stream, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: after + 1,
	})
	if err != nil {
		return 0, err
	}
	running, err := consumer.Consume(func(msg jetstream.Msg) {
		meta, err := msg.Metadata()
		if err != nil {
			e.log.Error().Err(err).Str("stream", stream).Msg("message without a sequence")
			return
		}
		m := entry{meta.Sequence.Stream, msg.Subject(), meta.Timestamp, msg.Data()}
		if err := apply(m); err != nil {
			e.log.Error().Err(err).Str("stream", stream).Uint64("sequence", m.sequence).Msg("stored message passed over")
		}
	}, jetstream.PullMaxMessages(2000))
	if err != nil {
		return 0, err
	}
	context.AfterFunc(ctx, func() {
		running.Stop()
		<-running.Closed() // until then it may still be replaced by another
		e.letGo(ctx, stream, consumer)
	})
	return s.CachedInfo().State.LastSeq, nil
}
