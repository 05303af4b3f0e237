package tracking

import (
	"time"

	"revere/alerting"
)

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
	switch x.Kind {
	case alerting.RemarkGap:
		for _, i := range x.Recipients {
			if int(i) < len(a.recipients) {
				a.recipients[i].gap = true
			}
		}
	case alerting.RemarkOptOut, alerting.RemarkOptIn:
		if i, ok := a.index[alerting.NewDeliveryID(a.key, x.Channel, x.Address)]; ok {
			b.foldWish(a, at, i, x.Kind == alerting.RemarkOptOut)
		}
	}
}

// foldWish takes in that a person sent STOP or START. START makes due again what STOP stopped, and
// puts a contact that was never used back in reserve.
func (b *Board) foldWish(a *alert, at time.Time, i uint32, out bool) {
	d := &a.deliveries[i]
	d.optedOut = out
	if _, blocked := a.blocked(d); out || d.state != alerting.Suppressed || blocked != "" {
		return
	}
	wasDue := d.active
	d.state, d.active = alerting.Queued, false
	if wasDue {
		b.activate(a, at, i, "the person sent START")
	}
}
