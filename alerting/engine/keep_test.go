package engine_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/engine"
)

func TestASecretIsMadeOnceForEveryProcess(t *testing.T) {
	t.Parallel()
	s := start(t, engine.ServerConfig{})
	engines := []*engine.Engine{connect(t, s), connect(t, s), connect(t, s)}
	secrets := make([][]byte, len(engines))
	var all sync.WaitGroup
	for i, e := range engines {
		all.Go(func() {
			var err error
			secrets[i], err = e.Secret(t.Context(), "link")
			assert.NoError(t, err)
		})
	}
	all.Wait()
	assert.Len(t, secrets[0], 32)
	assert.Equal(t, secrets[0], secrets[1])
	assert.Equal(t, secrets[0], secrets[2])
	other, err := engines[0].Secret(t.Context(), "seal")
	require.NoError(t, err)
	assert.NotEqual(t, secrets[0], other)
}

func TestRememberKeepsWhatCameFirst(t *testing.T) {
	t.Parallel()
	e := open(t)
	ctx := t.Context()
	kept, first, err := e.Remember(ctx, "k", []byte("in flight"))
	require.NoError(t, err)
	assert.True(t, first)
	assert.Equal(t, "in flight", string(kept))
	kept, first, err = e.Remember(ctx, "k", []byte("a repeat"))
	require.NoError(t, err)
	assert.False(t, first)
	assert.Equal(t, "in flight", string(kept))

	require.NoError(t, e.Revise(ctx, "k", []byte("answered")))
	require.NoError(t, e.Revise(ctx, "k", []byte("answered twice")))
	kept, first, err = e.Remember(ctx, "k", []byte("a repeat"))
	require.NoError(t, err)
	assert.False(t, first)
	assert.Equal(t, "answered twice", string(kept))

	require.NoError(t, e.Forget(ctx, "k"))
	_, first, err = e.Remember(ctx, "k", []byte("anew"))
	require.NoError(t, err)
	assert.True(t, first)
	require.NoError(t, e.Forget(ctx, "never.there"))
}

// An Idempotency-Key that is being answered is taken at every moment: a repeat must never publish.
func TestReviseLeavesNoGap(t *testing.T) {
	t.Parallel()
	e := open(t)
	ctx := t.Context()
	_, _, err := e.Remember(ctx, "k", []byte("0"))
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 100 {
			assert.NoError(t, e.Revise(ctx, "k", []byte("1")))
		}
	}()
	for {
		select {
		case <-done:
			return
		default:
			_, first, err := e.Remember(ctx, "k", []byte("2"))
			require.NoError(t, err)
			require.False(t, first)
		}
	}
}

func TestOfRacingRequestsOneIsFirst(t *testing.T) {
	t.Parallel()
	e := open(t)
	var all sync.WaitGroup
	won := make(chan struct{}, 16)
	for range cap(won) {
		all.Go(func() {
			_, first, err := e.Remember(t.Context(), "k", []byte("x"))
			assert.NoError(t, err)
			if first {
				won <- struct{}{}
			}
		})
	}
	all.Wait()
	assert.Len(t, won, 1)
}

func TestInboundFactsComeInOrder(t *testing.T) {
	t.Parallel()
	e := open(t)
	ctx := t.Context()
	together := []alerting.Inbound{
		{Channel: "sms", Kind: alerting.InboundReply, From: "+16175550100", Text: "ACK K7Q \xff"},
		{Channel: "sms", Kind: alerting.InboundReceipt, Ref: "a1-x-1", State: alerting.Delivered},
	}
	require.NoError(t, e.Put(ctx))
	require.NoError(t, e.Put(ctx, together...))
	require.NoError(t, e.Put(ctx, alerting.Inbound{Channel: "signal", Text: "👍"}))
	in := inbound(t, e)
	assert.Equal(t, together, next(t, in), "facts that came together stay together")
	assert.Equal(t, []alerting.Inbound{{Channel: "signal", Text: "👍"}}, next(t, in))
}

func inbound(t *testing.T, e *engine.Engine) <-chan []alerting.Inbound {
	t.Helper()
	out := make(chan []alerting.Inbound, 16)
	require.NoError(t, e.FollowInbound(t.Context(), 0, func(_ uint64, facts []alerting.Inbound) { out <- facts }))
	return out
}
