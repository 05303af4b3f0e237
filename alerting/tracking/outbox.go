package tracking

import (
	"container/heap"
	"slices"
	"time"

	"revere/alerting"
)

// An outbox is what is due on one channel: urgent first, and within one severity a turn for each
// alert, so that two blasts share. Within an alert the manifest's order holds, which is breadth
// first. Entries are taken out lazily: one whose delivery is no longer due, or has got another
// place since, is passed over.
type outbox struct {
	lanes   [alerting.Lanes][]*queue
	retries retryHeap
	backlog [alerting.Lanes]int // how many deliveries are due, whether or not they have been taken
	wake    chan struct{}
}

// A queue is what one alert has due in one lane of a channel.
type queue struct {
	alert *alert
	lane  int
	items []ticket
	head  int
}

// A ticket is a delivery's place in the outbox. Only the newest that it was given counts, so that it
// is never taken twice.
type ticket struct {
	delivery uint32
	number   uint32
}

func (b *Board) ticket(a *alert, i uint32) ticket {
	b.tickets++
	a.deliveries[i].ticket = b.tickets
	return ticket{i, b.tickets}
}

// valid reports whether the ticket's delivery is due and has no newer one.
func (a *alert) valid(t ticket) bool {
	if int(t.delivery) >= len(a.deliveries) {
		return false // filed since
	}
	d := &a.deliveries[t.delivery]
	return d.ticket == t.number && d.due()
}

func (b *Board) outbox(channel string) *outbox {
	o := b.outboxes[channel]
	if o == nil {
		o = &outbox{wake: make(chan struct{}, 1)}
		b.outboxes[channel] = o
	}
	return o
}

// offer puts a delivery at the end of its alert's queue.
func (b *Board) offer(a *alert, i uint32) {
	if !a.asleep {
		b.push(a, b.ticket(a, i), &a.deliveries[i])
	}
}

// enqueue gives a delivery that is due its place: now, or when its time to be tried again has come.
func (b *Board) enqueue(a *alert, i uint32) {
	if a.deliveries[i].retryAt == 0 {
		b.offer(a, i)
	} else {
		b.postpone(a, i)
	}
}

func (b *Board) push(a *alert, t ticket, d *delivery) {
	q := b.queue(a, d)
	q.items = append(q.items, t)
}

func (b *Board) unshift(a *alert, t ticket, d *delivery) *queue {
	q := b.queue(a, d)
	if q.head == 0 { // room for as many again: those who give back thousands hold up everybody
		room := len(q.items) + 1
		q.items, q.head = append(make([]ticket, room, 2*room), q.items...), room
	}
	q.head--
	q.items[q.head] = t
	return q
}

// queue returns the alert's queue for a delivery, which has its turn in its lane from then on.
func (b *Board) queue(a *alert, d *delivery) *queue {
	channel, lane := b.channel(d), b.lane(a, d)
	o, name := b.outbox(channel), channel
	if lane == alerting.LaneNotices {
		name += " notices"
	}
	q := a.queues[name]
	if q == nil {
		q = &queue{alert: a, lane: lane}
		a.queues[name] = q
	}
	if q.empty() {
		q.items, q.head = q.items[:0], 0
		o.lanes[lane] = append(o.lanes[lane], q)
	}
	return q
}

func (q *queue) empty() bool { return q.head == len(q.items) }

// postpone offers a delivery when its time to be tried again has come.
func (b *Board) postpone(a *alert, i uint32) {
	if !a.asleep {
		d := &a.deliveries[i]
		heap.Push(&b.outbox(b.channel(d)).retries, retry{d.retryAt.time(), a, b.ticket(a, i)})
	}
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// Wake is signaled when there may be something new due on the channel.
func (b *Board) Wake(channel string) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.outbox(channel).wake
}

// Take removes deliveries that are due on the channel, the most urgent first, and appends them to a list. One of a
// lane is taken while fewer were than there may be for it. Whoever takes a delivery either records an attempt of
// it or gives it back.
func (b *Board) Take(to []alerting.Due, channel string, places alerting.Places, now time.Time) []alerting.Due {
	b.mu.Lock()
	defer b.mu.Unlock()
	o, before := b.outbox(channel), len(to)
	b.ripen(o, now)
	for lane := range o.lanes {
		for len(to)-before < places[lane] && len(o.lanes[lane]) > 0 {
			q := o.lanes[lane][0]
			o.lanes[lane] = o.lanes[lane][1:]
			if due, ok := q.next(); ok {
				to = append(to, due)
			}
			if !q.empty() {
				o.lanes[lane] = append(o.lanes[lane], q)
			}
		}
	}
	return to
}

