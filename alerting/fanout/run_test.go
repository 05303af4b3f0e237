package fanout_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/fanout"
	"revere/alerting/tracking"
	"revere/subscribers/areas"
)

// A source is a stream in memory, and what a router notes about it.
type source struct {
	mu     sync.Mutex
	stream []alerting.Submission
	grown  chan struct{}
	judged alerting.Judged
	last   func(alerting.Key) alerting.Verdict
	again  []uint64 // which messages were read again
	gone   uint64   // that message is there no more
}

func (s *source) publish(messages ...alerting.Submission) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stream = append(s.stream, messages...)
	close(s.grown)
	s.grown = make(chan struct{})
}

func (s *source) Submissions(ctx context.Context, after uint64, take func(alerting.Submission) error) error {
	for {
		s.mu.Lock()
		rest, grown := s.stream[after:], s.grown
		s.mu.Unlock()
		for _, m := range rest {
			if err := take(m); err != nil {
				return err
			}
			after = m.Sequence
		}
		select {
		case <-ctx.Done():
			return nil
		case <-grown:
		}
	}
}

func (s *source) Submission(_ context.Context, sequence uint64) (alerting.Submission, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.again = append(s.again, sequence)
	if sequence == s.gone {
		return alerting.Submission{}, alerting.Errorf(alerting.CodeNotFound, "there is no message %d", sequence)
	}
	return s.stream[sequence-1], nil
}

func (s *source) Judged(context.Context) (alerting.Judged, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.judged, nil
}

func (s *source) NoteJudged(_ context.Context, judged alerting.Judged) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.judged = judged
	return nil
}

func (s *source) Verdict(_ context.Context, key alerting.Key) (alerting.Verdict, bool, error) {
	v := s.last(key)
	return v, v.Verdict != "", nil
}

// A routing is a router that runs on a source in virtual time.
type routing struct {
	*world
	source *source
	room   *fanout.Room
	queued atomic.Int64 // deliveries that are due
	full   atomic.Bool  // the disk is
	held   atomic.Int64
	// refresh is called before each judging.
	refresh func()
	log     zerolog.Logger
}

// route runs a router until test returns.
func route(t *testing.T, test func(r *routing)) {
	synctest.Test(t, func(t *testing.T) {
		r := &routing{world: newWorld(t, clerks("ma.boston")...), source: &source{grown: make(chan struct{})}, refresh: func() {}, log: zerolog.Nop()}
		r.source.last = r.verdict
		r.room = &fanout.Room{
			MaxQueued: 1000, MaxOpen: 1000, Queued: func() int { return int(r.queued.Load()) }, Storage: r.storage, Observe: func(_, held int) { r.held.Store(int64(held)) },
		}
		test(r)
	})
}

func (r *routing) storage() error {
	if r.full.Load() {
		return errors.New("the disk is nearly full")
	}
	return nil
}

// after lets virtual time pass, and what it brings come to its end.
func (r *routing) after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// start runs the router; stop ends it, and says what it failed with.
func (r *routing) start() (stop func() error) {
	router := &fanout.Router{
		Store: r.store, Board: r.board, Atlas: areas.New(), Audience: r.people, Unplaced: func([]alerting.Area) []alerting.Area { return nil },
		Refresh: func(context.Context) error { r.refresh(); return nil }, Now: time.Now, Log: r.log, Observe: func(string, int) {}, Room: r.room,
	}
	ctx, cancel := context.WithCancel(r.Context())
	ended := make(chan error, 1)
	go func() { ended <- router.Run(ctx, r.source, r.ledger) }()
	return func() error { cancel(); return <-ended }
}

// recent is a message that is published now, in virtual time.
func recent(sequence uint64, changes map[string]any) alerting.Submission {
	fields := map[string]any{"id": fmt.Sprint("m", sequence), "severity": "minor"}
	maps.Copy(fields, changes)
	s := on(sequence, "ma.boston", fields)
	s.Received = time.Now()
	return s
}

var extreme = map[string]any{"severity": "extreme"}

func (r *routing) verdicts() []alerting.Key {
	r.store.mu.Lock()
	defer r.store.mu.Unlock()
	return slices.Sorted(maps.Keys(r.store.verdicts))
}

func (r *routing) verdict(key alerting.Key) alerting.Verdict {
	r.store.mu.Lock()
	defer r.store.mu.Unlock()
	return r.store.verdicts[key]
}

