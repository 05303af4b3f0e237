package tracking

import (
	"slices"
	"time"

	"revere/alerting"
)

// fold takes in one record. It decides nothing and asks no clock: the same records always make the
// same board.
func (b *Board) fold(sequence uint64, r *alerting.Record) {
	b.inbound = max(b.inbound, r.Inbound)
	b.foldAside(sequence, r)
	b.foldHeld(r)
	if r.Alert == "" {
		return // only a cursor
	}
	a := b.alerts[r.Alert]
	switch {
	case a == nil && r.Opened == nil:
		return // a record about an alert that the ledger does not have: nothing to apply it to
	case a == nil:
		a = newAlert(r.Alert)
		a.duringExercise = b.exerciseOpen(sequence)
		b.foldInto(a, sequence, r)
		b.list(a)
	case sequence <= a.filed, sequence <= a.readTo:
		return // what is filed knows it, or it was read by itself
	case a.bare:
		b.late(a, sequence, r)
	default:
		b.foldInto(a, sequence, r)
	}
}

// list makes an alert known. Alerts stand in the order in which they were opened.
func (b *Board) list(a *alert) {
	b.alerts[a.key] = a
	b.byIdentity[a.opened.Identity] = a
	b.byID[a.opened.Alert.ID] = append(b.byID[a.opened.Alert.ID], a)
	if a.opened.Alert.Status == alerting.StatusExercise {
		b.exercises = append(b.exercises, a)
	}
	i := len(b.order)
	for i > 0 && b.order[i-1].first > a.first {
		i--
	}
	b.order = slices.Insert(b.order, i, a)
}

// foldInto takes in a record about an alert.
func (b *Board) foldInto(a *alert, sequence uint64, r *alerting.Record) {
	if r.Opened != nil {
		a.begin(sequence, r)
	}
	a.latest, a.latestAt = sequence, r.At
	a.spans.add(sequence)
	if r.Manifest != nil {
		b.doze(a)
		b.foldManifest(a, r.At, r.InDoubt, *r.Manifest)
	}
	if r.Withdrawn != nil {
		b.foldWithdrawn(a, r)
	}
	for _, n := range r.Notices {
		b.foldNotice(a, r.At, r.InDoubt, n)
	}
	for _, x := range r.Activated {
		b.foldActivation(a, r.At, r.InDoubt, x)
	}
	for _, x := range r.Attempts {
		b.foldAttempt(a, r.At, x)
	}
	for i := range r.Results {
		b.foldResult(a, r.At, &r.Results[i])
	}
	for _, x := range r.Answers {
		b.foldAnswer(a, r.At, x)
	}
	for _, x := range r.Remarks {
		b.foldRemark(a, r.At, x)
	}
	if r.Expired && !a.expired {
		a.expired = true
		b.end(a, r.At)
	}
	if a.ended == 0 && !a.open() {
		a.ended = sequence
	}
}

// begin opens an alert, or widens one that is open: the same content on another area.
func (a *alert) begin(sequence uint64, r *alerting.Record) {
	if a.opened == nil {
		a.opened, a.bytes, a.openedAt, a.first = r.Opened, r.Opened.Alert.Bytes(), r.At, sequence
		if !r.InDoubt.IsZero() {
			a.openedAt = r.InDoubt // by a system before: people may have answered since
		}
		return
	}
	wider := *a.opened
	wider.Alert.Areas = alerting.UnionAreas(wider.Alert.Areas, r.Opened.Alert.Areas)
	a.opened, a.bytes, a.manifested = &wider, wider.Alert.Bytes(), false
}

// foldNotice adds a delivery that belongs to no recipient: an answer to an answer.
func (b *Board) foldNotice(a *alert, at, inDoubt time.Time, n alerting.Notice) {
	i := uint32(len(a.deliveries))
	a.deliveries = append(a.deliveries, delivery{channel: b.numberOf(n.Channel), address: a.texts.add(n.Address), traits: orphan})
	a.notices[i] = &n
	a.deliveries[i].id = half(b.id(a, i))
	a.index.add(a.deliveries, i)
	to := n.Channel + " " + n.Address
	a.noticed[to] = append(a.noticed[to], i)
	a.helped[to] = a.helped[to] || n.Kind == alerting.NoticeHelp
	b.changeState(a, i, func() { b.activate(a, at, i, "") })
	b.doubt(a, inDoubt, at, i)
}

func (b *Board) foldActivation(a *alert, at, inDoubt time.Time, x alerting.Activation) {
	if int(x.Delivery) >= len(a.deliveries) {
		return
	}
	if _, blocked := a.blocked(x.Delivery); blocked == "" {
		b.changeState(a, x.Delivery, func() { b.activate(a, at, x.Delivery, x.Reason) })
		b.doubt(a, inDoubt, at, x.Delivery)
	}
}

// doubt gives a delivery that has just become due an attempt with an unknown end, where a system before
// this one may have made it since a time.
func (b *Board) doubt(a *alert, since, at time.Time, i uint32) {
	d := &a.deliveries[i]
	if since.IsZero() || d.state != alerting.Queued || !d.active() || d.attempted() {
		return
	}
	b.foldAttempt(a, since, alerting.Attempt{Delivery: i, Attempt: 1})
	b.foldResult(a, at, &alerting.Result{Delivery: i, Attempt: 1, State: alerting.Unknown, RetryAt: at, Reason: alerting.ReasonRestored})
}

// changeState changes a delivery, and counts it anew.
func (b *Board) changeState(a *alert, i uint32, change func()) {
	before := a.deliveries[i].standing()
	change()
	b.recount(a, i, before)
}

// activate makes a delivery due. One that was canceled because its people had answered becomes due
// again when the answer was taken back.
func (b *Board) activate(a *alert, at time.Time, i uint32, reason string) {
	d := &a.deliveries[i]
	if !d.idle() {
		return
	}
	a.keep(d, Entry{At: at, State: alerting.Queued, Reason: reason})
	b.makeDue(a, i, at)
}

// idle reports whether a delivery could be made due.
func (d *delivery) idle() bool { return d.reserve() || d.state == alerting.Canceled }

func (b *Board) makeDue(a *alert, i uint32, at time.Time) {
	d := &a.deliveries[i]
	d.traits.set(active, true)
	d.state, d.activatedAt = alerting.Queued, momentOf(at)
	b.offer(a, i)
}

// end ends every delivery that is due and has not gone out, where the alert is over. Confirmations
// of answers still go: the person is waiting for them.
func (b *Board) end(a *alert, at time.Time) {
	state, reason := a.over()
	if reason == "" {
		return
	}
	for i := range a.deliveries {
		d := &a.deliveries[i]
		if d.traits.has(orphan) || !d.stoppable() {
			continue
		}
		before := d.standing()
		a.stop(d, at, state, reason)
		b.recount(a, uint32(i), before)
	}
}

func (d *delivery) stoppable() bool { return d.active() && d.state == alerting.Queued }

func (a *alert) stop(d *delivery, at time.Time, state alerting.State, reason string) {
	if d.stoppable() {
		a.settle(d, Entry{At: at, State: state, Reason: reason})
	}
}

func (b *Board) foldWithdrawn(a *alert, r *alerting.Record) {
	if a.withdrawn != nil {
		return
	}
	a.withdrawn = r.Withdrawn
	b.end(a, r.At)
}
