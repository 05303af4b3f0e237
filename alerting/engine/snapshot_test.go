package engine_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/engine"
)

// A copy of a whole engine, in memory.
type backup []struct {
	engine.StreamCopy
	data []byte
}

// copyAll copies the engine's streams in the order of a backup.
func copyAll(t *testing.T, e *engine.Engine) (all backup) {
	t.Helper()
	for _, name := range engine.BackupOrder() {
		var data bytes.Buffer
		copied, err := e.CopyStream(t.Context(), name, &data)
		require.NoError(t, err)
		all = append(all, struct {
			engine.StreamCopy
			data []byte
		}{copied, data.Bytes()})
	}
	return all
}

var held = alerting.Hold{Since: time.Date(2026, 11, 3, 7, 0, 0, 0, time.UTC)}

// restored returns an engine on a server of its own that was filled from the copy.
func restored(t *testing.T, all backup) *engine.Engine {
	t.Helper()
	s := start(t, engine.ServerConfig{})
	restoreInto(t, s, all)
	return connect(t, s)
}

func restoreInto(t *testing.T, s *engine.Server, all backup) {
	t.Helper()
	r, err := engine.RestoreEmbedded(t.Context(), s, zerolog.Nop())
	require.NoError(t, err)
	for _, stream := range all {
		require.NoError(t, r.Stream(t.Context(), stream.StreamCopy, bytes.NewReader(stream.data)))
	}
	require.NoError(t, r.Finish(t.Context(), held))
	r.Close()
}

func TestARestoredEngineHoldsWhatWasCopied(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	before := open(t)
	for i := range 5 {
		_, err := before.Submit(ctx, "ma.boston", "desk", []byte("alert "+strconv.Itoa(i)))
		require.NoError(t, err)
	}
	last, err := before.Append(ctx, engine.LedgerAlerts, engine.Anywhere, alerting.Record{Alert: "a1"}, alerting.Record{Alert: "a2"})
	require.NoError(t, err)
	revision, err := before.Commit(ctx, 0, []alerting.Change{{Kind: "token", ID: "x"}})
	require.NoError(t, err)
	require.NoError(t, before.Put(ctx, alerting.Inbound{Channel: "sms", Text: "ACK"}))
	require.NoError(t, before.Reject(ctx, alerting.Rejection{Key: "a3", Sequence: 3}, []byte("not taken")))
	secret, err := before.Secret(ctx, "link")
	require.NoError(t, err)
	_, _, err = before.Remember(ctx, "key", []byte("answer"))
	require.NoError(t, err)

	after := restored(t, copyAll(t, before))
	f := followLedger(t, after, 0)
	records := f.until(t, last)
	require.Len(t, records, 1)
	assert.Equal(t, last, records[0].sequence)
	assert.Equal(t, engine.LedgerAlerts, records[0].subject)
	reached, err := after.DirectoryRevision(ctx)
	require.NoError(t, err)
	assert.Equal(t, revision, reached)
	_, body, err := after.Rejection(ctx, "a3")
	require.NoError(t, err)
	assert.Equal(t, "not taken", string(body))
	kept, err := after.Secret(ctx, "link")
	require.NoError(t, err)
	assert.Equal(t, secret, kept, "links in mails that are out go on working")
	answer, first, err := after.Remember(ctx, "key", []byte("another"))
	require.NoError(t, err)
	assert.False(t, first)
	assert.Equal(t, "answer", string(answer))
	hold, err := after.Hold(ctx)
	require.NoError(t, err)
	assert.True(t, hold.Held())
	assert.Equal(t, uint64(5), hold.Through, "so far it may have been sent about")
	waiting := func() int {
		n, err := after.Waiting(ctx)
		require.NoError(t, err)
		return n
	}
	assert.Equal(t, 5, waiting(), "what stands before a hole waits, the hole does not")

	sequence, err := after.Submit(ctx, "ma.boston", "desk", []byte("later"))
	require.NoError(t, err)
	assert.Equal(t, 6, waiting())
	assert.Greater(t, sequence, uint64(5+10_000), "keys that the system before may have given since are not given again")
	got := 0
	judging, stop := context.WithCancel(ctx)
	err = after.Submissions(judging, 0, func(alerting.Submission) error {
		if got++; got == 6 {
			stop()
		}
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, 6, got, "nothing else lies in between")
}

// While records are written, a copy has no hole, and nothing in it refers to what it does not have.
func TestACopyUnderLoadIsConsistent(t *testing.T) {
	t.Parallel()
	before := open(t)
	var end uint64
	for round := 0; round < 3 || end <= 50; round++ { // however slow the machine is, there was load
		began := ledgerEnd(t, before)
		stop := load(t, before, &end)
		all := copyAll(t, before)
		stop()
		assertWhole(t, restored(t, all), began, lastOf(t, all, "ALERTS"))
	}
}

// load publishes alerts and writes a record about each, from the ledger's given end on, until it is
// stopped.
func load(t *testing.T, e *engine.Engine, end *uint64) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var writing sync.WaitGroup
	begun := make(chan struct{})
	writing.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			submitted, err := e.Submit(t.Context(), "ma.boston", "desk", []byte(rand.Text()))
			if !assert.NoError(t, err) {
				return
			}
			*end, err = e.Append(t.Context(), engine.LedgerAlerts, *end, alerting.Record{
				Alert: alerting.KeyOf(submitted), Opened: &alerting.Opened{Sequence: submitted, Content: rand.Text()},
			})
			assert.NoError(t, err)
			if i == 10 {
				close(begun)
			}
		}
	})
	<-begun
	return func() {
		cancel()
		writing.Wait()
	}
}

