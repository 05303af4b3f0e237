package registry_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/subscribers"
	"revere/subscribers/registry"
)

// A history is the durable one in memory: compare-and-set, and followers that run behind.
type history struct {
	mu       sync.Mutex
	commits  [][]alerting.Change
	appended *sync.Cond
	down     error
}

func newHistory() *history {
	h := &history{}
	h.appended = sync.NewCond(&h.mu)
	return h
}

func (h *history) Commit(_ context.Context, last uint64, changes []alerting.Change) (uint64, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down != nil {
		return 0, h.down
	}
	if last != uint64(len(h.commits)) {
		return 0, fmt.Errorf("write: %w", alerting.ErrOvertaken)
	}
	h.commits = append(h.commits, changes)
	h.appended.Broadcast()
	return uint64(len(h.commits)), nil
}

func (h *history) FollowDirectory(ctx context.Context, after uint64, apply func(uint64, []alerting.Change)) (uint64, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down != nil {
		return 0, h.down
	}
	context.AfterFunc(ctx, h.appended.Broadcast)
	go func() {
		for i := after; ; i++ {
			h.mu.Lock()
			for ctx.Err() == nil && i >= uint64(len(h.commits)) {
				h.appended.Wait()
			}
			if ctx.Err() != nil {
				h.mu.Unlock()
				return
			}
			changes := h.commits[i]
			h.mu.Unlock()
			apply(i+1, changes)
		}
	}()
	return uint64(len(h.commits)), nil
}

func (h *history) DirectoryRevision(context.Context) (uint64, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return uint64(len(h.commits)), h.down
}

func open(t *testing.T, h *history, watchers map[string]registry.Watcher) *registry.Registry {
	t.Helper()
	r, err := registry.Open(t.Context(), h, watchers, zerolog.Nop())
	require.NoError(t, err)
	return r
}

func clerk(id string, areas ...alerting.Area) *subscribers.Subscriber {
	return &subscribers.Subscriber{ID: id, Name: id, Areas: areas, Contacts: []subscribers.Contact{
		{Channel: "sms", Address: "+1617555" + id}, {Channel: "email", Address: id + "@ma.example"},
	}}
}

// put returns the decision that stores subscribers.
func put(all ...*subscribers.Subscriber) func() ([]alerting.Change, error) {
	return func() (changes []alerting.Change, err error) {
		for _, s := range all {
			changes = append(changes, s.Put())
		}
		return changes, nil
	}
}

func knows(r *registry.Registry, id string) (known bool) {
	r.Directory.Read(func(v *subscribers.View) { _, known = v.Subscriber(id) })
	return known
}

func TestOpenReturnsWhenTheDirectoryHoldsAllThereWas(t *testing.T) {
	h := newHistory()
	first := open(t, h, nil)
	for i := range 20 {
		_, err := first.Edit(t.Context(), put(clerk(strconv.Itoa(i), "ma.boston")))
		require.NoError(t, err)
	}
	second := open(t, h, nil)
	assert.EqualValues(t, 20, second.Revision())
	assert.EqualValues(t, 20, second.Directory.Revision())
	assert.True(t, knows(second, "19"))
}

func TestOpenSaysThatTheHistoryIsOutOfReach(t *testing.T) {
	h := newHistory()
	h.down = errors.New("no engine")
	_, err := registry.Open(t.Context(), h, nil, zerolog.Nop())
	assert.ErrorIs(t, err, h.down)
}

func TestEditIsDurableAndSeenWhenItReturns(t *testing.T) {
	h := newHistory()
	here, elsewhere := open(t, h, nil), open(t, h, nil)
	revision, err := here.Edit(t.Context(), put(clerk("1", "ma.boston"), clerk("2", "ma.salem")))
	require.NoError(t, err)
	assert.EqualValues(t, 1, revision)
	assert.True(t, knows(here, "1") && knows(here, "2"))
	require.NoError(t, elsewhere.Wait(t.Context(), revision))
	assert.True(t, knows(elsewhere, "1"), "every process follows changes live")
}

func TestEditThatChangesNothingWritesNothing(t *testing.T) {
	h := newHistory()
	r := open(t, h, nil)
	_, err := r.Edit(t.Context(), put(clerk("1", "ma.boston")))
	require.NoError(t, err)
	revision, err := r.Edit(t.Context(), put())
	require.NoError(t, err)
	assert.EqualValues(t, 1, revision)
	assert.Len(t, h.commits, 1)
}

