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
	if r.Alert == "" {
		return // only a cursor
	}
	a := b.alerts[r.Alert]
	if r.Opened != nil {
		a = b.foldOpened(sequence, r)
	}
	if a == nil {
		return // a record about an alert that the ledger does not have: nothing to apply it to
	}
	a.latest = sequence
	if r.Manifest != nil {
		b.foldManifest(a, r.At, *r.Manifest)
	}
	if r.Withdrawn != nil {
		b.foldWithdrawn(a, r)
	}
	for _, n := range r.Notices {
		b.foldNotice(a, r.At, n)
	}
	for _, x := range r.Activated {
		b.foldActivation(a, r.At, x)
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
		b.stop(a, r.At, alerting.Expired, "the alert expired")
	}
}

func (b *Board) foldOpened(sequence uint64, r *alerting.Record) *alert {
	if a := b.alerts[r.Alert]; a != nil { // the same content on another area
		for _, area := range r.Opened.Alert.Areas {
			if !slices.Contains(a.opened.Alert.Areas, area) {
				a.opened.Alert.Areas = append(slices.Clip(a.opened.Alert.Areas), area)
			}
		}
		a.manifested = false
		return a
	}
	a := &alert{
		key: r.Alert, opened: *r.Opened, openedAt: r.At, first: sequence,
		index: map[alerting.DeliveryID]uint32{}, queues: map[string]*queue{}, helped: map[string]bool{}, noticed: map[string]int{},
	}
	b.alerts[a.key] = a
	b.order = append(b.order, a)
	b.byIdentity[a.opened.Identity] = a
	b.byID[a.opened.Alert.ID] = append(b.byID[a.opened.Alert.ID], a)
	return a
}

// foldManifest gathers the parts, which the ledger holds one behind the other, and takes the list
// in when it is complete.
func (b *Board) foldManifest(a *alert, at time.Time, m alerting.Manifest) {
	if m.Part == 0 {
		a.parts = nil
	}
	a.parts = append(a.parts, m)
	if m.Part != m.Parts-1 {
		return
	}
	parts := a.parts
	a.parts = nil
	a.manifested, a.revision, a.hash = true, m.Revision, m.Hash

	var here []uint32 // the manifest's delivery index → the alert's
	for _, p := range parts {
		for _, planned := range p.Deliveries {
			here = append(here, b.plan(a, at, planned))
		}
		a.uncovered = append(a.uncovered, p.Uncovered...)
	}
	for _, p := range parts {
		for _, r := range p.Recipients {
			b.addRecipient(a, r, here)
		}
	}
	b.deliverAll(a, at, parts, here)
}

// plan finds or makes the delivery to an address.
func (b *Board) plan(a *alert, at time.Time, p alerting.Planned) uint32 {
	id := alerting.NewDeliveryID(a.key, p.Channel, p.Address)
	if i, known := a.index[id]; known {
		return i
	}
	i := uint32(len(a.deliveries))
	a.index[id] = i
	d := delivery{channel: b.intern(p.Channel), address: p.Address}
	if p.Suppressed != "" {
		d.state = alerting.Suppressed
		d.history = []Entry{{At: at, State: alerting.Suppressed, Reason: p.Suppressed}}
	}
	a.deliveries = append(a.deliveries, d)
	return i
}

func (b *Board) addRecipient(a *alert, r alerting.Recipient, here []uint32) {
	i := uint32(len(a.recipients))
	added := recipient{Recipient: r, contacts: make([]uint32, 0, len(r.Contacts))}
	for _, c := range r.Contacts {
		if int(c) >= len(here) {
			continue
		}
		added.contacts = append(added.contacts, here[c])
		d := &a.deliveries[here[c]]
		d.recipients = append(d.recipients, i)
	}
	added.Recipient.Contacts = nil
	a.recipients = append(a.recipients, added)
}

// deliverAll makes the active deliveries of a manifest due, in its order.
func (b *Board) deliverAll(a *alert, at time.Time, parts []alerting.Manifest, here []uint32) {
	n := 0
	for _, p := range parts {
		for _, planned := range p.Deliveries {
			if planned.Active {
				b.activate(a, at, here[n], "")
			}
			n++
		}
	}
}