func lastOf(t *testing.T, all backup, name string) uint64 {
	t.Helper()
	for _, s := range all {
		if s.Name == name {
			var state struct {
				Last uint64 `json:"last_seq"`
			}
			require.NoError(t, json.Unmarshal(s.State, &state))
			return state.Last
		}
	}
	t.Fatalf("no copy of %s", name)
	return 0
}

// assertWhole reads a ledger to its end.
func assertWhole(t *testing.T, e *engine.Engine, atLeast, alerts uint64) {
	t.Helper()
	end := ledgerEnd(t, e)
	require.GreaterOrEqual(t, end, atLeast)
	whole := followLedger(t, e, 0).until(t, end)
	require.Len(t, whole, int(end))
	for i, m := range whole {
		require.Equal(t, uint64(i+1), m.sequence)
		require.Len(t, m.records, 1)
		require.LessOrEqual(t, m.records[0].Opened.Sequence, alerts, "the ledger speaks of an alert that was not copied")
	}
}

func TestABackupHasEveryStreamButTheLeases(t *testing.T) {
	t.Parallel()
	e := open(t)
	names, err := e.StreamNames(t.Context())
	require.NoError(t, err)
	assert.ElementsMatch(t, names, append(engine.BackupOrder(), "KV_LEASES"))
}

func TestARestoreWantsAnEmptyAccount(t *testing.T) {
	t.Parallel()
	s := start(t, engine.ServerConfig{})
	connect(t, s)
	_, err := engine.RestoreEmbedded(t.Context(), s, zerolog.Nop())
	require.Equal(t, alerting.CodeConflict, alerting.CodeOf(err))
	assert.ErrorContains(t, err, "not empty")
}

// A restore that was broken off leaves nothing that a service starts on, and the next one completes.
func TestARestoreThatWasBrokenOff(t *testing.T) {
	t.Parallel()
	all := copyAll(t, open(t))
	s := start(t, engine.ServerConfig{})
	r, err := engine.RestoreEmbedded(t.Context(), s, zerolog.Nop())
	require.NoError(t, err)
	require.NoError(t, r.Stream(t.Context(), all[0].StreamCopy, bytes.NewReader(all[0].data)))
	r.Close() // as a crash would
	_, err = engine.Embedded(t.Context(), s, zerolog.Nop())
	require.ErrorContains(t, err, "revere restore")
	restoreInto(t, s, all)
	connect(t, s)
}

