package channels

import (
	"sync"
	"time"
)

// refusals are since when a provider has been too busy for any question. One that answers some is waited for, and
// asked about each attempt in the end. One that answers none is not, however many wait: a duplicate alert beats
// silence.
type refusals struct {
	mu    sync.Mutex
	since time.Time // when the first question was put that was refused since the last answer; zero for none
	until time.Time // when the provider may be asked again
	over  bool      // that was tried for as long as anything is asked about
}

// add notes that a question was refused, and reports whether none has been answered for askFor. Where nothing
// was asked for as long, what was refused before tells nothing.
func (r *refusals) add(put, now, until time.Time) (over bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.since.IsZero() || put.Sub(r.until) > askFor {
		r.since = put
	}
	r.until = later(r.until, until)
	r.over = now.Sub(r.since) >= askFor
	return r.over
}

// end notes that a question was answered.
func (r *refusals) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.since, r.over = time.Time{}, false
}

// goOn reports whether what waits is to go on without an answer, once.
func (r *refusals) goOn() (over bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	over, r.over = r.over, false
	return over
}
