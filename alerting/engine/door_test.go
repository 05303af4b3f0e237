package engine_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/engine"
)

func TestAnyoneOnLoopbackMayPublishAlerts(t *testing.T) {
	t.Parallel()
	s := start(t, engine.ServerConfig{Listen: "127.0.0.1:0"})
	e := connect(t, s)
	p := dial(t, s)
	sequence, _ := p.publish(t, message("alerts.ma.boston", "asked"))
	assert.EqualValues(t, 1, sequence)
	require.NoError(t, p.Publish("alerts.us.nationwide", []byte("not asked")))
	require.NoError(t, p.Publish("alerts.something.else.entirely", []byte("malformed")))
	in := submissions(t, e)
	for _, want := range []string{"alerts.ma.boston asked", "alerts.us.nationwide not asked", "alerts.something.else.entirely malformed"} {
		got := next(t, in)
		assert.Equal(t, want, got.Subject+" "+string(got.Body))
		assert.Equal(t, alerting.AnyProducer, got.Producer)
		assert.False(t, got.Sealed)
	}
}

func TestJetStreamClientsPublishAsTheyAreUsedTo(t *testing.T) {
	t.Parallel()
	s := start(t, engine.ServerConfig{Listen: "127.0.0.1:0"})
	connect(t, s)
	js, err := jetstream.New(dial(t, s).Conn)
	require.NoError(t, err)
	ack, err := js.Publish(t.Context(), "alerts.ma.boston", []byte("{}"))
	require.NoError(t, err)
	assert.Equal(t, "ALERTS", ack.Stream)
	const many = 500
	for range many {
		_, err := js.PublishAsync("alerts.ma.boston", []byte("{}"))
		require.NoError(t, err)
	}
	select {
	case <-js.PublishAsyncComplete():
	case <-time.After(patience):
		require.Fail(t, "not every message was acknowledged", js.PublishAsyncPending())
	}
	ack, err = js.Publish(t.Context(), "alerts.ma.boston", []byte("{}"))
	require.NoError(t, err)
	assert.EqualValues(t, many+2, ack.Sequence)
}

func TestAnyoneOnLoopbackMayDoNothingElse(t *testing.T) {
	t.Parallel()
	s := start(t, engine.ServerConfig{Listen: "127.0.0.1:0"})
	connect(t, s)
	p := dial(t, s)
	for _, subject := range []string{"alerts", "ledger.alerts", "directory.changes", "inbound.sms", "rejected.meta.a1", "verdicts.a1", "_REVERE.x", "_INBOX.x",
		"$JS.API.INFO", "$JS.API.STREAM.DELETE.LEDGER", "$JS.ACK.ALERTS.router.1.1.1.1.1", "$KV.LEASES.router", "$SYS.REQ.SERVER.PING"} {
		require.NoError(t, p.Publish(subject, nil))
		assert.ErrorIs(t, next(t, p.refused), nats.ErrPermissionViolation, "publish on %s", subject)
	}
	for _, subject := range []string{">", "*.>", "alerts.>", "alerts.ma.boston", "ledger.>", "directory.>", "inbound.>", "rejected.>", "verdicts.>", "_REVERE.>", "_R_.>", "$JS.>", "$KV.>", "$SYS.>"} {
		_, err := p.SubscribeSync(subject)
		require.NoError(t, err)
		assert.ErrorIs(t, next(t, p.refused), nats.ErrPermissionViolation, "subscribe to %s", subject)
	}
}

// NATS does not check where a client wants its acknowledgement: it would be stored there.
func TestAcknowledgementsAreNotWrittenWhereAProducerPointsThem(t *testing.T) {
	t.Parallel()
	s := start(t, engine.ServerConfig{Listen: "127.0.0.1:0"})
	e := connect(t, s)
	p := dial(t, s)
	for _, target := range []string{"ledger.alerts", "directory.changes", "$KV.KEEP.secret.seal", "$JS.API.STREAM.PURGE.LEDGER", "verdicts.a1"} {
		require.NoError(t, p.PublishRequest("alerts.ma.boston", target, []byte("{}")))
	}
	p.publish(t, message("alerts.ma.boston", "{}")) // acknowledged after all of the above
	assert.Zero(t, ledgerEnd(t, e))
	revision, err := e.DirectoryRevision(t.Context())
	require.NoError(t, err)
	assert.Zero(t, revision)
	secret, err := e.Secret(t.Context(), "seal")
	require.NoError(t, err)
	assert.Len(t, secret, 32)
}

