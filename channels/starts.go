package channels

import (
	"context"
	"sync"
	"time"

	"revere/alerting"
)

// starts are the attempts on record that wait for their turn in the pace. An urgent one overtakes
// what was recorded before it and has not begun. Nothing is overtaken for long.
type starts struct {
	pace *pace
	now  func() time.Time

	mu    sync.Mutex
	lanes [alerting.Lanes][]*job // in the order of their records
	added chan struct{}
}

func newStarts(p *pace, now func() time.Time) *starts {
	return &starts{pace: p, now: now, added: make(chan struct{}, 1)}
}

// latestStart is after how long an attempt on record begins even if the pace was slowed meanwhile: a
// crash leaves few attempts of which nobody knows whether they were made.
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
	select {
	case s.added <- struct{}{}:
	default:
	}
}

// run begins what waits, each in its turn, until ctx is done.
func (s *starts) run(ctx context.Context, begin func(*job)) {
	for {
		oldest, found := s.oldest()
		if !found {
			select {
			case <-ctx.Done():
				return
			case <-s.added:
				continue
			}
		}
		now := s.now()
		if wait := min(s.pace.slot(oldest, now), oldest.Add(latestStart).Sub(now)); wait > 0 {
			time.Sleep(wait)
		}
		j := s.next()
		s.pace.surcharge(j.cost)
		begin(j)
	}
}

// oldest is when the attempt that waits longest was recorded.
func (s *starts) oldest() (recorded time.Time, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, lane := range s.lanes {
		if len(lane) > 0 && (!found || lane[0].recorded.Before(recorded)) {
			recorded, found = lane[0].recorded, true
		}
	}
	return recorded, found
}

// next removes the attempt whose patience ends first. There is one.
func (s *starts) next() *job {
	s.mu.Lock()
	defer s.mu.Unlock()
	turn := -1
	var first time.Time
	for i, lane := range s.lanes {
		if len(lane) == 0 {
			continue
		}
		if ends := lane[0].recorded.Add(patience(i)); turn < 0 || ends.Before(first) {
			turn, first = i, ends
		}
	}
	j := s.lanes[turn][0]
	s.lanes[turn][0] = nil
	s.lanes[turn] = s.lanes[turn][1:]
	return j
}
