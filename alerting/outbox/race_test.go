package outbox_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/engine"
	"revere/alerting/outbox"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
)

// A router withdraws alerts while a worker in another process sends them. Whoever the worker calls
// nevertheless, the router knows of when its withdrawal is durable: the correction reaches them.
func TestNobodyIsCalledOfWhomTheWithdrawalDoesNotKnow(t *testing.T) {
	const alerts = 150
	e := startEngine(t)
	router, worker := follow(t, e), follow(t, e)
	samples := trackingtest.NewLedger(tracking.NewBoard())
	for range alerts {
		samples.Open(trackingtest.Alert(), ada)
	}
	opened, err := e.Append(t.Context(), engine.LedgerAlerts, 0, samples.Written()...)
	require.NoError(t, err)
	require.NoError(t, router.Wait(t.Context(), opened))
	require.NoError(t, worker.Wait(t.Context(), opened))

	out := &outbox.Outbox{
		Channel: "sms", Board: worker, Journal: e.Journal(engine.LedgerChannel("sms"), 0), Now: func() time.Time { return start },
		OptedOut: func(string, string) bool { return false },
	}
	withdrawals := e.Journal(engine.LedgerAlerts, opened)
	told, called := map[alerting.Key]bool{}, map[alerting.Key]bool{}
	var both sync.WaitGroup
	both.Go(func() {
		for i := range uint64(alerts) {
			key := alerting.KeyOf(i + 1)
			sequence, err := withdrawals.Append(t.Context(), alerting.Record{Alert: key, At: start, Withdrawn: &alerting.Withdrawn{By: "a999", Type: alerting.TypeCancel}})
			if !assert.NoError(t, err) || !assert.NoError(t, router.Wait(t.Context(), sequence)) {
				return
			}
			told[key] = len(router.Addressed(key)) > 0
		}
	})
	both.Go(func() {
		for due := out.Take(3, 3, start); len(due) > 0; due = out.Take(3, 3, start) {
			if !assert.NoError(t, out.Begin(t.Context(), due)) {
				return
			}
			for _, x := range due {
				_, reason := out.Blocked(x, start)
				called[x.Alert] = reason == ""
			}
		}
	})
	both.Wait()
	for key, wasCalled := range called {
		assert.False(t, wasCalled && !told[key], "%s was called and its withdrawal does not know", key)
	}
	assert.Len(t, told, alerts)
}

func startEngine(t *testing.T) *engine.Engine {
	t.Helper()
	server, err := engine.StartServer(engine.ServerConfig{Dir: t.TempDir(), Log: zerolog.Nop()})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Stop()) })
	e, err := engine.Embedded(t.Context(), server, zerolog.Nop())
	require.NoError(t, err)
	t.Cleanup(e.Close)
	return e
}

// follow is the board of one process.
func follow(t *testing.T, e *engine.Engine) *tracking.Board {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	board := tracking.NewBoard()
	_, err := e.FollowLedger(ctx, 0, board.Apply)
	require.NoError(t, err)
	return board
}
