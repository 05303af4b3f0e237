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
	// may go on now, and how many of them for any lane but the first.
	most int
	room func(now time.Time) (all, low int)

	mu      sync.Mutex
	lanes   [alerting.Lanes][]*job // in the order of their records
	sends   int                    // that go on
	low     int                    // those of any lane but the first
	asked   int                    // questions that go on
	changed chan struct{}
}

func newStarts(p *pace, now func() time.Time, most int, room func(time.Time) (all, low int)) *starts {
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
	if s.sends+s.asked >= s.most {
		return false
	}
	s.asked++
	return true
}

func (s *starts) answered() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked--
	s.signal()
}

// ended gives the place of a message's call back; low says that it was of any lane but the first.
func (s *starts) ended(low bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sends--
	if low {
		s.low--
	}
	s.signal()
}

// underWay is how many calls go on.
func (s *starts) underWay() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sends + s.asked
}

// run begins what waits, each in its turn, until ctx is done. What finds no room in time is late.
func (s *starts) run(ctx context.Context, begin, late func(*job)) {
	for {
		now := s.now()
		ready, oldest := s.look(now)
		if !ready {
			if !s.await(ctx, now, oldest) {
				return
			}
			for _, j := range s.overdue(s.now()) {
				late(j)
			}
			continue
		}
		if wait := min(s.pace.slot(oldest, now), oldest.Add(latestStart).Sub(now)); wait > 0 {
			time.Sleep(wait)
			now = s.now()
		}
		j := s.next(now)
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

// look tells whether an attempt may begin now, and when the one that has waited longest was recorded.
func (s *starts) look(now time.Time) (ready bool, oldest time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all, low := s.room(now)
	for i, lane := range s.lanes {
		if len(lane) == 0 {
			continue
		}
		if oldest.IsZero() || lane[0].recorded.Before(oldest) {
			oldest = lane[0].recorded
		}
		ready = ready || s.free(i, all, low)
	}
	return ready, oldest
}

// next removes the attempt whose patience ends first among those for which there is room; nil where
// there is none.
func (s *starts) next(now time.Time) *job {
	s.mu.Lock()
	defer s.mu.Unlock()
	all, low := s.room(now)
	turn := -1
	var first time.Time
	for i, lane := range s.lanes {
		if len(lane) == 0 || !s.free(i, all, low) {
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
	s.sends++
	if turn > 0 {
		s.low++
	}
	return j
}

// free reports whether there is room for a call of a lane.
func (s *starts) free(lane, all, low int) bool {
	return s.sends < all && s.sends+s.asked < s.most && (lane == 0 || s.low < low)
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
