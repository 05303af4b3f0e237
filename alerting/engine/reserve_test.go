package engine_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/engine"
)

// A disk is one whose free space the test decides.
type disk struct {
	free    atomic.Uint64
	reserve atomic.Uint64
	broken  atomic.Bool
	looks   atomic.Uint64
}

const mib = 1 << 20

func watched(t *testing.T, e *engine.Engine) *disk {
	t.Helper()
	d := &disk{}
	d.free.Store(1000 * mib)
	d.reserve.Store(100 * mib)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- e.KeepReserve(ctx, engine.Reserve{
			Bytes: d.reserve.Load, Observe: func(uint64, uint64, bool) { d.looks.Add(1) },
			Free: func(string) (uint64, error) {
				if d.broken.Load() {
					d.looks.Add(1)
					return 0, errors.New("no such disk")
				}
				return d.free.Load(), nil
			},
		})
	}()
	t.Cleanup(func() { cancel(); require.NoError(t, <-ended) })
	return d
}

// looked waits until the disk was looked at after the call, and what that leads to is done.
func (d *disk) looked(t *testing.T) {
	t.Helper()
	before := d.looks.Load()
	require.Eventually(t, func() bool { return d.looks.Load() >= before+3 }, patience, time.Millisecond)
}

// publishes says how a producer's publish was answered; nil for an acknowledgement.
func (p producer) publishes(t *testing.T) error {
	t.Helper()
	js, err := jetstream.New(p.Conn)
	require.NoError(t, err)
	_, err = js.Publish(t.Context(), "alerts.ma.boston", []byte("x"))
	return err
}

func TestBelowTheReserveNothingNewIsTakenOn(t *testing.T) {
	t.Parallel()
	e, p := listening(t)
	d := watched(t, e)
	ctx := t.Context()
	d.looked(t)
	require.NoError(t, e.Storage())
	require.NoError(t, p.publishes(t))

	d.free.Store(99 * mib)
	d.looked(t)
	_, err := e.Submit(ctx, "ma.boston", "desk", []byte("x"))
	assert.Equal(t, alerting.CodeStorage, alerting.CodeOf(err))
	assert.ErrorContains(t, err, "99 MiB free and must have 100")
	_, err = e.Resubmit(ctx, "alerts.ma.boston", []byte("x"))
	assert.Equal(t, alerting.CodeStorage, alerting.CodeOf(err))
	assert.ErrorContains(t, p.publishes(t), "maximum bytes exceeded")

	// What was accepted is finished.
	_, err = e.Append(ctx, engine.LedgerChannel("sms"), engine.Anywhere, record("a1", "an attempt"))
	require.NoError(t, err)
	require.NoError(t, e.Put(ctx, alerting.Inbound{Channel: "sms", Kind: alerting.InboundReply, Text: "ACK"}))
	require.NoError(t, e.Pronounce(ctx, alerting.Verdict{Key: "a1", Verdict: alerting.VerdictAccepted}, ""))
	require.NoError(t, e.NoteJudged(ctx, alerting.Judged{Through: 1}))

	d.free.Store(124 * mib) // it would soon be low again
	d.looked(t)
	require.Error(t, e.Storage())
	d.free.Store(125 * mib)
	d.looked(t)
	require.NoError(t, e.Storage())
	require.NoError(t, p.publishes(t))
	sequence, err := e.Submit(ctx, "ma.boston", "desk", []byte("x"))
	require.NoError(t, err)
	assert.EqualValues(t, 3, sequence, "what was refused is not there, and nothing else is gone")
}

func TestTheReserveGrowsWithWhatWasAccepted(t *testing.T) {
	t.Parallel()
	e := open(t)
	d := watched(t, e)
	d.looked(t)
	require.NoError(t, e.Storage())
	d.reserve.Store(2000 * mib)
	d.looked(t)
	require.Error(t, e.Storage())
	d.reserve.Store(100 * mib)
	d.looked(t)
	require.NoError(t, e.Storage())
}

func TestADiskThatCantBeLookedAtStopsNothing(t *testing.T) {
	t.Parallel()
	e := open(t)
	d := watched(t, e)
	d.broken.Store(true)
	d.looked(t)
	require.NoError(t, e.Storage())
	d.broken.Store(false)
	d.free.Store(1)
	d.looked(t)
	require.Error(t, e.Storage())
	d.broken.Store(true)
	d.looked(t)
	require.Error(t, e.Storage(), "what was known last holds")
}

// A process that begins on a full disk finds the stream closed by the one before or not, and decides
// anew.
func TestAProcessBeginsOpen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, engine.ServerConfig{Dir: dir})
	e := connect(t, s)
	d := watched(t, e)
	d.free.Store(0)
	d.looked(t)
	require.Error(t, e.Storage())
	e.Close()
	require.NoError(t, s.Stop())

	s = start(t, engine.ServerConfig{Dir: dir, Listen: "127.0.0.1:0"})
	e = connect(t, s)
	require.NoError(t, dial(t, s).publishes(t))
	require.NoError(t, e.Storage())
}
