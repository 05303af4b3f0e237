package engine_test

import (
	"context"
	"encoding/json"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/engine"
)

const patience = 10 * time.Second

func start(t testing.TB, config engine.ServerConfig) *engine.Server {
	t.Helper()
	if config.Dir == "" {
		config.Dir = t.TempDir()
	}
	config.Log = zerolog.Nop()
	s, err := engine.StartServer(config)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Stop() }) // a test may have stopped it
	return s
}

func connect(t testing.TB, s *engine.Server) *engine.Engine {
	t.Helper()
	e, err := engine.Embedded(t.Context(), s, zerolog.Nop())
	require.NoError(t, err)
	t.Cleanup(e.Close)
	return e
}

// open returns an engine on a server of its own, without a listener.
func open(t testing.TB) *engine.Engine {
	t.Helper()
	return connect(t, start(t, engine.ServerConfig{}))
}

// A producer is a NATS client that nobody vouches for.
type producer struct {
	*nats.Conn
	refused chan error
}

func dial(t *testing.T, s *engine.Server, options ...nats.Option) producer {
	t.Helper()
	p := producer{refused: make(chan error, 16)}
	options = append(options, nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { p.refused <- err }))
	conn, err := nats.Connect(reachable(t, s), options...)
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	p.Conn = conn
	return p
}

// reachable is the server's URL on loopback, whatever it listens on.
func reachable(t *testing.T, s *engine.Server) string {
	t.Helper()
	u, err := url.Parse(s.URL())
	require.NoError(t, err)
	return "nats://" + net.JoinHostPort("127.0.0.1", u.Port())
}

// publish publishes as a producer that asks for the acknowledgement.
func (p producer) publish(t *testing.T, msg *nats.Msg) (sequence uint64, duplicate bool) {
	t.Helper()
	reply, err := p.RequestMsg(msg, patience)
	require.NoError(t, err)
	var ack struct {
		Stream    string
		Seq       uint64
		Duplicate bool
		Error     any
	}
	require.NoError(t, json.Unmarshal(reply.Data, &ack))
	require.Nil(t, ack.Error)
	require.Equal(t, "ALERTS", ack.Stream)
	return ack.Seq, ack.Duplicate
}

func message(subject, body string, header ...string) *nats.Msg {
	msg := nats.NewMsg(subject)
	msg.Data = []byte(body)
	for i := 0; i < len(header); i += 2 {
		msg.Header.Set(header[i], header[i+1])
	}
	return msg
}

// A seen is a message of the ledger.
type seen struct {
	sequence uint64
	subject  string
	records  []alerting.Record
}

// A follower gathers the ledger.
type follower struct {
	mu  sync.Mutex
	all []seen
}

func followLedger(t *testing.T, e *engine.Engine, after uint64) *follower {
	t.Helper()
	f := &follower{}
	_, err := e.FollowLedger(t.Context(), after, func(sequence uint64, subject string, records []alerting.Record) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.all = append(f.all, seen{sequence, subject, records})
	})
	require.NoError(t, err)
	return f
}

// until returns what was seen when the sequence was.
func (f *follower) until(t *testing.T, sequence uint64) (all []seen) {
	t.Helper()
	require.Eventually(t, func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		all = append([]seen(nil), f.all...)
		return len(all) > 0 && all[len(all)-1].sequence >= sequence
	}, patience, 5*time.Millisecond)
	return all
}

func ledgerEnd(t *testing.T, e *engine.Engine) uint64 {
	t.Helper()
	end, err := e.LedgerEnd(t.Context())
	require.NoError(t, err)
	return end
}

// submissions hands out what waits to be judged.
func submissions(t *testing.T, e *engine.Engine) <-chan alerting.Submission {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, ended := make(chan alerting.Submission, 256), make(chan error, 1)
	go func() {
		judged, err := e.Judged(ctx)
		if err != nil {
			ended <- err
			return
		}
		ended <- e.Submissions(ctx, judged.Through, func(s alerting.Submission) error {
			out <- s
			return nil
		})
	}()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	return out
}

func next[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case x := <-from:
		return x
	case <-time.After(patience):
		require.FailNow(t, "nothing came")
		panic("unreachable")
	}
}

func record(alert alerting.Key, detail string) alerting.Record {
	return alerting.Record{Alert: alert, At: time.Date(2026, 11, 3, 12, 15, 0, 1e6, time.UTC),
		Remarks: []alerting.Remark{{Kind: alerting.RemarkHelp, Detail: detail}}}
}
