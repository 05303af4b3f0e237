package channels_test

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"
	"strconv"
	"sync"
	"time"

	"revere/alerting"
)

// A delivery is one entry of the test's outbox, with everything that became of it.
type delivery struct {
	id       uint32
	lane     int
	cost     int
	expires  time.Time
	unworded error
	state    alerting.State
	attempts int
	since    time.Time
	retryAt  time.Time

	taken   bool
	blocked alerting.State // why it must not be sent; Queued while it may be
	results []alerting.Conclusion
}

func (d *delivery) due() bool {
	return d.state == alerting.Queued || d.state == alerting.Unknown && !d.retryAt.IsZero()
}

// An outbox keeps the promises of channels.Outbox in memory, as alerting/outbox does with the ledger.
type outbox struct {
	beginTakes  func(nth int) time.Duration // how long a record takes to become durable
	wordTakes   time.Duration               // how long a message takes to be worded
	finishTakes time.Duration
	beginFails  func() error
	finishFails func() error
	refillFails error
	onBegun     func([]alerting.Due) // between the record and the calls

	mu         sync.Mutex
	deliveries []*delivery
	lanes      [alerting.Lanes][]*delivery
	retries    []*delivery
	begun      map[[2]int]time.Time // delivery and attempt
	duplicates int                  // attempts begun as possible duplicates
	takes      []time.Time
	newest     []alerting.Begun // on record, the oldest first
	held       time.Time
	forgets    bool // the record does not tell of attempts and holds
	records    int  // calls of Begin
	outcomes   int  // calls of Finish
	wake       chan struct{}
	silent     []*silence // what the provider took and told no end of
	putFails   func() error
}

func newOutbox() *outbox { return &outbox{begun: map[[2]int]time.Time{}, wake: make(chan struct{}, 1)} }

// offer makes a delivery due and returns it. change sets it up.
func (o *outbox) offer(lane, cost int, change ...func(*delivery)) *delivery {
	o.mu.Lock()
	defer o.mu.Unlock()
	d := &delivery{id: uint32(len(o.deliveries)), lane: lane, cost: cost}
	for _, c := range change {
		c(d)
	}
	o.deliveries = append(o.deliveries, d)
	if d.due() {
		o.lanes[lane] = append(o.lanes[lane], d)
	}
	o.signal()
	return d
}

// offerMany makes n deliveries due.
func (o *outbox) offerMany(n, lane, cost int) {
	for range n {
		o.offer(lane, cost)
	}
}

// offerUnsettled adds n deliveries of the most urgent lane that a dispatcher before left in the middle.
func (o *outbox) offerUnsettled(n int) (ids []uint32) {
	for range n {
		d := o.offer(0, 1, func(d *delivery) { d.state, d.attempts, d.since = alerting.Attempting, 1, time.Now() })
		ids = append(ids, d.id)
	}
	return ids
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *outbox) Refill(_ context.Context, reconcileAt func(time.Time) time.Time) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, d := range o.deliveries {
		if d.state == alerting.Attempting {
			d.state, d.retryAt = alerting.Unknown, reconcileAt(d.since)
			o.retries = append(o.retries, d)
		}
	}
	return o.refillFails
}

func (o *outbox) Take(taken []alerting.Due, places alerting.Places, now time.Time) []alerting.Due {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.takes = append(o.takes, now)
	o.ripen(now)
	for lane := range o.lanes {
		for len(taken) < places[lane] && len(o.lanes[lane]) > 0 {
			d := o.lanes[lane][0]
			o.lanes[lane] = o.lanes[lane][1:]
			d.taken = true
			taken = append(taken, alerting.Due{
				Alert: "a1", Delivery: d.id, Attempt: d.attempts + 1, Lane: d.lane, Unsettled: d.state == alerting.Unknown, Since: d.since,
			})
		}
	}
	return taken
}

func (o *outbox) ripen(now time.Time) {
	o.retries = slices.DeleteFunc(o.retries, func(d *delivery) bool {
		if d.retryAt.After(now) {
			return false
		}
		o.lanes[d.lane] = append(o.lanes[d.lane], d)
		return true
	})
}

func (o *outbox) GiveBack(due []alerting.Due) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, x := range slices.Backward(due) {
		d := o.deliveries[x.Delivery]
		d.taken = false
		o.lanes[d.lane] = slices.Insert(o.lanes[d.lane], 0, d)
	}
}

