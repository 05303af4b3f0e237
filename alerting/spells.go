package alerting

import (
	"sync"
	"time"
)

// Spells are the times for which something about alerts goes on that is tried again every few seconds, such as
// that one can't be read. They are said in the log when they begin, hourly, and when they end: a line for each try
// would bury all others. The zero value has none, and is safe for concurrent use.
type Spells struct {
	mu    sync.Mutex
	going map[Key]spell
}

type spell struct{ since, said time.Time }

const sayAgain = time.Hour

// GoesOn notes that it is so for an alert. It returns since when, and whether that is to be said now.
func (s *Spells) GoesOn(key Key, now time.Time) (since time.Time, say bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, going := s.going[key]
	if !going {
		x.since = now
	}
	if say = !going || now.Sub(x.said) >= sayAgain; say {
		x.said = now
	}
	if s.going == nil {
		s.going = map[Key]spell{}
	}
	s.going[key] = x
	return x.since, say
}

// Over notes that it is so no more, and reports whether it was, and since when.
func (s *Spells) Over(key Key) (since time.Time, was bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, was := s.going[key]
	delete(s.going, key)
	return x.since, was
}
