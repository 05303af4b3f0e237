package tracking

import (
	"time"

	"revere/alerting"
)

type answer struct {
	alerting.Answer
	at        time.Time
	retracted bool
}

func (b *Board) foldAnswer(a *alert, at time.Time, x alerting.Answer) {
	for _, i := range x.Recipients {
		if int(i) >= len(a.recipients) {
			continue
		}
		before := a.answered(i)
		if x.Retracted {
			a.retract(i, x)
		} else {
			a.answers[i] = append(a.answers[i], &answer{Answer: x, at: at})
		}
		b.recountAnswers(a, i, before)
	}
	if x.Retracted {
		return
	}
	for _, i := range x.Recipients {
		if int(i) < len(a.recipients) {
			b.cancelAnswered(a, at, i)
		}
	}
}

// answered is the answer of a recipient that counts: of those that were not taken back the newest
// that says more than a plain ACK, else the newest. An ACK that follows takes back nothing of what
// was said.
func (a *alert) answered(recipient uint32) *answer {
	if !a.recipients[recipient].status.has(answered) {
		return nil
	}
	return counting(a.answers[recipient])
}

func counting(answers []*answer) (newest *answer) {
	for i := len(answers) - 1; i >= 0; i-- {
		switch given := answers[i]; {
		case given.retracted:
		case given.Response != "" || given.Note != "":
			return given
		case newest == nil:
			newest = given
		}
	}
	return newest
}

// firstOf is the first answer that was not taken back: when the person was reached for certain.
func firstOf(answers []*answer) *answer {
	for _, given := range answers {
		if !given.retracted {
			return given
		}
	}
	return nil
}

// retract takes back the answers that came the same way from the same address.
func (a *alert) retract(recipient uint32, x alerting.Answer) {
	for _, given := range a.answers[recipient] {
		if given.Via == x.Via && given.Channel == x.Channel && given.Address == x.Address {
			given.retracted = true
		}
	}
}

// recountAnswers brings what counts answers in step with a recipient's; before is the one that
// counted until then.
func (b *Board) recountAnswers(a *alert, i uint32, before *answer) {
	r := &a.recipients[i]
	now := counting(a.answers[i])
	if before != nil {
		a.tally.responses[responseKey(before)]--
		if a.tally.responses[responseKey(before)] == 0 {
			delete(a.tally.responses, responseKey(before))
		}
	}
	if now != nil {
		a.tally.responses[responseKey(now)]++
	}
	if (now != nil) != r.status.has(answered) {
		was := r.status
		r.status ^= answered
		b.counts(a, r, was)
		a.noteGap(i, r.status)
	}
	given := firstOf(a.answers[i])
	for _, g := range b.groupsOf(a, r) {
		switch {
		case g.first != nil && g.first.answer.retracted:
			b.findFirst(a, g)
		case given != nil && (g.first == nil || earlier(i, given, g.first)):
			g.first = &first{i, given}
		}
	}
}

// findFirst looks for a group's first answer among all answers: the one before was taken back, or has
// moved.
func (b *Board) findFirst(a *alert, g *group) {
	g.first = nil
	for i := range a.answers {
		given := firstOf(a.answers[i])
		if given == nil || g.first != nil && !earlier(i, given, g.first) {
			continue
		}
		for _, own := range b.groupsOf(a, &a.recipients[i]) {
			if own == g {
				g.first = &first{i, given}
			}
		}
	}
}

// earlier orders answers by their time, and those of one moment by their recipients.
func earlier(recipient uint32, given *answer, than *first) bool {
	if c := given.at.Compare(than.answer.at); c != 0 {
		return c < 0
	}
	return recipient < than.recipient
}

func responseKey(a *answer) string {
	if a.Response == "" {
		return "ack"
	}
	return a.Response
}

// cancelAnswered stops what is still due to someone who has answered, unless the same address is
// due to someone who has not. A correction goes to every address, whoever has answered.
func (b *Board) cancelAnswered(a *alert, at time.Time, recipient uint32) {
	if a.opened.Alert.Type.Corrects() {
		return
	}
	for _, i := range a.rungs(&a.recipients[recipient]) {
		if d := &a.deliveries[i]; a.allAnswered(i) {
			before := d.standing()
			a.stop(d, at, alerting.Canceled, "already acknowledged")
			b.recount(a, i, before)
		}
	}
}

// allAnswered reports whether everyone whom the delivery is for has answered.
func (a *alert) allAnswered(i uint32) bool {
	people := a.behind(i)
	for _, r := range people {
		if !a.recipients[r].status.has(answered) {
			return false
		}
	}
	return len(people) > 0
}

func (b *Board) foldRemark(a *alert, at time.Time, x alerting.Remark) {
	a.remarks = append(a.remarks, remark{Remark: x, at: at})
	switch x.Kind {
	case alerting.RemarkGap:
		for _, i := range x.Recipients {
			if int(i) < len(a.recipients) {
				a.recipients[i].status |= gapSeen
			}
		}
	case alerting.RemarkUnexpanded:
		a.givenUp = x.Detail
	case alerting.RemarkOptOut, alerting.RemarkOptIn:
		if i, ok := b.findAddress(a, x.Channel, x.Address); ok {
			b.foldWish(a, at, i, x.Kind == alerting.RemarkOptOut)
		}
	}
}

// foldWish takes in that a person sent STOP or START. START makes due again what STOP stopped, and
// puts a contact that was never used back in reserve.
func (b *Board) foldWish(a *alert, at time.Time, i uint32, out bool) {
	d := &a.deliveries[i]
	before := d.standing()
	d.traits.set(optedOut, out)
	if _, blocked := a.blocked(i); !out && d.state == alerting.Suppressed && blocked == "" {
		wasDue := d.active()
		d.state = alerting.Queued
		d.traits.set(active, false)
		if wasDue {
			b.activate(a, at, i, "the person sent START")
		}
	}
	b.recount(a, i, before)
}
