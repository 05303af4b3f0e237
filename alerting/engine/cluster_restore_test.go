package engine_test

import (
	"bytes"
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
	config := engine.ClusterConfig{URL: clusterOfOne(t).ClientURL(), Replicas: 1}

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

// clusterOfOne is a server that others run.
func clusterOfOne(t *testing.T) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(),
	})
	require.NoError(t, err)
	s.Start()
	t.Cleanup(s.Shutdown)
	require.True(t, s.ReadyForConnections(patience))
	return s
}
