package engine

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"revere/alerting"
)

// The streams.
const (
	alertsStream    = "ALERTS"
	ledgerStream    = "LEDGER"
	directoryStream = "DIRECTORY"
	inboundStream   = "INBOUND"
	rejectedStream  = "REJECTED"
	verdictsStream  = "VERDICTS"
	filedStream     = "FILED"
	leasesBucket    = "LEASES"
	keepBucket      = "KEEP"
)

const (
	day = 24 * time.Hour
	// maxBatch bounds an atomic batch: the server's own default, so that any cluster takes it.
	maxBatch = 1000
	// minimalWindow keeps the server's own deduplication out of the way: it would acknowledge and
	// throw away a message that repeats a Nats-Msg-Id with another body.
	minimalWindow = 100 * time.Millisecond

	alertsLife   = 400 * day
	inboundLife  = 400 * day
	rejectedLife = 30 * day
	verdictsLife = alerting.VerdictsKept
	// idempotencyLife is how long an HTTP caller's Idempotency-Key is remembered.
	idempotencyLife = day
	markerLife      = time.Minute
)

// streams lists the streams. Ledger and directory have no end: they are the record.
func streams(replicas int) []jetstream.StreamConfig {
	stream := func(name, about string, life time.Duration, subjects ...string) jetstream.StreamConfig {
		return jetstream.StreamConfig{
			Name: name, Description: about, Subjects: subjects, Replicas: replicas,
			Storage: jetstream.FileStorage, Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardNew,
			MaxAge: life, Duplicates: minimalWindow, AllowDirect: true, DenyDelete: true,
		}
	}
	ledger := stream(ledgerStream, "records about every alert: the source of truth", 0, "ledger.>")
	ledger.AllowAtomicPublish = true
	directory := stream(directoryStream, "changes to subscribers, teams, areas and tokens", 0, "directory.>")
	directory.AllowAtomicPublish = true
	inbound := stream(inboundStream, "replies, receipts and reactions as they came in", inboundLife, "inbound.>")
	inbound.AllowAtomicPublish = true
	verdicts := stream(verdictsStream, "what became of each published message", verdictsLife, "verdicts.>")
	verdicts.MaxMsgsPerSubject = 1
	verdicts.Discard = jetstream.DiscardOld
	filed := stream(filedStream, "what is left in memory of alerts that are over; derived from the ledger", 0, filedSubjects)
	filed.MaxMsgsPerSubject = 1
	filed.Discard = jetstream.DiscardOld
	return []jetstream.StreamConfig{
		stream(alertsStream, "alerts as producers published them", alertsLife, alerting.SubjectPrefix+">"),
		ledger,
		directory,
		inbound,
		stream(rejectedStream, "what could not be taken, and why", rejectedLife, "rejected.>"),
		verdicts,
		filed,
	}
}

func (e *Engine) ensureTopology(ctx context.Context, replicas int) error {
	e.streams = map[string]jetstream.Stream{}
	for _, config := range streams(replicas) {
		stream, err := makeStream(ctx, e.js, config)
		if err != nil {
			return fmt.Errorf("create stream %s: %w", config.Name, err)
		}
		e.streams[config.Name] = stream
	}
	var err error
	if e.leases, err = e.bucket(ctx, leasesBucket, "who does what only one may do", replicas); err != nil {
		return err
	}
	e.keep, err = e.bucket(ctx, keepBucket, "secrets and idempotency keys", replicas)
	return err
}

func (e *Engine) bucket(ctx context.Context, name, about string, replicas int) (jetstream.KeyValue, error) {
	config := jetstream.KeyValueConfig{
		Bucket: name, Description: about, History: 1, Storage: jetstream.FileStorage, Replicas: replicas, LimitMarkerTTL: markerLife,
	}
	bucket, err := patiently(ctx, func(ctx context.Context) (jetstream.KeyValue, error) { return e.js.CreateOrUpdateKeyValue(ctx, config) })
	if err != nil {
		return nil, fmt.Errorf("create bucket %s: %w", name, err)
	}
	return bucket, nil
}

// isOvertaken reports whether a compare-and-set failed because someone else wrote first.
func isOvertaken(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && (api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}

func redactURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "(unreadable URL)"
	}
	return u.Redacted()
}
