package channels

import (
	"context"
	"sync"
	"time"

	"revere/alerting"
)

// starts are the attempts on record that wait for their turn in the pace and for room among the calls.
// An urgent one overtakes what was recorded before it and has not begun. Nothing is overtaken for long.
type starts struct {
	pace *pace
	now  func() time.Time
	// most is how many calls the provider bears at once, questions included. room is how many messages'
	// may go on now: all, and those of each lane and of the lanes below it.
	most int
	room func(now time.Time) alerting.Places

	mu      sync.Mutex
	lanes   [alerting.Lanes][]*job // in the order of their records
	sends   [alerting.Lanes]int    // that go on, of each lane and of those below it
	asked   int                    // questions that go on
	changed chan struct{}
}

func newStarts(p *pace, now func() time.Time, most int, room func(time.Time) alerting.Places) *starts {
	return &starts{pace: p, now: now, most: most, room: room, changed: make(chan struct{}, 1)}
}

// latestStart is after how long an attempt on record begins even if the pace was slowed meanwhile: a
// crash leaves few attempts of which nobody knows whether they were made. One that finds no room by
// then is not made at all.
const latestStart = 2 * horizon

// patience is how long an attempt on record may be overtaken by more urgent ones.
func patience(lane int) time.Duration { return horizon * time.Duration(min(lane, 3)) / 3 }

func (s *starts) add(jobs []*job) {
	recorded := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range jobs {
		j.recorded = recorded
		s.lanes[j.due.Lane] = append(s.lanes[j.due.Lane], j)
	}
	s.signal()
}

func (s *starts) signal() { signal(s.changed) }

// question takes the place of a call for a question, where there is room for one.
func (s *starts) question() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sends[0]+s.asked >= s.most {
		return false
	}
	s.asked++
	return true
}

func (s *starts) answered() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked--
	s.roomier()
}

// ended gives the place of a call for a message of a lane back.
func (s *starts) ended(lane int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count(lane, -1)
	s.roomier()
}

// count counts calls of a lane, with mu held.
func (s *starts) count(lane, by int) {
	for above := range lane + 1 {
		s.sends[above] += by
	}
}

// roomier tells of room to those that wait for it, with mu held.
func (s *starts) roomier() {
	for _, lane := range s.lanes {
		if len(lane) > 0 {
			s.signal()
			return
		}
	}
}

// underWay is how many calls go on.
func (s *starts) underWay() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sends[0] + s.asked
}

// run begins what waits, each in its turn, until ctx is done. What finds no room in time is late.
func (s *starts) run(ctx context.Context, begin, late func(*job)) {
	for {
		now := s.now()
		t := s.look(now)
		if !t.ready {
			if !s.await(ctx, now, t.oldest) {
				return
			}
			for _, j := range s.overdue(s.now()) {
				late(j)
			}
			continue
		}
		j := t.job
		if t.wait > 0 {
			time.Sleep(t.wait)
			j = s.next(s.now())
		}
		if j == nil { // a question has taken the room
			s.pace.promise(1)
			continue
		}
		s.pace.surcharge(j.cost)
		begin(j)
	}
}

// await waits for something to change, or for the attempt that has waited longest to be late. It
// reports false when ctx is done.
func (s *starts) await(ctx context.Context, now, oldest time.Time) bool {
	wait := idle
	if !oldest.IsZero() {
		wait = max(oldest.Add(latestStart).Sub(now), time.Millisecond)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-s.changed:
	case <-timer.C:
	}
	return true
}

// A turn is what may begin now.
type turn struct {
	ready  bool
	oldest time.Time     // when the attempt that has waited longest was recorded
	wait   time.Duration // until the pace lets one begin
	job    *job          // that begins, where there is nothing to wait for
}

// look tells whether an attempt may begin now, and takes its slot in the pace. One that begins at once is
// removed; which one it is where there is something to wait for shows afterwards.
func (s *starts) look(now time.Time) (t turn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	room := s.room(now)
	for i, lane := range s.lanes {
		if len(lane) == 0 {
			continue
		}
		if t.oldest.IsZero() || lane[0].recorded.Before(t.oldest) {
			t.oldest = lane[0].recorded
		}
		t.ready = t.ready || s.free(i, room)
	}
	if !t.ready {
		return t
	}
	if t.wait = min(s.pace.slot(t.oldest, now), t.oldest.Add(latestStart).Sub(now)); t.wait <= 0 {
		t.job = s.choose(room)
	}
	return t
}

// next removes the attempt that begins now; nil where there is no room.
func (s *starts) next(now time.Time) *job {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.choose(s.room(now))
}

// choose removes the attempt whose patience ends first among those for which there is room, with mu
// held; nil where there is none.
func (s *starts) choose(room alerting.Places) *job {
	turn := -1
	var first time.Time
	for i, lane := range s.lanes {
		if len(lane) == 0 || !s.free(i, room) {
			continue
		}
		if ends := lane[0].recorded.Add(patience(i)); turn < 0 || ends.Before(first) {
			turn, first = i, ends
		}
	}
	if turn < 0 {
		return nil
	}
	j := s.lanes[turn][0]
	s.lanes[turn][0] = nil
	s.lanes[turn] = s.lanes[turn][1:]
	s.count(turn, 1)
	return j
}

// free reports whether there is room for a call of a lane: each above it keeps its share from it.
func (s *starts) free(lane int, room alerting.Places) bool {
	for above := range lane + 1 {
		if s.sends[above] >= room[above] {
			return false
		}
	}
	return s.sends[0]+s.asked < s.most
}

// overdue removes the attempts that have waited too long for room.
func (s *starts) overdue(now time.Time) (late []*job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, lane := range s.lanes {
		n := 0
		for n < len(lane) && now.Sub(lane[n].recorded) >= latestStart {
			n++
		}
		late = append(late, lane[:n]...)
		s.lanes[i] = lane[n:]
	}
	return late
}