// foldNotice adds a delivery that belongs to no recipient: an answer to an answer.
func (b *Board) foldNotice(a *alert, at time.Time, n alerting.Notice) {
	i := uint32(len(a.deliveries))
	a.deliveries = append(a.deliveries, delivery{channel: b.intern(n.Channel), address: n.Address, notice: &n})
	a.index[a.id(i)] = i
	to := n.Channel + " " + n.Address
	a.noticed[to]++
	a.helped[to] = a.helped[to] || n.Kind == alerting.NoticeHelp
	b.activate(a, at, i, "")
}

func (b *Board) foldActivation(a *alert, at time.Time, x alerting.Activation) {
	if int(x.Delivery) < len(a.deliveries) && a.open() {
		b.activate(a, at, x.Delivery, x.Reason)
	}
}

// activate makes a delivery due. One that was canceled because its people had answered becomes due
// again when the answer was taken back.
func (b *Board) activate(a *alert, at time.Time, i uint32, reason string) {
	d := &a.deliveries[i]
	if d.state != alerting.Queued && d.state != alerting.Canceled || d.active && d.state == alerting.Queued {
		return
	}
	d.active, d.state, d.activatedAt = true, alerting.Queued, at
	d.history = append(d.history, Entry{At: at, State: alerting.Queued, Reason: reason})
	b.offer(a, i)
}

// stop ends every delivery of the alert that is due and has not gone out. Confirmations of answers
// still go: the person is waiting for them.
func (b *Board) stop(a *alert, at time.Time, state alerting.State, reason string) {
	for i := range a.deliveries {
		if d := &a.deliveries[i]; d.notice == nil {
			d.stop(at, state, reason)
		}
	}
}

func (d *delivery) stop(at time.Time, state alerting.State, reason string) {
	if !d.active || d.state != alerting.Queued {
		return
	}
	d.settle(Entry{At: at, State: state, Reason: reason})
}

// settle puts a line into the history and shows the highest evidence there is.
func (d *delivery) settle(e Entry) {
	d.history = append(d.history, e)
	d.state, d.retryAt = e.State, e.RetryAt
	if d.prior.Outranks(d.state) && d.state != alerting.Attempting && d.retryAt.IsZero() {
		d.state = d.prior
	}
}

func (b *Board) foldWithdrawn(a *alert, r *alerting.Record) {
	if a.withdrawn != nil {
		return
	}
	a.withdrawn, a.withdrawnAt = r.Withdrawn, r.At
	reason := "the alert was withdrawn"
	if r.Withdrawn.Type == alerting.TypeUpdate {
		reason = "the alert was replaced by an update"
	}
	b.stop(a, r.At, alerting.Canceled, reason)
}

func (b *Board) foldAttempt(a *alert, at time.Time, x alerting.Attempt) {
	if int(x.Delivery) >= len(a.deliveries) {
		return
	}
	d := &a.deliveries[x.Delivery]
	if d.state.Outranks(d.prior) {
		d.prior = d.state
	}
	d.attempts, d.active = max(d.attempts, x.Attempt), true
	d.state, d.retryAt = alerting.Attempting, time.Time{}
	d.history = append(d.history, Entry{At: at, State: alerting.Attempting, Attempt: x.Attempt, PossibleDuplicate: x.PossibleDuplicate})
}

// foldResult takes in what became known about a delivery. Results come late, twice and out of
// order; all are kept, and the highest evidence shows.
func (b *Board) foldResult(a *alert, at time.Time, x *alerting.Result) {
	if int(x.Delivery) >= len(a.deliveries) {
		return
	}
	d := &a.deliveries[x.Delivery]
	e := Entry{At: at, State: x.State, Attempt: x.Attempt, ProviderID: x.ProviderID, Code: x.Code, Reason: x.Reason, RetryAt: x.RetryAt, Receipt: x.Receipt}
	switch {
	case x.Receipt || (x.Attempt != 0 && x.Attempt < d.attempts):
		d.learn(e)
	case notSent(x.State):
		if d.state == alerting.Queued || d.state == alerting.Attempting || d.state == alerting.Failed {
			d.settle(e)
		}
	case x.State == alerting.Failed && !x.RetryAt.IsZero():
		e.State = alerting.Queued
		d.settle(e)
		b.resume(a, at, x.Delivery)
	case d.state == alerting.Attempting || x.State.Outranks(d.state) || d.unsettled() && x.State == alerting.Unknown:
		d.settle(e)
		b.resume(a, at, x.Delivery)
	default:
		d.history = append(d.history, e)
	}
}

