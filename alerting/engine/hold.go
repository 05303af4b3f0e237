package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"revere/alerting"
)

const holdKey = "hold"

// Hold returns the hold as it is on record.
func (e *Engine) Hold(ctx context.Context) (alerting.Hold, error) {
	return readHold(ctx, e.keep)
}

func readHold(ctx context.Context, keep jetstream.KeyValue) (alerting.Hold, error) {
	h, _, err := getHold(ctx, keep)
	return h, err
}

func getHold(ctx context.Context, keep jetstream.KeyValue) (h alerting.Hold, revision uint64, err error) {
	kept, err := keep.Get(ctx, holdKey)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return h, 0, nil
	}
	if err == nil {
		revision, err = kept.Revision(), json.Unmarshal(kept.Value(), &h)
	}
	if err != nil {
		err = fmt.Errorf("read whether sending is held: %w", err)
	}
	return h, revision, err
}

// Release lets messages go that a hold kept back. Where nothing is held it changes nothing.
func (e *Engine) Release(ctx context.Context, by string, now time.Time) (alerting.Hold, error) {
	return e.reviseHold(ctx, func(h *alerting.Hold) bool {
		if !h.Held() {
			return false
		}
		h.Released, h.By = now.UTC().Truncate(time.Millisecond), by
		return true
	})
}

// Settle notes that everything which was due, and may have been sent after the backup, is on record as
// unknown.
func (e *Engine) Settle(ctx context.Context) error {
	_, err := e.reviseHold(ctx, func(h *alerting.Hold) bool {
		if !h.Doubts() {
			return false
		}
		h.Settled = true
		return true
	})
	return err
}

// reviseHold changes the hold by compare and set. change reports whether there is anything to write.
func (e *Engine) reviseHold(ctx context.Context, change func(*alerting.Hold) bool) (alerting.Hold, error) {
	for {
		h, revision, err := getHold(ctx, e.keep)
		if err != nil || !change(&h) {
			return h, err
		}
		data, err := json.Marshal(h)
		if err != nil {
			return h, err
		}
		_, err = e.keep.Update(ctx, holdKey, data, revision)
		if err == nil {
			return h, nil
		}
		if !isOvertaken(err) {
			return h, alerting.Errorf(alerting.CodeUnavailable, "write whether sending is held: %v", err)
		}
	}
}

// FollowHold calls apply with the hold whenever it changes, until ctx is done: first with how it is
// now, before it returns. Without any hold that is the zero one.
func (e *Engine) FollowHold(ctx context.Context, apply func(alerting.Hold)) error {
	// What is watched may be a server's copy that has nothing yet, soon after a restore: most of them have it.
	current, err := patiently(ctx, e.Hold)
	if err != nil {
		return err
	}
	watcher, err := e.keep.Watch(ctx, holdKey)
	if err != nil {
		return fmt.Errorf("watch whether sending is held: %w", err)
	}
	for entry := range watcher.Updates() {
		if entry == nil {
			break // that was all there was
		}
		if err := json.Unmarshal(entry.Value(), &current); err != nil {
			return fmt.Errorf("read whether sending is held: %w", err)
		}
	}
	apply(current)
	go func() {
		for entry := range watcher.Updates() {
			var h alerting.Hold
			if err := json.Unmarshal(entry.Value(), &h); err != nil {
				e.log.Error().Err(err).Msg("whether sending is held can't be read; it stays as it was")
				continue
			}
			apply(h)
		}
	}()
	context.AfterFunc(ctx, func() { _ = watcher.Stop() }) // the connection may have gone before
	return nil
}
