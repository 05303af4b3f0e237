package channels

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"revere/alerting"
)

// inquiries are the questions about messages that the provider took and of which it has told no end:
// receipts that come while nobody listens are lost. They go in rounds. The first asks about everything
// that was taken before this dispatcher began. Each later one asks about what has been silent for
// AskAfter, twice, four times … as long, since the round before looked. So nothing needs to be kept of
// any delivery, but of the few questions that failed.
type inquiries struct {
	provider Inquirer      // nil where there is nobody to ask
	after    time.Duration // Limits.AskAfter
	spacing  time.Duration // between two questions
	underWay atomic.Int64

	mu            sync.Mutex
	began, before time.Time     // this round and the one before; zero where there is none
	place         alerting.Mark // up to which this round has looked
	next          time.Time     // nothing is looked for before
	resume        time.Time     // until then the provider is left alone
	failures      int           // in a row; those that were under way together are one
	again         []question    // that failed, to be put before any other
	yield         yield         // of this round
}

// A question is about one message. Those that failed are never more than are put at once.
type question struct {
	about alerting.Silence
	put   time.Time
	fails int
}

// A yield is what a round of questions brought.
type yield struct {
	first bool // it was about what was taken before this dispatcher began
	news  int  // words that no receipt brought
	gone  int  // messages that the provider does not know
}

const (
	// inquiriesEach bounds how often one silence is asked about: for the last time after 512 times
	// AskAfter (half past four hours where that is 30 s).
	inquiriesEach = 10
	// A provider is asked leastInquiries to mostInquiries questions a second: as many as it takes units
	// of messages, within that.
	leastInquiries, mostInquiries = 10, 100
	// inquiryTime is how long an answer is waited for.
	inquiryTime = 5 * time.Second
	// After a question that failed none is put for inquiryRest, and twice as long after each that fails
	// next, up to longestInquiryRest; and until one is answered they are put one by one. What could not be
	// answered is asked again, inquiryTries times in all: then others have their turn.
	inquiryRest        = time.Second
	longestInquiryRest = 5 * time.Minute
	inquiryTries       = 4
	// crowded is how long to wait where messages leave no room for a question.
	crowded = 50 * time.Millisecond
)

func (q *inquiries) set(c Channel, l Limits) {
	provider, can := c.(Inquirer)
	if !can || l.AskAfter <= 0 {
		return
	}
	q.provider, q.after = provider, l.AskAfter
	q.spacing = time.Duration(float64(time.Second) / min(max(l.Rate, leastInquiries), mostInquiries))
}

// inquire puts the next question there is, where messages leave room for it, and tells how long there is
// no other.
func (d *Dispatcher) inquire(ctx context.Context, now time.Time) time.Duration {
	q := &d.inquiries
	if q.provider == nil {
		return idle
	}
	if wait := q.wait(now); wait > 0 {
		return wait
	}
	if d.lapsed() != "" || d.pace.held(now) || d.questions.pace.held(now) || d.questions.any() || !d.inquirable(now) || !d.starts.question() {
		return crowded
	}
	asked, found := q.find(d.Outbox, now)
	if !found {
		d.starts.answered()
		d.remark(q.over(now))
		return q.wait(now)
	}
	q.underWay.Add(1)
	ctx = context.WithoutCancel(ctx) // what is begun is brought to its end
	d.calls.start(func() {
		defer d.starts.answered()
		d.inquireAbout(ctx, asked)
		q.underWay.Add(-1)
	})
	return q.wait(now)
}

// inquirable reports whether there is room for a question of the least urgent kind: they take an eighth
// of the concurrency, and nothing of what is kept for urgent messages.
func (d *Dispatcher) inquirable(now time.Time) bool {
	most := d.limits.Concurrency
	return int(d.inquiries.underWay.Load()) < d.inquiries.atOnce(most) && d.underWay(now) < most-kept(most, alerting.Lanes-1)
}