// unsettled reports whether the provider is still to be asked about the newest attempt.
func (d *delivery) unsettled() bool { return d.state == alerting.Unknown && !d.retryAt.IsZero() }

func notSent(s alerting.State) bool {
	return s == alerting.Suppressed || s == alerting.Canceled || s == alerting.Expired
}

// learn takes in evidence that did not come from the newest call: it can only raise the state. A
// receipt that says that an unsettled attempt failed settles it too.
func (d *delivery) learn(e Entry) {
	d.history = append(d.history, e)
	if e.State.Outranks(d.state) || (e.State == alerting.Failed && (d.state == alerting.Accepted || d.state == alerting.Sent || d.state == alerting.Unknown)) {
		d.state, d.retryAt = e.State, time.Time{}
	}
}

// resume offers a delivery for its next attempt, unless there is no need for one any more.
func (b *Board) resume(a *alert, at time.Time, i uint32) {
	d := &a.deliveries[i]
	if d.retryAt.IsZero() {
		return
	}
	if state, reason := b.blocked(a, d); reason != "" {
		if d.state == alerting.Queued {
			d.settle(Entry{At: at, State: state, Reason: reason})
		}
		d.retryAt = time.Time{}
		return
	}
	b.outbox(d.channel).postpone(a, i, d.retryAt)
}

func (b *Board) foldAnswer(a *alert, at time.Time, x alerting.Answer) {
	for _, i := range x.Recipients {
		if int(i) >= len(a.recipients) {
			continue
		}
		r := &a.recipients[i]
		if x.Retracted {
			r.retract(x)
			continue
		}
		r.answers = append(r.answers, answer{Answer: x, at: at})
	}
	if x.Retracted {
		return
	}
	for _, i := range x.Recipients {
		if int(i) < len(a.recipients) {
			b.cancelAnswered(a, at, &a.recipients[i])
		}
	}
}

// retract takes back the answers that came the same way from the same address.
func (r *recipient) retract(x alerting.Answer) {
	for i := range r.answers {
		if given := &r.answers[i]; given.Via == x.Via && given.Channel == x.Channel && given.Address == x.Address {
			given.retracted = true
		}
	}
}

// cancelAnswered stops what is still due to someone who has answered, unless the same address is
// due to someone who has not. A correction goes to every address, whoever has answered.
func (b *Board) cancelAnswered(a *alert, at time.Time, r *recipient) {
	if a.opened.Alert.Type.Corrects() {
		return
	}
	for _, c := range r.contacts {
		if d := &a.deliveries[c]; a.allAnswered(d) {
			d.stop(at, alerting.Canceled, "already acknowledged")
		}
	}
}

// allAnswered reports whether everyone whom the delivery is for has answered.
func (a *alert) allAnswered(d *delivery) bool {
	for _, i := range d.recipients {
		if a.recipients[i].answered() == nil {
			return false
		}
	}
	return len(d.recipients) > 0
}

func (b *Board) foldRemark(a *alert, at time.Time, x alerting.Remark) {
	a.remarks = append(a.remarks, remark{Remark: x, at: at})
	if x.Kind != alerting.RemarkGap {
		return
	}
	for _, i := range x.Recipients {
		if int(i) < len(a.recipients) {
			a.recipients[i].gap = true
		}
	}
}

// blocked tells why a delivery must not go out, as far as the ledger knows. Reason is "" when it may.
func (b *Board) blocked(a *alert, d *delivery) (state alerting.State, reason string) {
	switch {
	case d.notice != nil:
		return 0, ""
	case a.withdrawn != nil && a.withdrawn.Type == alerting.TypeUpdate:
		return alerting.Canceled, "the alert was replaced by an update"
	case a.withdrawn != nil:
		return alerting.Canceled, "the alert was withdrawn"
	case a.expired:
		return alerting.Expired, "the alert expired"
	case a.opened.Alert.Type == alerting.TypeAlert && a.allAnswered(d):
		return alerting.Canceled, "already acknowledged"
	}
	return 0, ""
}
