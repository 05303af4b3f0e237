package fanout

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"revere/alerting"
)

// An Admission refuses alerts before they are stored while too many messages wait to be judged. It is
// for those who publish through a desk and hear of it at once; over NATS a message is stored and waits.
// Its methods are safe for concurrent use, and those of a nil one refuse nothing.
type Admission struct {
	most    int
	waiting func(context.Context) (int, error)
	storage func() error
	// Why says what open alerts have too much of, so that others of a rank wait; "" where it is only that judging
	// takes its time. It may take its time: it is asked once a second at most. Nil says nothing.
	Why func(rank int) string

	mu       sync.Mutex
	causes   map[int]cause // by rank
	entering atomic.Int64  // those let in whose messages are not stored yet
	waiters  chan struct{} // a place for each that waits for a verdict
}

const (
	// urgentShare is how many times as many messages may wait before extreme alerts and corrections
	// are refused, too.
	urgentShare = 10
	// maxWaiters bounds those who wait for a verdict at a time. The others hear that it is pending.
	maxWaiters = 512
)

// NewAdmission refuses alerts while most messages wait. waiting counts those that are published and
// not judged; storage says why the engine takes nothing on, and is nil while it does.
func NewAdmission(most int, waiting func(context.Context) (int, error), storage func() error) *Admission {
	return &Admission{most: most, waiting: waiting, storage: storage, causes: map[int]cause{}, waiters: make(chan struct{}, maxWaiters)}
}

// enter lets an alert in or says why not. Whoever is let in leaves when its message is stored.
func (a *Admission) enter(ctx context.Context, alert alerting.Alert) (leave func(), err error) {
	if a == nil {
		return func() {}, nil
	}
	if err := a.storage(); err != nil {
		return nil, err
	}
	entering := a.entering.Add(1)
	leave = func() { a.entering.Add(-1) }
	waiting, err := a.waiting(ctx)
	if err != nil {
		leave()
		return nil, alerting.Errorf(alerting.CodeUnavailable, "it can't be said how many alerts wait; nothing was published, try again")
	}
	most := a.most
	if urgent(alert) {
		most *= urgentShare
	}
	if waiting+int(entering) > most {
		leave()
		return nil, a.overloaded(alert, waiting, most)
	}
	return leave, nil
}

// overloaded refuses an alert behind so many that wait, and says what to do.
func (a *Admission) overloaded(alert alerting.Alert, waiting, most int) error {
	cause, remedy := "", "try again in a moment"
	if why := a.why(alert.Severity.Rank()); why != "" {
		cause, remedy = ", since "+why, "try again when some of those are over, or cancel some"
	}
	return alerting.Errorf(alerting.CodeOverloaded, "%d alerts wait to be judged, and at most %d may before one such as this%s; nothing was published, %s", waiting, most, cause, remedy)
}

// urgent reports whether an alert goes on without room.
func urgent(alert alerting.Alert) bool {
	return alert.Severity == alerting.Extreme || alert.Type.Corrects()
}

// wait takes a place among those who wait for a verdict; ok is false when all are taken, and of an alert whose
// verdict has to wait for room: its producer would be kept for nothing, with all that it says.
func (a *Admission) wait(alert alerting.Alert) (leave func(), ok bool) {
	if a == nil {
		return func() {}, true
	}
	if !urgent(alert) && a.why(alert.Severity.Rank()) != "" {
		return nil, false
	}
	select {
	case a.waiters <- struct{}{}:
		return func() { <-a.waiters }, true
	default:
		return nil, false
	}
}

// A cause is what Why said, and when.
type cause struct {
	why string
	at  time.Time
}

// why is what Why says, or said a moment ago: many may ask in a flood.
func (a *Admission) why(rank int) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.Why == nil {
		return ""
	}
	c, now := a.causes[rank], time.Now()
	if now.Sub(c.at) >= measureEvery {
		c = cause{a.Why(rank), now}
		a.causes[rank] = c
	}
	return c.why
}