func (r *routing) noted() alerting.Judged {
	judged, _ := r.source.Judged(r.Context()) // it never fails
	return judged
}

func TestWithoutRoomOnlyTheUrgentGoOn(t *testing.T) {
	for name, lack := range map[string]func(*routing, bool){
		"too many deliveries": func(r *routing, lack bool) { r.queued.Store(int64(1000 * one(lack))) },
		"no storage":          func(r *routing, lack bool) { r.full.Store(lack) },
	} {
		t.Run(name, func(t *testing.T) {
			route(t, func(r *routing) {
				r.source.publish(recent(1, nil))
				stop := r.start()
				synctest.Wait()
				require.Equal(t, []alerting.Key{"a1"}, r.verdicts())

				lack(r, true)
				r.after(2 * time.Second) // it is measured again
				r.source.publish(recent(2, nil), recent(3, extreme), recent(4, map[string]any{"type": "cancel", "references": []string{"m1"}}), recent(5, map[string]any{"status": nil}))
				r.after(time.Minute)
				assert.Equal(t, []alerting.Key{"a1", "a3", "a4"}, r.verdicts())
				assert.EqualValues(t, 2, r.held.Load())
				assert.Equal(t, alerting.Judged{Through: 1, Ahead: 2, Furthest: 4}, r.noted())

				lack(r, false)
				r.after(2 * time.Second)
				assert.Equal(t, []alerting.Key{"a1", "a2", "a3", "a4", "a5"}, r.verdicts())
				assert.Zero(t, r.held.Load())
				assert.Equal(t, alerting.Judged{Through: 5, Furthest: 5}, r.noted())
				require.NoError(t, stop())
			})
		})
	}
}

