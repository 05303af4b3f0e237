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
		a.stop(r.At)
	}
}

func (b *Board) foldOpened(sequence uint64, r *alerting.Record) *alert {
	if a := b.alerts[r.Alert]; a != nil { // the same content on another area
		a.opened.Alert.Areas = union(a.opened.Alert.Areas, r.Opened.Alert.Areas)
		a.manifested = false
		return a
	}
	a := &alert{
		key: r.Alert, opened: *r.Opened, openedAt: r.At, first: sequence, duringExercise: b.exerciseOpen(),
		index: map[alerting.DeliveryID]uint32{}, queues: map[string]*queue{}, people: map[string]uint32{}, helped: map[string]bool{}, noticed: map[string]int{},
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
	if m.Part != len(a.parts) {
		return // a part before it can't be read: half a list is none, and the alert stays unexpanded
	}
	a.parts = append(a.parts, m)
	if m.Part != m.Parts-1 {
		return
	}
	parts := a.parts
	a.parts = nil
	a.manifested, a.revision = true, m.Revision

	messages, people := 0, 0
	for _, p := range parts {
		messages, people = messages+len(p.Deliveries), people+len(p.Recipients)
	}
	a.deliveries, a.recipients = slices.Grow(a.deliveries, messages), slices.Grow(a.recipients, people)
	here := make([]uint32, 0, messages) // the manifest's delivery index → the alert's
	for _, p := range parts {
		for _, planned := range p.Deliveries {
			here = append(here, b.plan(a, at, planned))
		}
		a.uncovered = union(a.uncovered, p.Uncovered)
	}
	for _, p := range parts {
		for _, r := range p.Recipients {
			b.addRecipient(a, r, here)
		}
	}
	b.deliverAll(a, at, parts, here)
	a.stop(at) // where the alert ended while its areas were added
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

// addRecipient adds a recipient with their contacts. One who is on the board already, since the
// alert was for fewer areas before, answers for more areas from then on.
func (b *Board) addRecipient(a *alert, r alerting.Recipient, here []uint32) {
	if i, known := a.people[r.Subscriber]; known {
		a.recipients[i].Areas = union(a.recipients[i].Areas, r.Areas)
		return
	}
	i := uint32(len(a.recipients))
	a.people[r.Subscriber] = i
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
	if int(x.Delivery) >= len(a.deliveries) {
		return
	}
	if _, blocked := a.blocked(&a.deliveries[x.Delivery]); blocked == "" {
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

// stop ends every delivery that is due and has not gone out, where the alert is over. Confirmations
// of answers still go: the person is waiting for them.
func (a *alert) stop(at time.Time) {
	state, reason := a.over()
	if reason == "" {
		return
	}
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

func (b *Board) foldWithdrawn(a *alert, r *alerting.Record) {
	if a.withdrawn != nil {
		return
	}
	a.withdrawn = r.Withdrawn
	a.stop(r.At)
}

// union is x with what y has besides, in a list of its own.
func union(x, y []alerting.Area) []alerting.Area {
	have := make(map[alerting.Area]bool, len(x)+len(y))
	for _, area := range x {
		have[area] = true
	}
	x = slices.Clip(x)
	for _, area := range y {
		if !have[area] {
			have[area] = true
			x = append(x, area)
		}
	}
	return x
}
