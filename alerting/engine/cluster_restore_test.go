package engine_test

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/engine"
)

// What was backed up on one machine is restored into an account of a server elsewhere, once.
func TestABackupIsRestoredIntoAServerElsewhere(t *testing.T) {
	t.Parallel()
	before := open(t)
	last, err := before.Append(t.Context(), engine.LedgerAlerts, engine.Anywhere, record("a1", "kept"))
	require.NoError(t, err)
	all := copyAll(t, before)
	elsewhere, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(),
	})
	require.NoError(t, err)
	elsewhere.Start()
	t.Cleanup(elsewhere.Shutdown)
	require.True(t, elsewhere.ReadyForConnections(patience))
	config := engine.ClusterConfig{URL: elsewhere.ClientURL(), Replicas: 1}

	r, err := engine.RestoreCluster(t.Context(), config, zerolog.Nop())
	require.NoError(t, err)
	for _, stream := range all {
		require.NoError(t, r.Stream(t.Context(), stream.StreamCopy, bytes.NewReader(stream.data)))
	}
	require.NoError(t, r.Finish(t.Context(), alerting.Hold{Since: time.Now()}, alerting.Change{Kind: "token", ID: "new"}))
	r.Close()
	after, err := engine.Connect(t.Context(), config, zerolog.Nop())
	require.NoError(t, err)
	t.Cleanup(after.Close)
	assert.Equal(t, last, ledgerEnd(t, after))
	_, err = engine.RestoreCluster(t.Context(), config, zerolog.Nop())
	assert.Equal(t, alerting.CodeConflict, alerting.CodeOf(err))
}

// The server that takes a copy has it alone for a while. Where it is lost then, the restore must not say
// that all of it is there.
func TestARestoreWhoseServerIsLost(t *testing.T) {
	t.Parallel()
	before := open(t)
	const replies = 60
	for range replies {
		require.NoError(t, before.Put(t.Context(), alerting.Inbound{Channel: "sms", Text: noise(400_000)}))
	}
	all := copyAll(t, before)
	servers := three(t)
	config := engine.ClusterConfig{URL: urls(servers), Replicas: 3}
	r, err := engine.RestoreCluster(t.Context(), config, zerolog.Nop())
	require.NoError(t, err)
	for _, stream := range all {
		require.NoError(t, r.Stream(t.Context(), stream.StreamCopy, bytes.NewReader(stream.data)))
	}
	lose(t, servers, "INBOUND")
	finished := r.Finish(t.Context(), held)
	r.Close()
	after, err := engine.Connect(t.Context(), config, zerolog.Nop())
	if finished != nil {
		t.Log(finished)
		require.ErrorContains(t, err, "revere restore", "no service starts on half of it")
		return
	}
	require.NoError(t, err)
	t.Cleanup(after.Close)
	var kept atomic.Int64
	require.NoError(t, after.FollowInbound(t.Context(), 0, func(uint64, []alerting.Inbound) { kept.Add(1) }))
	require.Eventually(t, func() bool { return kept.Load() == replies }, patience, 10*time.Millisecond)
}

// noise is text that can't be made shorter.
func noise(n int) string {
	text := make([]byte, n/2)
	_, _ = rand.Read(text) // never fails
	return hex.EncodeToString(text)
}

func urls(servers []*server.Server) string {
	all := make([]string, len(servers))
	for i, s := range servers {
		all[i] = s.ClientURL()
	}
	return strings.Join(all, ",")
}

// lose ends the server that leads a stream.
func lose(t *testing.T, servers []*server.Server, stream string) {
	t.Helper()
	i := slices.IndexFunc(servers, func(s *server.Server) bool { return s.JetStreamIsStreamLeader(server.DEFAULT_GLOBAL_ACCOUNT, stream) })
	require.GreaterOrEqual(t, i, 0, "%s has no leader", stream)
	servers[i].Shutdown()
}
