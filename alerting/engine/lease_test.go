package engine_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting/engine"
)

// A holder is a process that wants a lease.
type holder struct {
	began  chan *engine.Lease // each time it gets the lease
	lost   chan struct{}      // each time its work is told to end
	finish chan error         // lets its work return
	end    func()             // stops the process in good order, and waits for it
}

func hold(t *testing.T, e *engine.Engine, name string) *holder {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	h := &holder{began: make(chan *engine.Lease, 8), lost: make(chan struct{}, 8), finish: make(chan error)}
	ended := make(chan error, 1)
	go func() {
		ended <- e.HoldLease(ctx, "router", name, func(ctx context.Context, lease *engine.Lease) error {
			h.began <- lease
			select {
			case <-ctx.Done():
				h.lost <- struct{}{}
				return nil
			case err := <-h.finish:
				return err
			}
		})
	}()
	stopped := false
	h.end = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		assert.NoError(t, <-ended)
	}
	t.Cleanup(h.end)
	return h
}

func TestALeaseHasOneHolderAndIsHandedOverAtOnce(t *testing.T) {
	t.Parallel()
	e := open(t)
	first := hold(t, e, "first")
	lease := next(t, first.began)
	assert.True(t, lease.Held())
	second := hold(t, e, "second")
	select {
	case <-second.began:
		assert.Fail(t, "two hold the lease at once")
	case <-time.After(4 * time.Second): // longer than a lease lasts that is not renewed
	}
	assert.True(t, lease.Held(), "it was renewed")

	released := time.Now()
	first.end()
	assert.False(t, lease.Held())
	assert.True(t, next(t, second.began).Held())
	assert.Less(t, time.Since(released), 2*time.Second, "given back, it need not run out")
}

func TestALeaseIsTakenOverFromAHolderThatFellSilent(t *testing.T) {
	t.Parallel()
	s := start(t, engine.ServerConfig{})
	e := connect(t, s)
	silent := hold(t, e, "silent")
	lease := next(t, silent.began)
	second := hold(t, connect(t, s), "second")

	since := time.Now()
	e.Close() // it can't renew any more
	next(t, second.began)
	assert.False(t, lease.Held(), "the first stopped before the second began")
	assert.Less(t, time.Since(since), 5*time.Second)
	next(t, silent.lost)
}

func TestWorkThatFailsUnderALeaseBeginsAgain(t *testing.T) {
	t.Parallel()
	h := hold(t, open(t), "only")
	lease := next(t, h.began)
	h.finish <- errors.New("the ledger was overtaken")
	again := next(t, h.began)
	assert.False(t, lease.Held(), "what the first work left behind may do nothing")
	assert.True(t, again.Held())
}

func TestLeasesOfOtherNamesAreOthers(t *testing.T) {
	t.Parallel()
	e := open(t)
	next(t, hold(t, e, "router's").began)
	ctx, cancel := context.WithCancel(t.Context())
	require.NoError(t, e.HoldLease(ctx, "channel-sms", "dispatcher's", func(context.Context, *engine.Lease) error {
		cancel()
		return nil
	}))
}
