package fanout

import (
	"context"
	"sync/atomic"

	"revere/alerting"
)

// An Admission refuses alerts before they are stored while too many messages wait to be judged. It is
// for those who publish through a desk and hear of it at once; over NATS a message is stored and waits.
// Its methods are safe for concurrent use, and those of a nil one refuse nothing.
type Admission struct {
	most    int
	waiting func(context.Context) (int, error)
	storage func() error

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
	return &Admission{most: most, waiting: waiting, storage: storage, waiters: make(chan struct{}, maxWaiters)}
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
	if alert.Severity == alerting.Extreme || alert.Type.Corrects() {
		most *= urgentShare
	}
	if waiting+int(entering) > most {
		leave()
		return nil, alerting.Errorf(alerting.CodeOverloaded, "%d alerts wait to be judged, and at most %d may before one such as this; nothing was published, try again in a moment", waiting, most)
	}
	return leave, nil
}

// wait takes a place among those who wait for a verdict; ok is false when all are taken.
func (a *Admission) wait() (leave func(), ok bool) {
	if a == nil {
		return func() {}, true
	}
	select {
	case a.waiters <- struct{}{}:
		return func() { <-a.waiters }, true
	default:
		return nil, false
	}
}
