package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"revere/alerting"
)

const holdKey = "hold"

// Hold returns the hold as it is on record.
func (e *Engine) Hold(ctx context.Context) (alerting.Hold, error) {
	h, _, err := readHold(ctx, e.conn)
	return h, err
}

// readHold asks the bucket's leader: another server's copy may have nothing yet, soon after a restore, or
// the hold of a restore before.
func readHold(ctx context.Context, conn *nats.Conn) (h alerting.Hold, revision uint64, err error) {
	var kept struct {
		Message struct {
			Revision uint64 `json:"seq"`
			Data     []byte `json:"data"`
		} `json:"message"`
	}
	request := map[string]string{"last_by_subj": keySubject(keepBucket, holdKey)}
	err = ask(ctx, conn, "$JS.API.STREAM.MSG.GET."+bucketStream(keepBucket), request, &kept)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return h, 0, nil
	}
	if err == nil {
		err = json.Unmarshal(kept.Message.Data, &h)
	}
	if err != nil {
		err = fmt.Errorf("read whether sending is held: %w", err)
	}
	return h, kept.Message.Revision, err
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
		h, revision, err := readHold(ctx, e.conn)
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
	watcher, err := e.keep.Watch(ctx, holdKey)
	if err != nil {
		return fmt.Errorf("watch whether sending is held: %w", err)
	}
	context.AfterFunc(ctx, func() { _ = watcher.Stop() }) // the connection may have gone before
	var known uint64
	current, err := patiently(ctx, func(ctx context.Context) (h alerting.Hold, err error) {
		h, known, err = readHold(ctx, e.conn)
		return h, err
	})
	if err != nil {
		return err
	}
	apply(current)
	go func() {
		for entry := range watcher.Updates() {
			if entry == nil || entry.Revision() <= known { // what is watched may be a copy that is behind
				continue
			}
			var h alerting.Hold
			if err := json.Unmarshal(entry.Value(), &h); err != nil {
				e.log.Error().Err(err).Msg("whether sending is held can't be read; it stays as it was")
				continue
			}
			apply(h)
		}
	}()
	return nil
}
