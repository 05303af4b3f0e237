package engine

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"revere/alerting"
)

// SyncsAlways reports whether the server syncs every write before it acknowledges it.
func (s *Server) SyncsAlways() bool { return s.nats.JetStreamConfig().SyncAlways }

// PublishRaw stores bytes as no version of Revere writes them.
func (e *Engine) PublishRaw(ctx context.Context, subject string, data []byte) (uint64, error) {
	return e.publish(ctx, subject, Anywhere, data)
}

// StreamNames lists every stream of the account.
func (e *Engine) StreamNames(ctx context.Context) (names []string, err error) {
	list := e.js.StreamNames(ctx)
	for name := range list.Name() {
		names = append(names, name)
	}
	return names, list.Err()
}

// A StragglerWatch is what judges how far servers have come, without the servers.
type StragglerWatch struct{ stragglers }

// NewStragglerWatch gives each server so long to get something.
func NewStragglerWatch(after time.Duration) *StragglerWatch {
	return &StragglerWatch{stragglers{after: after, lags: map[copyOf]lag{}}}
}

// Look takes in what a stream's leader says at a time, and returns who does not keep up.
func (w *StragglerWatch) Look(info *jetstream.StreamInfo, now time.Time) []alerting.Straggler {
	w.look(info, now)
	_, found := w.judge(now)
	return found
}

// KeepHold begins another hold.
func (e *Engine) KeepHold(ctx context.Context, h alerting.Hold) error {
	_, err := e.reviseHold(ctx, func(kept *alerting.Hold) bool { *kept = h; return true })
	return err
}

// WatchBehind has the engine watch a copy of what it keeps that still has an older entry.
func (e *Engine) WatchBehind(older jetstream.KeyValueEntry) { e.keep = behind{e.keep, older} }

// KeptHold is the hold's entry.
func (e *Engine) KeptHold(ctx context.Context) (jetstream.KeyValueEntry, error) {
	return e.keep.Get(ctx, holdKey)
}

type behind struct {
	jetstream.KeyValue
	older jetstream.KeyValueEntry
}

// Watch tells only what there was.
func (b behind) Watch(context.Context, string, ...jetstream.WatchOpt) (jetstream.KeyWatcher, error) {
	updates := make(chan jetstream.KeyValueEntry, 2)
	updates <- b.older
	updates <- nil
	return oldUpdates(updates), nil
}

type oldUpdates chan jetstream.KeyValueEntry

func (w oldUpdates) Updates() <-chan jetstream.KeyValueEntry { return w }

func (w oldUpdates) Stop() error { close(w); return nil }