func TestOtherListenersWantAToken(t *testing.T) {
	t.Parallel()
	s := start(t, engine.ServerConfig{Listen: "0.0.0.0:0", Authenticate: tokens})
	connect(t, s)
	for name, option := range map[string]nats.Option{
		"nothing":             nats.Name("x"),
		"an unknown token":    nats.Token("wrong"),
		"Revere's own name":   nats.UserInfo("revere", "wrong"),
		"Revere without":      nats.UserInfo("revere", ""),
		"its verdicts' name":  nats.UserInfo("revere-tells", ""),
		"a token for nowhere": nats.Token("nowhere"),
	} {
		_, err := nats.Connect(reachable(t, s), option)
		assert.ErrorIs(t, err, nats.ErrAuthorization, name)
	}
}

func TestATokensAreasBoundItsSubjects(t *testing.T) {
	t.Parallel()
	s := start(t, engine.ServerConfig{Listen: "0.0.0.0:0", Authenticate: tokens})
	connect(t, s)
	all := []string{"alerts.ma.boston", "alerts.ma.salem", "alerts.ma.county-suffolk", "alerts.ma.statewide", "alerts.nh.nashua", "alerts.us.nationwide"}
	for token, may := range map[string][]string{
		"boston":  {"alerts.ma.boston"},
		"suffolk": {"alerts.ma.county-suffolk"},
		"state":   {"alerts.ma.boston", "alerts.ma.salem", "alerts.ma.county-suffolk", "alerts.ma.statewide"},
		"two":     {"alerts.ma.salem", "alerts.nh.nashua"},
		"federal": all,
	} {
		for how, option := range map[string]nats.Option{"as token": nats.Token(token), "as password": nats.UserInfo("anyone", token)} {
			p := dial(t, s, option)
			inbox, acknowledged := p.NewInbox(), make(chan *nats.Msg, len(all))
			_, err := p.ChanSubscribe(inbox, acknowledged)
			require.NoError(t, err)
			var could []string
			for _, subject := range all {
				require.NoError(t, p.PublishRequest(subject, inbox, []byte("{}")))
				select {
				case err := <-p.refused:
					require.ErrorIs(t, err, nats.ErrPermissionViolation)
				case <-acknowledged:
					could = append(could, subject)
				case <-time.After(patience):
					require.Fail(t, "neither taken nor refused", subject)
				}
			}
			assert.Equal(t, may, could, "%s %s", token, how)
		}
	}
}

func TestAWrongTokenIsRefusedOnLoopbackToo(t *testing.T) {
	t.Parallel()
	for name, authenticate := range map[string]func(string) ([]alerting.Area, bool){"with tokens": tokens, "without": nil} {
		s := start(t, engine.ServerConfig{Listen: "localhost:0", Authenticate: authenticate})
		_, err := nats.Connect(reachable(t, s), nats.Token("wrong"))
		assert.ErrorIs(t, err, nats.ErrAuthorization, name)
	}
}

func tokens(token string) ([]alerting.Area, bool) {
	areas, ok := map[string][]alerting.Area{
		"boston": {"ma.boston"}, "suffolk": {"ma.county-suffolk"}, "state": {"ma.statewide"}, "two": {"ma.salem", "nh.statewide"},
		"federal": {alerting.Nationwide}, "nowhere": {},
	}[token]
	return areas, ok
}

func TestAProducerWithATokenHearsVerdicts(t *testing.T) {
	t.Parallel()
	s := start(t, engine.ServerConfig{Listen: "127.0.0.1:0", Authenticate: func(string) ([]alerting.Area, bool) { return []alerting.Area{"ma.boston"}, true }})
	e := connect(t, s)
	known, err := nats.Connect(s.URL(), nats.Token("a token"))
	require.NoError(t, err)
	t.Cleanup(known.Close)
	heard, err := known.SubscribeSync("verdicts.a1")
	require.NoError(t, err)
	require.NoError(t, known.Flush())
	require.NoError(t, e.Pronounce(t.Context(), alerting.Verdict{Key: "a1", Verdict: alerting.VerdictAccepted}, ""))
	verdict, err := heard.NextMsg(patience)
	require.NoError(t, err)
	assert.Contains(t, string(verdict.Data), alerting.VerdictAccepted)
}