// next removes the first of the queue's deliveries that is still due.
func (q *queue) next() (alerting.Due, bool) {
	for !q.empty() {
		t := q.items[q.head]
		q.head++
		if !q.alert.valid(t) {
			continue
		}
		d := &q.alert.deliveries[t.delivery]
		return alerting.Due{
			Alert: q.alert.key, Delivery: t.delivery, Address: q.alert.address(d), Attempt: int(d.attempts) + 1, Lane: q.lane,
			Unsettled: d.state == alerting.Unknown, Since: q.alert.lastAttempt(d), PossibleDuplicate: d.possibleDuplicate(),
		}, true
	}
	return alerting.Due{}, false
}

// due reports whether the delivery waits to be worked on: to be sent, or to be settled.
func (d *delivery) due() bool {
	return d.state == alerting.Queued && d.active() || d.unsettled()
}

// ripen moves the retries whose time has come into the queues.
func (b *Board) ripen(o *outbox, now time.Time) {
	for len(o.retries) > 0 && !o.retries[0].at.After(now) {
		r := heap.Pop(&o.retries).(retry)
		if r.alert.valid(r.ticket) {
			b.push(r.alert, r.ticket, &r.alert.deliveries[r.delivery])
		}
	}
}

// GiveBack makes deliveries due again that were taken and not attempted, ahead of all that follow
// them in their alert, and gives their alerts the turns back that they had: else one whose messages are given
// back again and again would have none.
func (b *Board) GiveBack(due []alerting.Due) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, x := range slices.Backward(due) {
		if a := b.alerts[x.Alert]; a != nil && int(x.Delivery) < len(a.deliveries) {
			d := &a.deliveries[x.Delivery]
			b.outbox(b.channel(d)).next(b.unshift(a, b.ticket(a, x.Delivery), d))
		}
	}
}

// next gives a queue the next turn in its lane.
func (o *outbox) next(q *queue) {
	lane := o.lanes[q.lane]
	for i := len(lane) - 1; i > 0; i-- { // what was taken has had its turn: it is at the end
		if lane[i] == q {
			copy(lane[1:], lane[:i])
			lane[0] = q
			return
		}
	}
}

// NextRetry is when the channel's next retry comes due; zero when none waits.
func (b *Board) NextRetry(channel string) time.Time {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if o := b.outboxes[channel]; o != nil && len(o.retries) > 0 {
		return o.retries[0].at
	}
	return time.Time{}
}

// Refill forgets what was taken from the channel's outbox and makes everything due that the ledger
// says is: a new dispatcher begins with it. It returns the deliveries whose attempt is on record
// without an outcome: the dispatcher before stopped in the middle of them. Those whose attempt came on
// record when the alert was over were certainly not called: who called had read that first.
func (b *Board) Refill(channel string) (interrupted, uncalled []alerting.Due) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o, number := b.outbox(channel), b.numberOf(channel)
	o.lanes, o.retries = [alerting.Lanes][]*queue{}, nil
	for _, a := range b.order {
		delete(a.queues, channel)
		delete(a.queues, channel+" notices")
		for i := range a.deliveries {
			d := &a.deliveries[i]
			switch {
			case d.channel != number:
			case d.state == alerting.Attempting:
				x := alerting.Due{Alert: a.key, Delivery: uint32(i), Address: a.address(d), Attempt: int(d.attempts), Lane: b.lane(a, d), Since: a.lastAttempt(d)}
				if d.uncalled() {
					uncalled = append(uncalled, x)
				} else {
					interrupted = append(interrupted, x)
				}
			case d.due():
				b.enqueue(a, uint32(i))
			}
		}
	}
	o.signal()
	return interrupted, uncalled
}

func (d *delivery) uncalled() bool { return d.traits.has(uncalled) }

// Backlog is how many deliveries are due on the channel, by lane.
func (b *Board) Backlog(channel string) (lanes [alerting.Lanes]int) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if o := b.outboxes[channel]; o != nil {
		return o.backlog
	}
	return lanes
}

type retry struct {
	at    time.Time
	alert *alert
	ticket
}

type retryHeap []retry

func (h retryHeap) Len() int           { return len(h) }
func (h retryHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h retryHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *retryHeap) Push(x any)        { *h = append(*h, x.(retry)) }
func (h *retryHeap) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = slices.Delete(*h, last, last+1)
	return x
}
