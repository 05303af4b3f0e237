package engine

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"revere/alerting"
	"revere/alerting/faults"
)

// skippedKeys is how many alerts the system before may have taken after the backup was made. Their
// keys are not given again: receipts, links and answers that name one would count for another alert.
const skippedKeys = 10_000

// Finish waits until all of it is on most of the servers, holds all sending, adds changes to the
// directory, and lets services start.
func (r *Restore) Finish(ctx context.Context, hold alerting.Hold, changes ...alerting.Change) error {
	if err := r.mine(ctx); err != nil {
		return err
	}
	if err := r.whole(ctx); err != nil {
		return err
	}
	restored := &Engine{conn: r.conn, inboxes: r.conn, js: r.js, log: r.log}
	var err error
	if hold.Through, err = restored.end(ctx, alertsStream); err != nil {
		return fmt.Errorf("look how far the alerts go that were restored: %w", err)
	}
	if hold.Heard, err = restored.end(ctx, inboundStream); err != nil {
		return fmt.Errorf("look how far the replies go that were restored: %w", err)
	}
	if err := r.skipKeys(ctx, restored, skippedKeys); err != nil {
		return fmt.Errorf("keep the keys of alerts apart: %w", err)
	}
	if err := r.hold(ctx, restored, hold); err != nil {
		return err
	}
	revision, err := restored.DirectoryRevision(ctx)
	if err != nil {
		return err
	}
	if _, err := restored.Commit(ctx, revision, changes); err != nil {
		return err
	}
	if err := r.mine(ctx); err != nil { // still
		return err
	}
	faults.Reach(faults.BeforeRestored)
	return r.unmark(ctx)
}

// unmarkTries is how often the mark is tried to be removed, each time through an election.
const unmarkTries = 10

// unmark lets services start. It does not give up soon: a mark that was removed although nobody said so
// would make a restore that is complete look like one that failed.
func (r *Restore) unmark(ctx context.Context) (err error) {
	for range unmarkTries {
		if err = r.remove(ctx, restoringStream); !unanswered(err) {
			return err
		}
	}
	return fmt.Errorf("let services start: %w", err)
}

// hold has services send nothing. What was held when it was backed up knew no more than its own backup.
func (r *Restore) hold(ctx context.Context, restored *Engine, hold alerting.Hold) error {
	keep, err := patiently(ctx, func(ctx context.Context) (jetstream.KeyValue, error) { return r.js.KeyValue(ctx, keepBucket) })
	if err != nil {
		return err
	}
	before, err := patiently(ctx, restored.Hold)
	if err != nil {
		return err
	}
	if before.Held() {
		hold.Backup = before.Backup
	}
	data, err := json.Marshal(hold)
	if err != nil {
		return err
	}
	if _, err := patiently(ctx, func(ctx context.Context) (uint64, error) { return keep.Put(ctx, holdKey, data) }); err != nil {
		return fmt.Errorf("hold what would be sent: %w", err)
	}
	return nil
}

// skipKeys has the ALERTS stream go on n sequences later. A stream gives sequences only to messages:
// so many are stored, in batches, each once although its answer is lost, and removed again.
func (r *Restore) skipKeys(ctx context.Context, restored *Engine, n int) error {
	const subject = alerting.SubjectPrefix + "restored"
	stream, err := patiently(ctx, func(ctx context.Context) (jetstream.Stream, error) { return r.js.Stream(ctx, alertsStream) })
	if err != nil {
		return err
	}
	usual := stream.CachedInfo().Config
	batched := usual
	batched.AllowAtomicPublish = true
	if err := r.update(ctx, batched); err != nil {
		return err
	}
	last := uint64(0)
	for skipped := 0; skipped < n; skipped += maxBatch {
		if last, err = restored.publishAll(ctx, subject, last, given(make([][]byte, min(maxBatch, n-skipped))...)); err != nil {
			return err
		}
	}
	_, err = patiently(ctx, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, stream.Purge(ctx, jetstream.WithPurgeSubject(subject))
	})
	if err != nil {
		return err
	}
	return r.update(ctx, usual)
}

func (r *Restore) update(ctx context.Context, config jetstream.StreamConfig) error {
	_, err := patiently(ctx, func(ctx context.Context) (jetstream.Stream, error) { return r.js.UpdateStream(ctx, config) })
	return err
}
