package channels

import (
	"sync"
	"sync/atomic"

	"revere/alerting"
)

// attempts are those that share a record.
type attempts struct {
	due  []alerting.Due
	jobs []*job
}

// recording counts the windows whose attempts are not on record yet.
type recording struct {
	windows atomic.Int64
	ended   chan struct{} // signaled when there is room for another
	spare   sync.Pool     // of attempts that are on record, to be filled again
}

// mostRecording is how many they may be: one that is written, and two that share the next record while
// the one before is called.
const mostRecording = 3

func newRecording() *recording {
	return &recording{ended: make(chan struct{}, 1), spare: sync.Pool{New: func() any { return new(attempts) }}}
}

// next has room for the attempts of the next window.
func (r *recording) next() *attempts {
	a := r.spare.Get().(*attempts)
	a.due, a.jobs = a.due[:0], a.jobs[:0]
	return a
}

func (r *recording) begin() { r.windows.Add(1) }

func (r *recording) end(a *attempts) {
	r.spare.Put(a)
	r.windows.Add(-1)
	signal(r.ended)
}

func (r *recording) full() bool { return r.windows.Load() >= mostRecording }
