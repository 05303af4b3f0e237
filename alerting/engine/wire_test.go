package engine_test

import (
	"io"
	"net"
	"strings"
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

// A wire leads to a server. It can be made such that what is sent arrives and no answer comes back.
type wire struct {
	listener net.Listener
	to       string

	mu    sync.Mutex
	holds []chan struct{} // of the connections: closed when answers stop
}

func lay(t *testing.T, to string) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() }) // nobody connects any more
	w := &wire{listener: listener, to: to}
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			go w.carry(near)
		}
	}()
	return w
}

func (w *wire) carry(near net.Conn) {
	defer near.Close()
	far, err := net.Dial("tcp", w.to)
	if err != nil {
		return
	}
	defer far.Close()
	held := make(chan struct{})
	w.mu.Lock()
	w.holds = append(w.holds, held)
	w.mu.Unlock()
	go func() {
		buffer := make([]byte, 32<<10)
		for {
			n, err := far.Read(buffer)
			select {
			case <-held: // lost
			default:
				if _, failed := near.Write(buffer[:n]); failed != nil {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	_, _ = io.Copy(far, near) // until the client leaves
}

// deafen loses every answer on the connections that there are. Those made later are well.
func (w *wire) deafen() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, held := range w.holds {
		close(held)
	}
	w.holds = nil
}

// apart starts a server of its own with two engines on it: one at the end of a wire, one beside it.
func apart(t *testing.T) (far, near *engine.Engine, w *wire) {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true, JetStream: true, StoreDir: t.TempDir()})
	require.NoError(t, err)
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	require.True(t, s.ReadyForConnections(patience))
	w = lay(t, s.Addr().String())
	engines := make([]*engine.Engine, 2)
	for i, address := range []string{w.listener.Addr().String(), s.Addr().String()} {
		engines[i], err = engine.Connect(t.Context(), engine.ClusterConfig{URL: "nats://" + address, Replicas: 1}, zerolog.Nop())
		require.NoError(t, err)
		t.Cleanup(engines[i].Close)
	}
	return engines[0], engines[1], w
}

// Nobody can say whether a write was stored whose acknowledgement was lost. It is tried again, and
// stored once all the same.
func TestAWriteWhoseAcknowledgementIsLostIsStoredOnce(t *testing.T) {
	t.Parallel()
	large := make([]alerting.Record, 20)
	for i := range large {
		large[i] = record("a1", strings.Repeat("x", 100_000))
	}
	body := []byte(`{"event": "Phishing"}`)
	for name, write := range map[string]func(e *engine.Engine) (uint64, error){
		"one message": func(e *engine.Engine) (uint64, error) {
			return e.Append(t.Context(), engine.LedgerAlerts, 0, record("a1", "1"))
		},
		"an atomic batch": func(e *engine.Engine) (uint64, error) {
			return e.Append(t.Context(), engine.LedgerAlerts, 0, large...)
		},
		"a directory's commit": func(e *engine.Engine) (uint64, error) {
			return e.Commit(t.Context(), 0, changes("subscriber", 1200))
		},
		"an alert": func(e *engine.Engine) (uint64, error) {
			return e.Submit(t.Context(), "ma.boston", "desk", body)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			far, near, w := apart(t)
			w.deafen()
			sequence, err := write(far)
			require.NoError(t, err)
			alert, err := near.Submit(t.Context(), "ma.boston", "desk", []byte("the next"))
			require.NoError(t, err)
			switch name {
			case "an alert":
				assert.Equal(t, sequence+1, alert)
			case "a directory's commit":
				revision, err := near.DirectoryRevision(t.Context())
				require.NoError(t, err)
				assert.Equal(t, sequence, revision)
			default:
				assert.Equal(t, sequence, ledgerEnd(t, near))
				next, err := far.Append(t.Context(), engine.LedgerAlerts, sequence, record("a2", "2"))
				require.NoError(t, err, "the writer knows where its subject ends")
				assert.Equal(t, sequence+1, next)
			}
		})
	}
}

// A writer that was overtaken by somebody else while its acknowledgements were lost hears so.
func TestAWriteThatWasOvertakenIsNotTakenForStored(t *testing.T) {
	t.Parallel()
	far, near, w := apart(t)
	w.deafen()
	_, err := near.Append(t.Context(), engine.LedgerAlerts, 0, record("a1", "theirs"))
	require.NoError(t, err)
	_, err = far.Append(t.Context(), engine.LedgerAlerts, 0, record("a1", "ours"))
	assert.ErrorIs(t, err, alerting.ErrOvertaken)
	assert.EqualValues(t, 1, ledgerEnd(t, near))
}

// A reader whose server falls silent goes on with another connection, without a gap or a repeat.
func TestFollowingGoesOnWhereItWasCut(t *testing.T) {
	t.Parallel()
	far, near, w := apart(t)
	f := followLedger(t, far, 0)
	last, appended := uint64(0), 0
	add := func(n int) {
		for range n {
			var err error
			appended++
			last, err = near.Append(t.Context(), engine.LedgerAlerts, last, record("a1", time.Duration(appended).String()))
			require.NoError(t, err)
		}
	}
	add(50)
	f.until(t, last)
	w.deafen()
	add(50)
	for i, m := range f.until(t, last) {
		require.EqualValues(t, i+1, m.sequence)
		require.Equal(t, time.Duration(i+1).String(), m.records[0].Remarks[0].Detail)
	}
}

// Whoever publishes for people has a turn, however many publish on the same subject: once each.
func TestManyPublishOnOneSubject(t *testing.T) {
	t.Parallel()
	s := start(t, engine.ServerConfig{Listen: "127.0.0.1:0"})
	const each = 15
	first := connect(t, s) // which makes the streams
	flood := dial(t, s)
	var all sync.WaitGroup
	all.Go(func() {
		for range 4 * each {
			flood.publish(t, message("alerts.ma.boston", "from a producer"))
		}
	})
	sequences := make(chan uint64, 4*each)
	for range 2 {
		e := connect(t, s)
		for range 2 {
			all.Go(func() {
				for range each {
					sequence, err := e.Submit(t.Context(), "ma.boston", "desk", []byte("from the desk"))
					assert.NoError(t, err)
					sequences <- sequence
				}
			})
		}
	}
	all.Wait()
	close(sequences)
	stored := map[uint64]bool{}
	for sequence := range sequences {
		assert.False(t, stored[sequence], "two have the sequence %d", sequence)
		stored[sequence] = true
	}
	assert.Len(t, stored, 4*each)
	from := submissions(t, first)
	for range 8 * each {
		got := next(t, from)
		assert.Equal(t, got.Sealed, stored[got.Sequence], "%d", got.Sequence)
	}
	last, err := first.Submit(t.Context(), "ma.boston", "desk", []byte("the last"))
	require.NoError(t, err)
	assert.EqualValues(t, 8*each+1, last, "nothing else was stored")
}