// Of two restores into one account the later one counts: the earlier one neither lets services start nor
// removes anything.
func TestARestoreThatAnotherHasTakenOver(t *testing.T) {
	t.Parallel()
	all := copyAll(t, open(t))
	s := start(t, engine.ServerConfig{})
	earlier, err := engine.RestoreEmbedded(t.Context(), s, zerolog.Nop())
	require.NoError(t, err)
	later, err := engine.RestoreEmbedded(t.Context(), s, zerolog.Nop())
	require.NoError(t, err)
	for _, stream := range all {
		require.NoError(t, later.Stream(t.Context(), stream.StreamCopy, bytes.NewReader(stream.data)))
	}
	assert.Equal(t, alerting.CodeConflict, alerting.CodeOf(earlier.Finish(t.Context(), held)))
	require.NoError(t, earlier.Abort(t.Context()))
	require.NoError(t, later.Finish(t.Context(), held))
	later.Close()
	connect(t, s)
}

func TestAnAbortedRestoreLeavesNothing(t *testing.T) {
	t.Parallel()
	all := copyAll(t, open(t))
	s := start(t, engine.ServerConfig{})
	r, err := engine.RestoreEmbedded(t.Context(), s, zerolog.Nop())
	require.NoError(t, err)
	require.NoError(t, r.Stream(t.Context(), all[0].StreamCopy, bytes.NewReader(all[0].data)))
	require.Error(t, r.Stream(t.Context(), all[1].StreamCopy, bytes.NewReader(all[1].data[:len(all[1].data)/2])))
	require.NoError(t, r.Abort(t.Context()))
	names, err := connect(t, s).StreamNames(t.Context())
	require.NoError(t, err)
	assert.NotContains(t, names, "RESTORING")
}

func TestAHoldIsReleasedOnce(t *testing.T) {
	t.Parallel()
	e := restored(t, copyAll(t, open(t)))
	var mu sync.Mutex
	var heard []alerting.Hold
	require.NoError(t, e.FollowHold(t.Context(), func(h alerting.Hold) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, h)
	}))
	now := time.Date(2026, 11, 3, 8, 0, 0, 0, time.UTC)
	h, err := e.Release(t.Context(), "operator", now)
	require.NoError(t, err)
	assert.False(t, h.Held())
	h, err = e.Release(t.Context(), "another", now.Add(time.Hour))
	require.NoError(t, err)
	assert.Equal(t, alerting.Hold{Since: held.Since, Released: now, By: "operator"}, h)
	assert.True(t, h.Doubts())
	require.NoError(t, e.Settle(t.Context()))
	require.NoError(t, e.Settle(t.Context()))
	require.Eventually(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(heard) == 3 && heard[0].Held() && !heard[1].Held() && heard[1].Doubts() && !heard[2].Doubts()
	}, patience, time.Millisecond)
}

// A process that watches a copy which is behind begins with how it is all the same: after two restores it
// may still have the hold of the first, which was released long ago.
func TestAHoldIsNotOverlookedOnACopyThatIsBehind(t *testing.T) {
	t.Parallel()
	e := restored(t, copyAll(t, open(t)))
	_, err := e.Release(t.Context(), "operator", held.Since.Add(time.Hour))
	require.NoError(t, err)
	older, err := e.KeptHold(t.Context())
	require.NoError(t, err)
	again := alerting.Hold{Since: held.Since.Add(24 * time.Hour), Through: 7}
	require.NoError(t, e.KeepHold(t.Context(), again))
	e.WatchBehind(older)
	heard := make(chan alerting.Hold, 3)
	require.NoError(t, e.FollowHold(t.Context(), func(h alerting.Hold) { heard <- h }))
	assert.Equal(t, again, <-heard)
	time.Sleep(10 * time.Millisecond)
	assert.Empty(t, heard)
}

func TestWithoutARestoreNothingIsHeld(t *testing.T) {
	t.Parallel()
	h, err := open(t).Hold(t.Context())
	require.NoError(t, err)
	assert.False(t, h.Held())
	assert.False(t, h.Doubts())
}
