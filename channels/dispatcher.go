package channels

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"github.com/sony/gobreaker/v2"

	"revere/alerting"
)

// A Dispatcher sends what is due on one channel account, as the only one that does: urgent first,
// within the provider's rate and concurrency, with every attempt on record before its call and
// every outcome after it.
//
// Its life: Run holds the lease all the while; it goes on at the pace of the dispatcher before, in whichever
// process that was, and refills the outbox from the record; then, until
// its context is done, it takes what is due, records the attempts, calls the provider and records
// what came of it, each step while others go on: a window of messages is taken and worded while the
// one before becomes durable. When the context is done it takes nothing more, waits for the calls that
// are under way and records their outcomes. A Dispatcher runs once.
type Dispatcher struct {
	Channel Channel
	Outbox  Outbox
	Lease   Lease
	Now     func() time.Time
	Log     zerolog.Logger
	Meter   Meter
	// Inbox takes what the provider answers about messages that it took.
	Inbox Inbox
	// Account is the process's for the channel; nil where no dispatcher was before in this process.
	Account *Account

	limits      Limits
	pace        *pace
	width       *width
	breaker     *gobreaker.TwoStepCircuitBreaker[any]
	recording   *recording
	jobs        *jobs
	starts      *starts
	calls       *calls
	conclusions *conclusions
	questions   questions
	inquiries   inquiries
	absent      absences
	taken       []alerting.Due // in this round
	untold      untold
	lane        int                // the lowest of those that were taken last, but for the first
	resting     time.Time          // until when the pace has no room for the lower lanes
	gathering   time.Time          // since when a small window waits for others; zero where none does
	stop        context.CancelFunc // ends the rounds

	mu      sync.Mutex
	failure error // the record can't be written: the dispatcher must stop
}

// A Meter is told what a dispatcher does, for metrics.
type Meter interface {
	// Sent is told of each call, with its outcome's state and how long it took.
	Sent(channel string, state alerting.State, took time.Duration)
	// Held is told when a channel's provider is left alone after failures (open), and when messages
	// flow again.
	Held(channel string, open bool)
}

// idle is how long the dispatcher rests at most, although what it waits for wakes it sooner: so
// often it makes sure of its lease.
const idle = time.Second

// Run dispatches until ctx is done or the lease is lost, and returns nil then. An error means that
// the record could not be written: nothing was called after that, and whoever holds the lease begins
// again with a new Dispatcher.
func (d *Dispatcher) Run(ctx context.Context) error {
	ctx, d.stop = context.WithCancel(ctx)
	defer d.stop()
	d.limits = d.Channel.Limits()
	d.pace = d.succeed(d.Now())
	d.width, d.recording = newWidth(d.limits), newRecording()
	d.calls, d.conclusions, d.starts = newCalls(), newConclusions(), newStarts(d.pace, d.Now, d.limits.Concurrency, d.room)
	whole := context.WithoutCancel(ctx) // what is begun is brought to its end
	d.lane = 1
	d.jobs = newJobs(func(j *job) { d.send(whole, j) })
	d.breaker = d.newBreaker()
	d.questions.set(d.limits)
	d.inquiries.set(d.Channel, d.limits)
	if err := d.Outbox.Refill(ctx, d.reconcileAt); err != nil {
		return err
	}
	ended := d.accompany(whole)
	for ctx.Err() == nil && d.Lease.Held() {
		d.round(ctx).rest(ctx)
	}
	d.calls.end()
	ended()
	d.Outbox.GiveBack(d.questions.all())
	return d.failed()
}

// accompany starts what goes on beside the rounds. The function that it returns ends it, when no call
// is under way any more and every conclusion is written.
func (d *Dispatcher) accompany(ctx context.Context) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	var beside sync.WaitGroup
	beside.Go(func() {
		d.starts.run(ctx, func(j *job) { d.calls.make(j.send) }, d.giveUp)
	})
	beside.Go(func() { d.conclude(ctx) })
	return func() {
		cancel()
		beside.Wait()
	}
}

func (d *Dispatcher) reconcileAt(attempted time.Time) time.Time {
	return attempted.Add(d.limits.ReconcileAfter)
}

// round asks and sends what may be now, and tells how long to rest before the next.
func (d *Dispatcher) round(ctx context.Context) lull {
	now := d.Now()
	if !d.questions.yield {
		d.ask(ctx, now)
	}
	underWay := d.calls.count()
	rest := d.dispatch(ctx, now)
	if rest.atMost <= 0 {
		return rest // there may be more to begin
	}
	if d.questions.yield && d.calls.count() < underWay {
		return lull{} // the place that has become free since is a message's first
	}
	if d.questions.any() {
		d.calls.awaitAny()
		rest.ended = d.calls.ended
	}
	asking := d.ask(ctx, now) // in the room that sending leaves
	rest.atMost = min(rest.atMost, asking, d.inquire(ctx, now))
	return rest
}

// dispatch begins what is due and may be sent now, and tells how long there is nothing more to begin.
func (d *Dispatcher) dispatch(ctx context.Context, now time.Time) lull {
	may, rest := d.permits(now)
	if may.lanes[0] == 0 {
		return rest
	}
	due := d.take(may, now)
	if len(due) == 0 && may.wait > 0 {
		return lull{atMost: may.wait, ended: d.calls.await(may.enough), wake: d.Outbox.Wake()}
	}
	if len(due) == 0 {
		return lull{atMost: d.untilRetry(now), ended: d.calls.ended, wake: d.Outbox.Wake()}
	}
	// What is begun is brought to its end, whether or not the rounds go on.
	ctx = context.WithoutCancel(ctx)
	if begun := d.prepare(due, now); len(begun.jobs) > 0 {
		d.questions.yield = false
		d.begin(ctx, begun)
	}
	return lull{}
}

// untilRetry is how long nothing comes due by itself.
func (d *Dispatcher) untilRetry(now time.Time) time.Duration {
	if next := d.Outbox.NextRetry(); !next.IsZero() {
		return max(next.Sub(now), time.Millisecond)
	}
	return idle
}

// A lull is a time in which there is nothing to do: how long it lasts at most, and what may end it
// sooner. A nil channel is something that would change nothing.
type lull struct {
	atMost time.Duration
	ended  <-chan struct{} // a call has ended
	wake   <-chan struct{} // something may be due
}

func (l lull) rest(ctx context.Context) {
	if l.atMost <= 0 {
		return
	}
	timer := time.NewTimer(min(l.atMost, idle))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-l.ended:
	case <-l.wake:
	}
}

// fail ends the rounds and keeps the first reason why.
func (d *Dispatcher) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.failure == nil {
		d.failure = err
	}
	d.stop()
}

func (d *Dispatcher) failed() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.failure
}
