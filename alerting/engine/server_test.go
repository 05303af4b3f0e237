package engine_test

import (
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/engine"
)

func TestSecondStartOnTheSameDataSaysSo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := start(t, engine.ServerConfig{Dir: dir})
	_, err := engine.StartServer(engine.ServerConfig{Dir: dir, Log: zerolog.Nop()})
	assert.Equal(t, alerting.CodeConflict, alerting.CodeOf(err))
	assert.ErrorContains(t, err, "another revere is running on the data directory "+dir)
	require.NoError(t, first.Stop())
	start(t, engine.ServerConfig{Dir: dir}) // the directory is free again
}

func TestPortInUseSaysSo(t *testing.T) {
	t.Parallel()
	address := reachable(t, start(t, engine.ServerConfig{Listen: "127.0.0.1:0"}))[len("nats://"):]
	dir := t.TempDir()
	_, err := engine.StartServer(engine.ServerConfig{Dir: dir, Listen: address, Log: zerolog.Nop()})
	assert.Equal(t, alerting.CodeConflict, alerting.CodeOf(err))
	assert.ErrorContains(t, err, "can't listen for producers on nats.listen "+address)
	start(t, engine.ServerConfig{Dir: dir}) // the failed start did not keep the directory
}

func TestWithoutListenThereIsNoListener(t *testing.T) {
	t.Parallel()
	assert.Empty(t, start(t, engine.ServerConfig{}).URL())
}

// Guarantee 1: what is acknowledged survives power loss.
func TestEveryWriteIsSyncedBeforeItIsAcknowledged(t *testing.T) {
	t.Parallel()
	s := start(t, engine.ServerConfig{})
	assert.True(t, s.SyncsAlways())
}

func TestEverythingSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, engine.ServerConfig{Dir: dir})
	e := connect(t, s)
	ctx := t.Context()
	secret, err := e.Secret(ctx, "link")
	require.NoError(t, err)
	_, err = e.Submit(ctx, "ma.boston", "desk", []byte("an alert"))
	require.NoError(t, err)
	var written []seen
	for i, subject := range []string{engine.LedgerAlerts, engine.LedgerInbound, engine.LedgerAlerts, engine.LedgerChannel("sms")} {
		r := record(alerting.KeyOf(uint64(i)), "x")
		sequence, err := e.Append(ctx, subject, engine.Anywhere, r)
		require.NoError(t, err)
		written = append(written, seen{sequence, subject, []alerting.Record{r}})
	}
	_, err = e.Commit(ctx, 0, changes("subscriber", 3))
	require.NoError(t, err)
	require.NoError(t, e.Put(ctx, alerting.Inbound{Channel: "sms", Text: "ACK"}))
	require.NoError(t, e.Reject(ctx, alerting.Rejection{Key: "a7", Subject: "alerts.x"}, []byte("{")))
	require.NoError(t, e.Pronounce(ctx, alerting.Verdict{Key: "a7", Verdict: alerting.VerdictRejected}, ""))
	e.Close()
	require.NoError(t, s.Stop())

	e = connect(t, start(t, engine.ServerConfig{Dir: dir}))
	require.NoError(t, e.Ready(ctx))
	assert.Equal(t, written, followLedger(t, e, 0).until(t, 4), "the ledger, in its order")
	again, err := e.Secret(ctx, "link")
	require.NoError(t, err)
	assert.Equal(t, secret, again)
	revision, err := e.DirectoryRevision(ctx)
	require.NoError(t, err)
	assert.EqualValues(t, 1, revision)
	assert.Equal(t, "an alert", string(next(t, submissions(t, e)).Body))
	_, body, err := e.Rejection(ctx, "a7")
	require.NoError(t, err)
	assert.Equal(t, "{", string(body))
	verdict, err := e.AwaitVerdict(ctx, "a7")
	require.NoError(t, err)
	assert.Equal(t, alerting.VerdictRejected, verdict.Verdict)
	assert.Equal(t, []alerting.Inbound{{Channel: "sms", Text: "ACK"}}, next(t, inbound(t, e)))
}

func TestReadySaysWhenTheConnectionIsGone(t *testing.T) {
	t.Parallel()
	e := open(t)
	require.NoError(t, e.Ready(t.Context()))
	e.Close()
	assert.ErrorContains(t, e.Ready(t.Context()), "not connected to NATS")
}

func TestConnectToNobodyFailsWithoutTheURLsPassword(t *testing.T) {
	t.Parallel()
	_, err := engine.Connect(t.Context(), engine.ClusterConfig{URL: "nats://desk:hunter2@127.0.0.1:1", Replicas: 1}, zerolog.Nop())
	require.ErrorContains(t, err, "connect to NATS at nats://desk:xxxxx@127.0.0.1:1")
	assert.NotContains(t, err.Error(), "hunter2")
}

// A cluster is any NATS server with JetStream; its accounts are its operator's.
func TestConnectToAServerElsewhere(t *testing.T) {
	t.Parallel()
	elsewhere, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir()})
	require.NoError(t, err)
	elsewhere.Start()
	t.Cleanup(func() {
		elsewhere.Shutdown()
		elsewhere.WaitForShutdown()
	})
	require.True(t, elsewhere.ReadyForConnections(patience))
	for range 2 { // the second process finds the streams in place
		e, err := engine.Connect(t.Context(), engine.ClusterConfig{URL: elsewhere.ClientURL(), Replicas: 1}, zerolog.Nop())
		require.NoError(t, err)
		defer e.Close()
		require.NoError(t, e.Ready(t.Context()))
		_, err = e.Append(t.Context(), engine.LedgerDesk, engine.Anywhere, record("a1", "x"))
		require.NoError(t, err)
		p, err := nats.Connect(elsewhere.ClientURL())
		require.NoError(t, err)
		defer p.Close()
		mine, err := p.SubscribeSync("_INBOX.mine")
		require.NoError(t, err)
		require.NoError(t, p.Flush())
		require.NoError(t, e.Pronounce(t.Context(), alerting.Verdict{Key: "a1", Verdict: alerting.VerdictAccepted}, "_INBOX.mine"))
		_, err = mine.NextMsg(patience)
		assert.NoError(t, err)
	}
}