func (o *outbox) Wake() <-chan struct{} { return o.wake }

func (o *outbox) NextRetry() (next time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, d := range o.retries {
		if next.IsZero() || d.retryAt.Before(next) {
			next = d.retryAt
		}
	}
	return next
}

func (o *outbox) Message(x alerting.Due) (alerting.Message, error) {
	o.mu.Lock()
	takes := o.wordTakes
	o.mu.Unlock()
	time.Sleep(takes) // without the lock, which would stop virtual time
	o.mu.Lock()
	defer o.mu.Unlock()
	d := o.deliveries[x.Delivery]
	ref := alerting.Ref{Alert: x.Alert, Attempt: x.Attempt}
	binary.BigEndian.PutUint32(ref.Delivery[:], d.id)
	return alerting.Message{Ref: ref, Text: strconv.Itoa(d.cost), Expires: d.expires}, d.unworded
}

func (o *outbox) Begin(ctx context.Context, due []alerting.Due) error {
	o.mu.Lock()
	o.records++
	nth := o.records
	o.mu.Unlock()
	if o.beginTakes != nil {
		time.Sleep(o.beginTakes(nth))
	}
	if err := cmp.Or(ctx.Err(), outcomeOf(o.beginFails)); err != nil {
		return err
	}
	o.mu.Lock()
	for _, x := range due {
		d := o.deliveries[x.Delivery]
		d.taken, d.state, d.attempts, d.since = false, alerting.Attempting, x.Attempt, time.Now()
		d.retryAt = time.Time{}
		o.begun[[2]int{int(x.Delivery), x.Attempt}] = d.since
		x.Since = d.since
		o.newest = append(o.newest, alerting.Begun{Due: x})
		if x.Unsettled {
			o.duplicates++
		}
	}
	o.mu.Unlock()
	if o.onBegun != nil {
		o.onBegun(due)
	}
	return nil
}

func (o *outbox) Blocked(x alerting.Due, now time.Time) (alerting.State, string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	d := o.deliveries[x.Delivery]
	switch {
	case d.blocked != alerting.Queued:
		return d.blocked, "the test forbids it"
	case !d.expires.IsZero() && !now.Before(d.expires):
		return alerting.Expired, "the alert expired"
	}
	return 0, ""
}

// forbid makes Blocked say no from now on.
func (o *outbox) forbid(id uint32, why alerting.State) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.deliveries[id].blocked = why
}

func (o *outbox) Finish(ctx context.Context, finished []alerting.Finished) error {
	o.mu.Lock()
	o.outcomes++
	o.mu.Unlock()
	time.Sleep(o.finishTakes)
	for _, f := range finished {
		if err := o.finish(ctx, f.Due, f.Conclusion); err != nil {
			return err
		}
	}
	return nil
}

func (o *outbox) finish(ctx context.Context, x alerting.Due, c alerting.Conclusion) error {
	if err := cmp.Or(ctx.Err(), outcomeOf(o.finishFails)); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	d := o.deliveries[x.Delivery]
	d.taken, d.state, d.retryAt = false, c.State, c.RetryAt
	d.results = append(d.results, c)
	o.end(x.Delivery, c)
	if c.State == alerting.Failed && !c.RetryAt.IsZero() {
		d.state = alerting.Queued
	}
	if !c.RetryAt.IsZero() {
		o.retries = append(o.retries, d)
	}
	o.signal()
	return nil
}

// end notes when an attempt's outcome came on record, and until when nothing else goes out.
func (o *outbox) end(delivery uint32, c alerting.Conclusion) {
	if c.HoldUntil.After(o.held) {
		o.held = c.HoldUntil
	}
	for i := range o.newest {
		if x := &o.newest[i]; x.Due.Delivery == delivery && x.Due.Attempt == c.Attempt && x.Ended.IsZero() {
			x.Ended = time.Now()
		}
	}
}

func (o *outbox) Newest(n int) []alerting.Begun {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.forgets {
		return nil
	}
	newest := slices.Clone(o.newest[max(0, len(o.newest)-n):])
	slices.Reverse(newest)
	return newest
}

func (o *outbox) Held(time.Time) time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.forgets {
		return time.Time{}
	}
	return o.held
}

// wordSlowly makes every message take so long to be worded from now on.
func (o *outbox) wordSlowly(takes time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.wordTakes = takes
}

func outcomeOf(fails func() error) error {
	if fails == nil {
		return nil
	}
	return fails()
}
