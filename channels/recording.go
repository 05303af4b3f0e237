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

// recording counts the windows whose attempts are not on record yet, and keeps their order.
type recording struct {
	windows atomic.Int64
	started chan struct{} // closed when the attempts of the last window wait for their start
	ended   chan struct{} // signaled when there is room for another
	spare   sync.Pool     // of attempts that are on record, to be filled again
}

// mostRecording is how many they may be: one that is written, and two that share the next record while
// the one before is called.
const mostRecording = 3

func newRecording() *recording {
	closed := make(chan struct{}) // nothing is before the first window
	close(closed)
	return &recording{started: closed, ended: make(chan struct{}, 1), spare: sync.Pool{New: func() any { return new(attempts) }}}
}

// next has room for the attempts of the next window.
func (r *recording) next() *attempts {
	a := r.spare.Get().(*attempts)
	a.due, a.jobs = a.due[:0], a.jobs[:0]
	return a
}

// begin counts another window. Its attempts are started when those of the one before are, and it closes started
// then: records are durable in their order, and whoever waits for two of them may wake in any.
func (r *recording) begin() (before <-chan struct{}, started chan<- struct{}) {
	r.windows.Add(1)
	before, next := r.started, make(chan struct{})
	r.started = next
	return before, next
}

func (r *recording) end(a *attempts) {
	r.spare.Put(a)
	r.windows.Add(-1)
	signal(r.ended)
}

func (r *recording) full() bool { return r.windows.Load() >= mostRecording }
