package outbox_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
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

	out := sender(worker, e.Journal(engine.LedgerChannel("sms"), 0))
	withdrawals := e.Journal(engine.LedgerAlerts, opened)
	for i := range uint64(alerts) {
		key := alerting.KeyOf(i + 1)
		var told, called bool
		var both sync.WaitGroup
		both.Go(func() {
			sequence, err := withdrawals.Append(t.Context(), withdrawn(key))
			assert.NoError(t, err)
			assert.NoError(t, router.Wait(t.Context(), sequence))
			addressed, err := router.Addressed(key)
			assert.NoError(t, err)
			told = len(addressed) > 0
		})
		both.Go(func() {
			due := alerting.Due{Alert: key, Attempt: 1, Lane: 1}
			assert.NoError(t, out.Begin(t.Context(), []alerting.Due{due}))
			_, reason := out.Blocked(due, start)
			called = reason == ""
		})
		both.Wait()
		require.True(t, told || !called, "%s was called and its withdrawal does not know", key)
	}
}

// Begin does not return before its board has read what the ledger holds before the attempt.
func TestBeginSeesAWithdrawalThatTheLedgerHoldsBeforeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ledger, board := trackingtest.NewLedger(), tracking.NewBoard() // the board reads when the test lets it
		key := ledger.Open(trackingtest.Alert(), ada)
		board.Apply(1, "ledger.alerts", ledger.Written())
		_, err := ledger.Append(t.Context(), withdrawn(key))
		require.NoError(t, err)

		out := sender(board, ledger)
		due := out.Take(nil, alerting.PlacesFor(1), start)
		require.Len(t, due, 1, "the board does not know of the withdrawal yet")
		begun := make(chan error, 1)
		go func() { begun <- out.Begin(t.Context(), due) }()
		synctest.Wait()
		written := ledger.Written()
		require.Len(t, written, 3, "the attempt stands behind the withdrawal")
		require.Empty(t, begun, "returned before the board had read either")
		board.Apply(2, "ledger.alerts", written[1:2])
		synctest.Wait()
		require.Empty(t, begun, "returned before the board had read the attempt")
		board.Apply(3, "ledger.channel.sms", written[2:])
		require.NoError(t, <-begun)
		state, _ := out.Blocked(due[0], start)
		assert.Equal(t, alerting.Canceled, state)
	})
}

func withdrawn(key alerting.Key) alerting.Record {
	return alerting.Record{Alert: key, At: start, Withdrawn: &alerting.Withdrawn{By: "a999", Type: alerting.TypeCancel}}
}

// sender is an outbox of text messages that does no more than begin.
func sender(board *tracking.Board, journal alerting.Journal) *outbox.Outbox {
	return &outbox.Outbox{
		Channel: "sms", Board: board, Journal: journal, Now: func() time.Time { return start },
		OptedOut: func(string, string) bool { return false },
	}
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