// inquireAbout asks, and puts what is new where receipts come in.
func (d *Dispatcher) inquireAbout(ctx context.Context, asked question) {
	q, x := &d.inquiries, asked.about
	asking, cancel := context.WithTimeout(ctx, inquiryTime)
	defer cancel()
	facts, err := q.provider.Inquire(asking, x)
	if alerting.CodeOf(err) == alerting.CodeNotFound {
		q.answered(yield{gone: 1})
		return
	}
	brought := yield{}
	if err == nil && slices.ContainsFunc(facts, func(f alerting.Inbound) bool { return f.State.Outranks(x.State) }) {
		brought.news = 1
		putting, cancel := context.WithTimeout(ctx, inquiryTime)
		defer cancel()
		err = d.Inbox.Put(putting, facts...)
	}
	if err != nil {
		d.Log.Warn().Err(err).Str("channel", d.Channel.Name()).Msg("could not ask what became of a message; trying again later")
		q.failed(asked, err, d.Now())
		return
	}
	q.answered(brought)
}

// remark says in the log what a round brought.
func (d *Dispatcher) remark(round yield) {
	channel := d.Channel.Name()
	if round.gone > 0 {
		d.Log.Warn().Str("channel", channel).Int("messages", round.gone).Msg("the provider does not know messages that it took; what became of them is not known either")
	}
	switch {
	case round.news > 0 && round.first:
		d.Log.Info().Str("channel", channel).Int("messages", round.news).Msg("the provider was asked what became of messages that it took before")
	case round.news > 0:
		d.Log.Warn().Str("channel", channel).Int("messages", round.news).Msg("the provider had to be asked what became of messages, since no receipt came; see that it can reach public_url")
	}
}

// wait is for how long nothing is to be looked for.
func (q *inquiries) wait(now time.Time) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	return later(q.next, q.resume).Sub(now)
}

// find looks for what to ask about next. It looks at a part only, so that messages are not held up.
func (q *inquiries) find(o Outbox, now time.Time) (asked question, found bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.began.IsZero() {
		q.began = now
	}
	if found = len(q.again) > 0; found {
		asked, q.again = q.again[0], q.again[1:]
	} else {
		asked.about, q.place, found = o.Silent(q.place, q.due)
	}
	asked.put = now
	if q.next = now.Add(beat); found {
		q.next = now.Add(q.spacing)
	}
	return asked, found
}

// atOnce is how many questions may be put at once, of so many calls. One is, where the last one failed.
func (q *inquiries) atOnce(calls int) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.failures > 0 {
		return 1
	}
	return max(1, calls/8)
}

// due reports whether this round asks about what was last heard of at a time.
func (q *inquiries) due(heard time.Time) bool {
	if q.before.IsZero() {
		return heard.Before(q.began)
	}
	return q.turns(q.began.Sub(heard)) > q.turns(q.before.Sub(heard))
}

// turns is how often a silence of that length is asked about.
func (q *inquiries) turns(silent time.Duration) (n int) {
	for at := q.after; n < inquiriesEach && at <= silent; at *= 2 {
		n++
	}
	return n
}

// over ends the round where all was looked at and every question is answered, and returns what it brought.
func (q *inquiries) over(now time.Time) (round yield) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.place.End() || q.underWay.Load() > 0 || len(q.again) > 0 {
		return yield{}
	}
	round, q.yield = q.yield, yield{}
	round.first = q.before.IsZero()
	q.before, q.began, q.place = q.began, time.Time{}, alerting.Mark{}
	q.next = now.Add(q.after / 4)
	return round
}

func (q *inquiries) answered(brought yield) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.failures = 0
	q.yield.news += brought.news
	q.yield.gone += brought.gone
}

// failed lets the provider rest, and has the question put again, unless it has failed too often.
func (q *inquiries) failed(asked question, err error, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if asked.fails++; asked.fails < inquiryTries {
		q.again = append(q.again, asked)
	}
	if !asked.put.Before(q.resume) { // else it tells nothing new
		q.failures++
	}
	rest := min(inquiryRest<<min(max(q.failures-1, 0), 16), longestInquiryRest)
	if busy, ok := errors.AsType[*Busy](err); ok {
		rest = max(rest, busy.After)
	}
	q.resume = later(q.resume, now.Add(rest))
}
