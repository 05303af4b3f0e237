package channels

import (
	"math"
	"sync"
	"time"
)

// A width is how many calls go on at once: as many as the rate needs at the provider's present
// latency (Little's law), twice over, and never more than the provider bears. So a fast provider has
// few messages in the air, of which a crash would leave nobody knowing, and a slow one is still used
// to its full rate.
type width struct {
	limits Limits

	mu      sync.Mutex
	latency time.Duration // how long it takes from preparing a call to its answer, smoothed; 0 before the first
	call    time.Duration // of that, the call itself; 0 before the first
	record  time.Duration // how long it takes to put attempts on record, smoothed
	open    exchanges
}

const (
	// leastWidth is what is left when calls take no time: enough to hide the time between two.
	leastWidth = 8
	// smoothing is the weight of the newest call.
	smoothing = 0.1
)

func newWidth(l Limits) *width { return &width{limits: l} }

// began notes that a call is prepared, and returns its number.
func (w *width) began(now time.Time) uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.open.add(now)
}

// called notes that a call begins.
func (w *width) called(number uint64, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open.at(number).called = now
}

// answered notes that a call was answered, or is not made after all.
func (w *width) answered(number uint64, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	x := w.open.answer(number)
	took := now.Sub(x.began)
	if w.latency == 0 {
		w.latency = took
	}
	w.latency += time.Duration(smoothing * float64(took-w.latency))
	if x.called.IsZero() {
		return
	}
	call := now.Sub(x.called)
	if w.call == 0 {
		w.call = call
	}
	w.call += time.Duration(smoothing * float64(call-w.call))
}

// recorded notes how long it took to put attempts on record.
func (w *width) recorded(took time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.record += time.Duration(smoothing * float64(took-w.record))
}

// ahead is how many attempts may be on record, or on their way there, beyond those that are called: as
// many as are answered while a window gathers and its record is written, so that no place waits for one.
// Where calls hang there are soon none, and none where the oldest goes on for longer than an attempt waits:
// what finds no room in time has used up an attempt.
func (w *width) ahead(width int, now time.Time) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.latency == 0 || w.record == 0 {
		return 0
	}
	call, goesOn := w.call, time.Duration(0)
	if x := w.open.first(); x != nil && !x.called.IsZero() {
		goesOn = now.Sub(x.called)
	}
	if call = max(call, goesOn); call <= 0 {
		return window
	}
	if call-goesOn > latestStart { // no place is free in time: where calls begin together, they end together
		return 0
	}
	return int(min(window, float64(width)*float64(w.record+gather)/float64(call)))
}

// at is the width now.
func (w *width) at(now time.Time) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.latency == 0 {
		return w.limits.Concurrency // nothing is known yet
	}
	needed := math.Ceil(min(2*w.limits.Rate*w.present(now).Seconds(), float64(w.limits.Concurrency)))
	return min(w.limits.Concurrency, int(needed)+leastWidth)
}

// present is the latency now, with mu held. The call that has waited longest for its answer counts with
// the time that it took so far: a provider that slows down is noticed before it answers.
func (w *width) present(now time.Time) time.Duration {
	x := w.open.first()
	if x == nil {
		return w.latency
	}
	return max(w.latency, now.Sub(x.began))
}
