package channels

import (
	"sync"
	"time"

	"revere/alerting"
)

// A job is one delivery that is about to be sent.
type job struct {
	due      alerting.Due
	message  alerting.Message
	cost     int
	recorded time.Time
	settled  func(error) // tells the breaker how it went; called once
	exchange uint64      // its number in the width
	send     func()      // makes the call and gives its place back; then the job is another's
}

// jobs keeps those that are done for the next: a blast makes garbage of none.
type jobs struct{ pool sync.Pool }

func newJobs(send func(*job)) *jobs {
	js := &jobs{}
	js.pool.New = func() any {
		j := &job{}
		j.send = func() {
			send(j)
			js.done(j)
		}
		return j
	}
	return js
}

func (js *jobs) next() *job { return js.pool.Get().(*job) }

func (js *jobs) done(j *job) {
	*j = job{send: j.send}
	js.pool.Put(j)
}
