package engine

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"revere/alerting"
)

// stragglerAfter is for how long a server may get nothing of a stream: one that was restarted is back
// before that, and while it catches up it gets something.
const stragglerAfter = 30 * time.Second

// stragglerLooks is how often the streams are looked at in that time. A look is a request for each
// stream, which its leader answers from memory.
const stragglerLooks = 3

// A copyOf is one server's copy of a stream.
type copyOf struct{ server, stream string }

// A lag is what is known of a copy that lacks something.
type lag struct {
	since  time.Time // of the first look that found it where it is now
	at     uint64    // how far it had come then
	behind uint64
	away   bool
}

// stragglers finds the servers that do not keep up. nats-server 2.15 may leave one behind for good that
// was cut off while clients wrote to it ("Expected first catchup entry to be a snapshot and peerstate").
type stragglers struct {
	after time.Duration
	lags  map[copyOf]lag

	mu    sync.Mutex
	found []alerting.Straggler
}

// Stragglers are the servers of the cluster that do not keep up, by name; nil where all do, and of an
// embedded server.
func (e *Engine) Stragglers() []alerting.Straggler {
	e.stragglers.mu.Lock()
	defer e.stragglers.mu.Unlock()
	return e.stragglers.found
}

// watchStragglers looks at every stream's copies until ctx is done, and tells the log when a server falls
// behind or is back.
func (e *Engine) watchStragglers(ctx context.Context) {
	s := &e.stragglers
	for pause(ctx, s.after/stragglerLooks) {
		for _, name := range e.everyStream() {
			stream, err := once(ctx, func(ctx context.Context) (jetstream.Stream, error) { return e.js.Stream(ctx, name) })
			if err == nil {
				s.look(stream.CachedInfo(), time.Now())
			}
		}
		e.tellStragglers(s.judge(time.Now()))
	}
}

func (e *Engine) everyStream() []string {
	return slices.Concat(slices.Collect(maps.Keys(e.streams)), []string{bucketStream(leasesBucket), bucketStream(keepBucket)})
}

// look takes in how far each server has come with a stream. Without a leader nobody knows.
func (s *stragglers) look(info *jetstream.StreamInfo, now time.Time) {
	if info.Cluster == nil || info.Cluster.Leader == "" {
		return
	}
	name := info.Config.Name
	before := maps.Clone(s.lags)
	maps.DeleteFunc(s.lags, func(c copyOf, _ lag) bool { return c.stream == name })
	for _, server := range info.Cluster.Replicas {
		if server.Current && !server.Offline {
			continue
		}
		l := lag{since: now, at: info.State.LastSeq - min(server.Lag, info.State.LastSeq), behind: server.Lag, away: server.Offline}
		// One that comes nearer is only late: under load the slowest lacks something at any moment.
		if was, known := before[copyOf{server.Name, name}]; known && was.at >= l.at {
			l.since = was.since
		}
		s.lags[copyOf{server.Name, name}] = l
	}
}

// judge finds the servers that have come no further for too long, and returns those that were found
// before, too.
func (s *stragglers) judge(now time.Time) (before, found []alerting.Straggler) {
	servers := map[string]*alerting.Straggler{}
	for c, l := range s.lags {
		if now.Sub(l.since) < s.after {
			continue
		}
		x := servers[c.server]
		if x == nil {
			x = &alerting.Straggler{Server: c.server, Since: l.since}
			servers[c.server] = x
		}
		x.Streams = append(x.Streams, c.stream)
		x.Behind, x.Away = max(x.Behind, l.behind), x.Away || l.away
		if l.since.Before(x.Since) {
			x.Since = l.since
		}
	}
	for _, x := range servers {
		slices.Sort(x.Streams)
		found = append(found, *x)
	}
	slices.SortFunc(found, func(a, b alerting.Straggler) int { return cmp.Compare(a.Server, b.Server) })
	s.mu.Lock()
	defer s.mu.Unlock()
	before, s.found = s.found, found
	return before, found
}

// tellStragglers says in the log what has changed.
func (e *Engine) tellStragglers(before, found []alerting.Straggler) {
	for _, x := range found {
		same := func(y alerting.Straggler) bool {
			return y.Server == x.Server && y.Away == x.Away && slices.Equal(y.Streams, x.Streams)
		}
		if !slices.ContainsFunc(before, same) {
			e.log.Error().Str("server", x.Server).Strs("streams", x.Streams).Uint64("behind", x.Behind).Bool("away", x.Away).Msg(x.String())
		}
	}
	for _, y := range before {
		if !slices.ContainsFunc(found, func(x alerting.Straggler) bool { return x.Server == y.Server }) {
			e.log.Info().Str("server", y.Server).Msg("the NATS server has everything again")
		}
	}
}
