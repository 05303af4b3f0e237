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
