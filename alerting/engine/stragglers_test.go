package engine_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/engine"
)

// three starts a cluster of three servers in this process.
func three(t *testing.T) (servers []*server.Server) {
	t.Helper()
	var routes []*url.URL
	for range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		routes = append(routes, &url.URL{Scheme: "nats", Host: l.Addr().String()})
		require.NoError(t, l.Close())
	}
	for i, route := range routes {
		port, err := strconv.Atoi(route.Port())
		require.NoError(t, err)
		s, err := server.NewServer(&server.Options{
			ServerName: fmt.Sprintf("node-%d", i+1), Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true,
			JetStream: true, StoreDir: t.TempDir(), Routes: routes, Cluster: server.ClusterOpts{Name: "revere", Host: "127.0.0.1", Port: port},
		})
		require.NoError(t, err)
		s.Start()
		t.Cleanup(s.Shutdown)
		servers = append(servers, s)
	}
	require.Eventually(t, func() bool {
		return slices.ContainsFunc(servers, func(s *server.Server) bool { return s.JetStreamIsLeader() && len(s.JetStreamClusterPeers()) == 3 })
	}, 2*patience, 10*time.Millisecond)
	return servers
}

// A said is a log that may be read while it is written.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// levels counts the lines about a server by their level.
func (s *said) levels(about string) map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	counted := map[string]int{}
	for line := range bytes.Lines(s.text.Bytes()) {
		var l struct{ Level, Server string }
		if json.Unmarshal(line, &l) == nil && l.Server == about {
			counted[l.Level]++
		}
	}
	return counted
}

// A server that the others miss is named, with the streams that it does not get, until it is back; and
// while all are well nobody is.
func TestAServerThatIsMissedIsNamed(t *testing.T) {
	t.Parallel()
	servers := three(t)
	var log said
	e, err := engine.Connect(t.Context(), engine.ClusterConfig{URL: servers[0].ClientURL(), Replicas: 3, StragglerAfter: time.Second}, zerolog.New(&log))
	require.NoError(t, err)
	t.Cleanup(e.Close)
	_, err = e.Append(t.Context(), engine.LedgerAlerts, engine.Anywhere, alerting.Record{Alert: "a1"})
	require.NoError(t, err)
	require.Empty(t, e.Stragglers())
	servers[2].Shutdown()
	require.Eventually(t, func() bool { return len(e.Stragglers()) == 1 && len(e.Stragglers()[0].Streams) == 9 }, 2*patience, 20*time.Millisecond)
	lost := e.Stragglers()[0]
	assert.Equal(t, "node-3", lost.Server)
	assert.Contains(t, lost.Streams, "LEDGER")
	assert.Contains(t, lost.Streams, "KV_KEEP")
	assert.Contains(t, lost.String(), "bring it back")
	assert.NotZero(t, log.levels("node-3")["error"])
	assert.Empty(t, log.levels("node-1"))
	assert.Empty(t, log.levels("node-2"))
}

func TestAnEmbeddedServerHasNoStragglers(t *testing.T) {
	t.Parallel()
	assert.Nil(t, open(t).Stragglers())
}

// A server is a straggler when it gets nothing, not when it is late.
func TestWhoIsAStraggler(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 11, 3, 7, 0, 0, 0, time.UTC)
	// What the leader says every ten seconds: how far the stream is, and how much the other server lacks.
	type look struct {
		last, lag uint64
		current   bool
		offline   bool
		leader    string
	}
	here := func(last, lag uint64) look { return look{last, lag, lag == 0, false, "node-1"} }
	for name, c := range map[string]struct {
		looks []look
		named bool
	}{
		"has everything":                  {[]look{here(5, 0), here(5, 0), here(5, 0), here(5, 0), here(5, 0)}, false},
		"late under load":                 {[]look{here(1000, 7), here(2000, 30), here(3000, 2), here(4000, 90), here(5000, 12)}, false},
		"catches up slowly":               {[]look{here(9000, 9000), here(9000, 8999), here(9000, 8000), here(9000, 7000), here(9000, 6999)}, false},
		"gets nothing, and nobody writes": {[]look{here(9, 1), here(9, 1), here(9, 1), here(9, 1)}, true},
		"gets nothing of what is written": {[]look{here(10, 2), here(20, 12), here(90, 82), here(100, 92)}, true},
		"lacks more and more":             {[]look{here(10, 2), here(20, 14), here(90, 90), here(100, 120)}, true},
		"not long enough":                 {[]look{here(9, 0), here(9, 1), here(9, 1), here(9, 1)}, false},
		"is back":                         {[]look{here(9, 1), here(9, 1), here(9, 1), here(9, 1), here(9, 0)}, false},
		"is gone":                         {[]look{{9, 0, true, true, "node-1"}, {9, 0, true, true, "node-1"}, {9, 0, false, true, "node-1"}, {9, 0, false, true, "node-1"}}, true},
		"an election in between":          {[]look{here(9, 1), {9, 0, false, true, ""}, here(9, 1), here(9, 1)}, true},
	} {
		t.Run(name, func(t *testing.T) {
			watch := engine.NewStragglerWatch(30 * time.Second)
			var found []alerting.Straggler
			for i, l := range c.looks {
				found = watch.Look(&jetstream.StreamInfo{
					Config: jetstream.StreamConfig{Name: "LEDGER"}, State: jetstream.StreamState{LastSeq: l.last},
					Cluster: &jetstream.ClusterInfo{Leader: l.leader, Replicas: []*jetstream.PeerInfo{{Name: "node-2", Current: l.current, Offline: l.offline, Lag: l.lag}}},
				}, began.Add(time.Duration(i)*10*time.Second))
			}
			if !c.named {
				assert.Empty(t, found)
				return
			}
			require.Len(t, found, 1)
			assert.Equal(t, "node-2", found[0].Server)
			assert.Equal(t, []string{"LEDGER"}, found[0].Streams)
			assert.Equal(t, began, found[0].Since)
		})
	}
}
