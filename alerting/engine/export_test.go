package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"

	"revere/alerting"
)

// SyncsAlways reports whether the server syncs every write before it acknowledges it.
func (s *Server) SyncsAlways() bool { return s.nats.JetStreamConfig().SyncAlways }

// PublishRaw stores bytes as no version of Revere writes them.
func (e *Engine) PublishRaw(ctx context.Context, subject string, data []byte) (uint64, error) {
	return e.publish(ctx, subject, Anywhere, data)
}

// JournalInto begins a journal that stores by a function of the test's, which has a clock of its own.
func JournalInto(last uint64, store func(records []alerting.Record) (uint64, error)) *Journal {
	j := (&Engine{}).Journal("", last)
	j.store = func(_ context.Context, _ string, _ uint64, records ...alerting.Record) (uint64, error) {
		return store(records)
	}
	return j
}

// PutsInto is an engine that can do no more than put, by a function of the test's, which is told how many
// messages share a write.
func PutsInto(store func(messages int) error) *Engine {
	e := &Engine{}
	e.inbound.mostItems, e.inbound.mostBytes = maxBatch, putBytes
	e.inbound.store = func(_ context.Context, arrivals []*arrival) (uint64, error) { return 0, store(len(arrivals)) }
	return e
}

// Encode is the form in which things are stored.
func Encode(v any) ([]byte, error) { return encode(v) }

// StoreTogether stores what came in while a write was under way, in that order.
func (e *Engine) StoreTogether(ctx context.Context, subject string, all ...[]byte) error {
	arrivals := make([]*arrival, len(all))
	for i, data := range all {
		arrivals[i] = &arrival{message: nats.Msg{Subject: subject, Header: nats.Header{}, Data: data}}
	}
	_, err := e.storeArrivals(ctx, arrivals)
	for _, a := range arrivals {
		err = errors.Join(err, a.err)
	}
	return err
}

// ChangeStream sets a stream up in another way.
func (e *Engine) ChangeStream(ctx context.Context, name string, change func(*jetstream.StreamConfig)) error {
	config := e.streams[name].CachedInfo().Config
	change(&config)
	_, err := e.js.UpdateStream(ctx, config)
	return err
}

// Commits counts what was stored on a stream: atomic batches, and messages that came alone.
func (e *Engine) Commits(ctx context.Context, stream string) (batches, alone int, err error) {
	end, err := e.end(ctx, stream)
	seen := map[string]bool{}
	for sequence := uint64(1); sequence <= end && err == nil; sequence++ {
		var m *jetstream.RawStreamMsg
		if m, err = e.streams[stream].GetMsg(ctx, sequence); err != nil {
			break
		}
		if batch := m.Header.Get(jetstreamext.BatchIDHeader); batch != "" {
			seen[batch] = true
		} else {
			alone++
		}
	}
	return len(seen), alone, err
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

// Topology is how the streams and buckets are set up that the server has, by name, without what the server
// itself notes on them.
func (e *Engine) Topology(ctx context.Context) (configs []jetstream.StreamConfig, err error) {
	list := e.js.ListStreams(ctx)
	for info := range list.Info() {
		info.Config.Metadata = nil
		configs = append(configs, info.Config)
	}
	slices.SortFunc(configs, func(a, b jetstream.StreamConfig) int { return strings.Compare(a.Name, b.Name) })
	return configs, list.Err()
}

// Remake makes streams in the place of all that there are, with a message in each.
func (e *Engine) Remake(ctx context.Context, configs []jetstream.StreamConfig) error {
	names, err := e.StreamNames(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := e.js.DeleteStream(ctx, name); err != nil {
			return err
		}
	}
	for _, config := range configs {
		if _, err := e.js.CreateStream(ctx, config); err != nil {
			return err
		}
		if _, err := e.js.Publish(ctx, strings.TrimSuffix(config.Subjects[0], ">")+"former", []byte("former")); err != nil {
			return err
		}
	}
	return nil
}

// First is the first message of a stream.
func (e *Engine) First(ctx context.Context, stream string) (*jetstream.RawStreamMsg, error) {
	s, err := e.js.Stream(ctx, stream)
	if err != nil {
		return nil, err
	}
	return s.GetMsg(ctx, 1)
}
