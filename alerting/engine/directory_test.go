package engine_test

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/engine"
)

func changes(kind string, n int) []alerting.Change {
	all := make([]alerting.Change, n)
	for i := range all {
		all[i] = alerting.Change{Kind: kind, ID: fmt.Sprint(i), Value: []byte(`{"id": "x"}`)}
	}
	return all
}

// A commit is what a follower of the directory is told at once.
type commit struct {
	revision uint64
	changes  []alerting.Change
}

func followDirectory(t *testing.T, e *engine.Engine, after uint64) (commits <-chan commit, reached uint64) {
	t.Helper()
	out := make(chan commit, 100)
	reached, err := e.FollowDirectory(t.Context(), after, func(revision uint64, changes []alerting.Change) { out <- commit{revision, changes} })
	require.NoError(t, err)
	return out, reached
}

func TestCommitOfManyChangesIsSeenWhole(t *testing.T) {
	t.Parallel()
	e := open(t)
	ctx := t.Context()
	live, _ := followDirectory(t, e, 0)
	many := changes("subscriber", 1750) // several messages
	first, err := e.Commit(ctx, 0, many)
	require.NoError(t, err)
	removal := []alerting.Change{{Kind: "subscriber", ID: "7"}}
	second, err := e.Commit(ctx, first, removal)
	require.NoError(t, err)

	want := []commit{{first, many}, {second, removal}}
	assert.Equal(t, want, []commit{next(t, live), next(t, live)})
	read, reached := followDirectory(t, e, 0)
	assert.Equal(t, second, reached)
	assert.Equal(t, want, []commit{next(t, read), next(t, read)})
	tail, _ := followDirectory(t, e, first)
	assert.Equal(t, want[1], next(t, tail), "who has seen a revision begins after it")
	revision, err := e.DirectoryRevision(ctx)
	require.NoError(t, err)
	assert.Equal(t, second, revision)
}

func TestCommitOnAnOldRevisionIsOvertaken(t *testing.T) {
	t.Parallel()
	e := open(t)
	first, err := e.Commit(t.Context(), 0, changes("team", 1))
	require.NoError(t, err)
	for _, n := range []int{1, 1200} {
		_, err := e.Commit(t.Context(), 0, changes("team", n))
		assert.ErrorIs(t, err, alerting.ErrOvertaken)
	}
	revision, err := e.DirectoryRevision(t.Context())
	require.NoError(t, err)
	assert.Equal(t, first, revision, "nothing of it was written")
}

func TestOfRacingCommitsOneWins(t *testing.T) {
	t.Parallel()
	e := open(t)
	var all sync.WaitGroup
	won := make(chan uint64, 8)
	for range cap(won) {
		all.Go(func() {
			revision, err := e.Commit(t.Context(), 0, changes("subscriber", 600))
			if err == nil {
				won <- revision
				return
			}
			assert.ErrorIs(t, err, alerting.ErrOvertaken)
		})
	}
	all.Wait()
	assert.Len(t, won, 1)
}

func TestCommitOfNothingWritesNothing(t *testing.T) {
	t.Parallel()
	e := open(t)
	revision, err := e.Commit(t.Context(), 5, nil)
	require.NoError(t, err)
	assert.EqualValues(t, 5, revision)
	revision, err = e.DirectoryRevision(t.Context())
	require.NoError(t, err)
	assert.Zero(t, revision)
}

// Every state's table of areas at once: few changes, each far larger than a subscriber.
func TestCommitOfLargeChanges(t *testing.T) {
	t.Parallel()
	e := open(t)
	large := changes("areas", 20)
	for i := range large {
		large[i].Value = bytes.Repeat([]byte("x"), 400_000)
	}
	live, _ := followDirectory(t, e, 0)
	revision, err := e.Commit(t.Context(), 0, large)
	require.NoError(t, err)
	assert.Equal(t, commit{revision, large}, next(t, live))

	large[3].Value = make([]byte, engine.MaxPayload)
	_, err = e.Commit(t.Context(), revision, large)
	assert.Equal(t, alerting.CodeOversized, alerting.CodeOf(err))
	assert.ErrorContains(t, err, `areas "3" takes 1048582 bytes`)
}

func TestUnreadableCommitIsPassedOver(t *testing.T) {
	t.Parallel()
	e := open(t)
	bad, err := e.PublishRaw(t.Context(), "directory.changes", []byte("no CBOR"))
	require.NoError(t, err)
	live, reached := followDirectory(t, e, 0)
	assert.Equal(t, bad, reached)
	assert.Equal(t, commit{revision: bad}, next(t, live), "nobody waits for it for ever")
	revision, err := e.Commit(t.Context(), bad, changes("team", 1))
	require.NoError(t, err)
	assert.Equal(t, commit{revision, changes("team", 1)}, next(t, live))
}