// Alerts that are over make room for others: their codes are free again.
func TestOpenAlertsAreBounded(t *testing.T) {
	route(t, func(r *routing) {
		r.room.MaxOpen = 1
		hour := map[string]any{"expires": time.Now().Add(time.Hour).Format(time.RFC3339)}
		r.source.publish(recent(1, hour))
		stop := r.start()
		r.after(time.Second)
		r.source.publish(recent(2, nil), recent(3, hour), recent(4, map[string]any{"severity": "extreme", "expires": hour["expires"]}))
		r.after(59 * time.Minute)
		assert.Equal(t, []alerting.Key{"a1", "a4"}, r.verdicts())
		r.after(time.Minute)
		assert.Equal(t, []alerting.Key{"a1", "a2", "a3", "a4"}, r.verdicts())
		assert.Equal(t, alerting.CodeExpired, codeOfOnly(r.verdict("a3")), "it waited longer than it was good for, and its producer hears it")
		require.NoError(t, stop())
	})
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// What a router accepts between two counts of what is due is counted, too: a burst does not slip in.
// Minor and moderate alerts leave a part of it to graver ones.
func TestABurstFillsTheRoomAndWaits(t *testing.T) {
	for severity, most := range map[string]int{"severe": 500, "moderate": 450, "minor": 400} {
		t.Run(severity, func(t *testing.T) {
			route(t, func(r *routing) {
				r.room.MaxQueued = 1000 // each alert plans two deliveries, with the reserve
				for i := range uint64(1500) {
					r.source.publish(recent(i+1, map[string]any{"severity": severity}))
				}
				stop := r.start()
				synctest.Wait()
				assert.GreaterOrEqual(t, len(r.verdicts()), most)
				assert.LessOrEqual(t, len(r.verdicts()), most+64, "no more than one pass beyond")
				require.NoError(t, stop())
			})
		})
	}
}

// A correction of what is not published yet is refused, however grave that is when it comes: it would be
// withdrawn before anybody heard of it.
func TestACorrectionIsJudgedBeforeWhatIsPublishedAfterIt(t *testing.T) {
	route(t, func(r *routing) {
		r.source.publish(recent(1, map[string]any{"type": "cancel", "references": []string{"late"}}), recent(2, nil), recent(3, map[string]any{"severity": "extreme", "id": "late"}))
		judging := make(chan struct{})
		r.refresh = func() { <-judging } // until all of it is read ahead
		r.queued.Store(1000)             // nothing that is not urgent goes on
		stop := r.start()
		synctest.Wait()
		close(judging)
		synctest.Wait()
		require.NoError(t, stop())
		require.Equal(t, []alerting.Key{"a1", "a3"}, r.verdicts())
		assert.Equal(t, alerting.CodeReference, codeOfOnly(r.verdict("a1")))
		head, _ := r.board.Head("a3")
		assert.Equal(t, tracking.Open, head.Phase)
	})
}

// An extreme alert behind a flood of others is judged after one pass of those at most, and each of
// them gets its verdict and its record.
func TestTheUrgentOvertakesAFlood(t *testing.T) {
	route(t, func(r *routing) {
		const flood = 2000
		r.room.MaxOpen, r.room.MaxQueued = 2*flood, 10*flood
		for i := range uint64(flood) {
			r.source.publish(recent(i+1, nil))
		}
		r.source.publish(recent(flood+1, extreme))
		judging := make(chan struct{})
		r.refresh = func() { <-judging } // until all of it is read ahead
		stop := r.start()
		synctest.Wait()
		close(judging)
		synctest.Wait()
		require.NoError(t, stop())
		assert.Len(t, r.verdicts(), flood+1)
		assert.Len(t, r.board.Keys(nil), flood+1)
		codes := r.board.CodesInUse(time.Now())
		slices.Sort(codes)
		assert.Len(t, slices.Compact(codes), flood+1)
		inOrder := slices.DeleteFunc(r.ledger.Written(), func(x alerting.Record) bool { return x.Opened == nil })
		urgent := slices.IndexFunc(inOrder, func(x alerting.Record) bool { return x.Alert == alerting.KeyOf(flood+1) })
		assert.LessOrEqual(t, urgent, 64)
		others := slices.Delete(slices.Clone(inOrder), urgent, urgent+1)
		assert.True(t, slices.IsSortedFunc(others, func(a, b alerting.Record) int { return cmp.Compare(a.Opened.Sequence, b.Opened.Sequence) }))
	})
}

// A router that takes over judges what is left, and not again what was rejected: by now it might be
// accepted.
func TestATakeoverJudgesWhatIsLeft(t *testing.T) {
	route(t, func(r *routing) {
		stop := r.start()
		r.queued.Store(1000)
		r.source.publish(recent(1, nil), recent(2, extreme), recent(3, map[string]any{"type": "cancel", "references": []string{"m4"}}))
		synctest.Wait()
		require.NoError(t, stop())
		require.Equal(t, alerting.CodeReference, codeOfOnly(r.verdict("a3")))
		require.Equal(t, alerting.Judged{Through: 0, Ahead: 2, Furthest: 3}, r.noted())

		r.queued.Store(0)
		r.source.publish(recent(4, nil))
		stop = r.start()
		synctest.Wait()
		require.NoError(t, stop())
		assert.Equal(t, []alerting.Key{"a1", "a2", "a3", "a4"}, r.verdicts())
		assert.Equal(t, alerting.VerdictRejected, r.verdict("a3").Verdict)
		assert.Equal(t, alerting.Judged{Through: 4, Furthest: 4}, r.noted())
		assert.Len(t, r.manifests("a2"), 1)
	})
}

func codeOfOnly(v alerting.Verdict) string {
	if len(v.Problems) == 1 && v.Verdict == alerting.VerdictRejected {
		return v.Problems[0].Code
	}
	return ""
}

// Bodies that find no room in memory are read again when their turn comes.
func TestWhatIsReadAheadIsBounded(t *testing.T) {
	route(t, func(r *routing) {
		judging := make(chan struct{})
		r.refresh = func() { <-judging }
		r.source.publish(recent(1, nil))
		stop := r.start()
		synctest.Wait()
		for i := range uint64(20) {
			large := recent(i+2, nil)
			large.Body = make([]byte, 1<<20)
			r.source.publish(large)
		}
		synctest.Wait()
		close(judging)
		synctest.Wait()
		require.NoError(t, stop())
		assert.Len(t, r.verdicts(), 21)
		assert.Equal(t, []uint64{17, 18, 19, 20, 21}, r.source.again, "16 MiB are held")
		assert.Len(t, r.store.rejected["a21"], 1<<20)
	})
}

func TestAFailureOfTheEngineEndsTheRun(t *testing.T) {
	route(t, func(r *routing) {
		r.ledger.Break(1, false)
		r.source.publish(recent(1, nil))
		stop := r.start()
		synctest.Wait()
		require.Error(t, stop())
		assert.Zero(t, r.noted())
	})
}