func TestEditThatIsRefusedWritesNothing(t *testing.T) {
	h := newHistory()
	r := open(t, h, nil)
	refused := alerting.Errorf(alerting.CodeInvalid, "no such area")
	_, err := r.Edit(t.Context(), func() ([]alerting.Change, error) { return []alerting.Change{clerk("1").Put()}, refused })
	assert.ErrorIs(t, err, refused)
	assert.Empty(t, h.commits)
}

func TestEditDecidesAgainWhenItWasOvertaken(t *testing.T) {
	h := newHistory()
	r, other := open(t, h, nil), open(t, h, nil)
	decisions := 0
	revision, err := r.Edit(t.Context(), func() ([]alerting.Change, error) {
		if decisions++; decisions == 1 {
			_, err := other.Edit(t.Context(), put(clerk("1", "ma.boston")))
			require.NoError(t, err)
			return put(clerk("2", "ma.salem"))()
		}
		assert.True(t, knows(r, "1"), "the second decision sees what was first")
		return put(clerk("2", "ma.salem"))()
	})
	require.NoError(t, err)
	assert.Equal(t, 2, decisions)
	assert.EqualValues(t, 2, revision)
}

func TestRacingEditorsNeverUndoEachOther(t *testing.T) {
	h := newHistory()
	processes := []*registry.Registry{open(t, h, nil), open(t, h, nil)}
	const joining = 20
	var all sync.WaitGroup
	for i := range joining {
		r := processes[i%len(processes)]
		all.Go(func() {
			_, err := r.Edit(t.Context(), func() ([]alerting.Change, error) {
				team := subscribers.Team{ID: "desk", Name: "Desk", Kind: subscribers.EMC}
				r.Directory.Read(func(v *subscribers.View) {
					if now, ok := v.Team("desk"); ok {
						team.Members = append(team.Members, now.Members...)
					}
				})
				team.Members = append(team.Members, strconv.Itoa(i))
				return []alerting.Change{team.Put()}, nil
			})
			assert.NoError(t, err)
		})
	}
	all.Wait()
	require.NoError(t, processes[0].Refresh(t.Context()))
	processes[0].Directory.Read(func(v *subscribers.View) {
		team, ok := v.Team("desk")
		require.True(t, ok)
		assert.Len(t, team.Members, joining)
	})
}

func TestEditSaysThatTheEngineIsOutOfReach(t *testing.T) {
	h := newHistory()
	r := open(t, h, nil)
	h.mu.Lock()
	h.down = errors.New("no engine")
	h.mu.Unlock()
	_, err := r.Edit(t.Context(), put(clerk("1", "ma.boston")))
	assert.Equal(t, alerting.CodeUnavailable, alerting.CodeOf(err))
	assert.False(t, knows(r, "1"))
}

func TestWaitGivesUpWithItsContext(t *testing.T) {
	r := open(t, newHistory(), nil)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err := r.Wait(ctx, 7)
	assert.Equal(t, alerting.CodeUnavailable, alerting.CodeOf(err))
	assert.EqualError(t, err, "the directory is at revision 0, not yet at 7")
}

func TestAWatcherHearsOfItsKindAndTheDirectoryDoesNot(t *testing.T) {
	h := newHistory()
	type told struct{ id, value string }
	var heard []told
	r := open(t, h, map[string]registry.Watcher{"token": func(id string, value []byte) { heard = append(heard, told{id, string(value)}) }})
	_, err := r.Edit(t.Context(), func() ([]alerting.Change, error) {
		return []alerting.Change{{Kind: "token", ID: "t1", Value: []byte("x")}, clerk("1", "ma.boston").Put(), {Kind: "token", ID: "t0"}}, nil
	})
	require.NoError(t, err)
	assert.Equal(t, []told{{"t1", "x"}, {"t0", ""}}, heard)
	assert.True(t, knows(r, "1"))
}

func TestAChangeThatCannotBeReadIsPassedOver(t *testing.T) {
	h := newHistory()
	h.commits = [][]alerting.Change{{{Kind: "subscriber", ID: "9", Value: []byte("{")}, {Kind: "unheard-of", ID: "1", Value: []byte("{}")}, clerk("1", "ma.boston").Put()}}
	r := open(t, h, nil)
	assert.EqualValues(t, 1, r.Revision())
	assert.True(t, knows(r, "1"))
	assert.False(t, knows(r, "9"))
}
