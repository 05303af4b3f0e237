package fanout

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"revere/alerting"
	"revere/alerting/faults"
	"revere/alerting/tracking"
)

// references finds the alerts that a correction is about. One that was updated stands for its
// update too, and an update for what it replaced: all are what people hold in their hands.
func (p *pass) references(ctx context.Context, s alerting.Submission, o alerting.Opened) ([]alerting.Key, error) {
	if err := p.flush(ctx); err != nil { // it may correct one of this pass
		return nil, err
	}
	var problems alerting.Problems
	var keys []alerting.Key
	for i, reference := range o.Alert.References {
		at := "/references/" + strconv.Itoa(i)
		key, err := p.reference(o, reference)
		if err != nil {
			problems.Add(at, alerting.CodeReference, "%s", err.Error())
			continue
		}
		for key != "" && !slices.Contains(keys, key) {
			original, _ := p.Board.Head(key)
			mayCorrect(&problems, at, original, o)
			keys = append(keys, key)
			key = original.ReplacedBy
		}
	}
	keys = p.Board.WithReplaced(keys)
	p.mayAddressAll(&problems, s, keys)
	return keys, problems.Err("the correction was refused")
}

// mayAddressAll says which of the alerts the producer may not correct: one that may address a town
// does not withdraw what a state was told.
func (p *pass) mayAddressAll(problems *alerting.Problems, s alerting.Submission, keys []alerting.Key) {
	subject, err := alerting.AreaOfSubject(s.Subject)
	may := p.mayAddress(s, subject)
	if err != nil || may == nil {
		return
	}
	for _, key := range keys {
		opened, _ := p.Board.Opened(key)
		for _, area := range opened.Alert.Areas {
			if !may(area) {
				problems.Add("/references", alerting.CodeForbidden, "%s concerns %q too, which a message on %s does not cover; publish the correction on a subject that does", key, area, s.Subject)
			}
		}
	}
}

// mayCorrect says what stands against a correction of an alert.
func mayCorrect(problems *alerting.Problems, at string, original tracking.Summary, o alerting.Opened) {
	switch {
	case original.Phase == tracking.Canceled:
		problems.Add(at, alerting.CodeConflict, "%s was withdrawn already, by %s", original.Key, original.ReplacedBy)
	case original.Alert.Status != o.Alert.Status:
		problems.Add(at, alerting.CodeInvalid, "a correction has the status of what it corrects: %s is %q, not %q", original.Key, original.Alert.Status, o.Alert.Status)
	case o.Producer == alerting.AnyProducer && (original.Producer != o.Producer || original.Alert.Sender != o.Alert.Sender):
		problems.Add(at, alerting.CodeForbidden, "%s is from another producer; only %q may correct it, or the desk over HTTP", original.Key, original.Alert.Sender)
	}
}

// reference finds one alert by the id that its producer gave it, by CAP's triple
// "sender,identifier,sent" (CAP 1.2 §3.2.1, references), or by its key.
func (p *pass) reference(o alerting.Opened, reference string) (alerting.Key, error) {
	sender, id := o.Alert.Sender, reference
	if parts := strings.Split(reference, ","); len(parts) == 3 {
		sender, id = parts[0], parts[1]
	}
	identity := alerting.Identity{Producer: o.Producer, Sender: sender, ID: id}.Hash()
	if _, key, _, ok := p.Board.Known(identity); ok {
		return key, nil
	}
	key, err := p.Board.Find(id)
	if opened, _ := p.Board.Opened(key); err == nil && id != reference && opened.Alert.Sender != sender {
		return "", alerting.Errorf(alerting.CodeNotFound, "no alert from %q has the id %q", sender, id)
	}
	return key, err
}

// withdraw stops what is unsent of the alerts that a correction replaces, and then tells everyone
// to whom they were attempted. The two are separate records: only when the first is durable is it
// certain who was attempted, since no dispatcher calls a provider after it.
func (p *pass) withdraw(ctx context.Context, key alerting.Key, opened alerting.Opened) error {
	first := p.template(key, opened.Sequence, opened.Received)
	first.Opened = &opened
	records := []alerting.Record{first}
	for _, corrected := range opened.Corrects {
		if head, _ := p.Board.Head(corrected); head.ReplacedBy != "" {
			continue
		}
		records = append(records, alerting.Record{Alert: corrected, At: first.At, Withdrawn: &alerting.Withdrawn{By: key, Type: opened.Alert.Type}})
	}
	if err := p.add(ctx, records); err != nil {
		return err
	}
	if err := p.flush(ctx); err != nil {
		return err
	}
	faults.Reach(faults.AfterWithdrawal)
	return p.expandCorrection(ctx, key, opened)
}

// expandCorrection writes the manifest of a correction whose withdrawals are durable. Where what it
// corrects is filed, the pass leaves it to who has that read again, if there is someone. One that was given up
// stays so, though it is published again: its producer was told.
func (p *pass) expandCorrection(ctx context.Context, key alerting.Key, opened alerting.Opened) error {
	if p.Board.GivenUp(key) != "" {
		return nil
	}
	if p.later != nil && slices.ContainsFunc(opened.Corrects, p.Board.Away) {
		p.later(key, opened)
		return nil
	}
	plan, err := p.planCorrection(opened)
	if err != nil {
		return err
	}
	p.Observe(alerting.VerdictAccepted, len(plan.deliveries))
	p.taken[opened.Identity] = true
	return p.add(ctx, plan.records(p.template(key, opened.Sequence, opened.Received)))
}

// recall makes sure that an alert's people can be listed: one that can't be read is not one without any.
func (p *pass) recall(key alerting.Key) error {
	if err := p.Board.Recall(key); err != nil {
		return unreadable(key, err)
	}
	return nil
}

func unreadable(key alerting.Key, err error) error {
	return alerting.Errorf(alerting.CodeUnavailable, "the people of %s can't be read now: %v", key, err)
}

// planCorrection lists every address that was attempted, and for an update also those whom it
// concerns now and who have heard nothing yet.
func (p *pass) planCorrection(opened alerting.Opened) (*plan, error) {
	if !opened.Alert.Status.ReachesPeople() {
		return newPlan(alerting.Candidates{}, false), nil
	}
	var candidates alerting.Candidates
	place := map[string]int{}
	for _, corrected := range opened.Corrects {
		addressed, err := p.Board.Addressed(corrected)
		if err != nil {
			return nil, unreadable(corrected, err)
		}
		for _, x := range addressed {
			if i, ok := place[x.Recipient.Subscriber]; ok {
				areas := &candidates.Recipients[i].Areas
				*areas = alerting.UnionAreas(*areas, x.Recipient.Areas)
				candidates.Contacts[i] = alsoAt(candidates.Contacts[i], x.Attempted)
				continue
			}
			place[x.Recipient.Subscriber] = len(candidates.Recipients)
			candidates.Add(x.Recipient, append(slices.Clone(x.Attempted), x.Reserve...))
		}
	}
	var uncovered []alerting.Area
	var revision uint64
	if opened.Alert.Type == alerting.TypeUpdate {
		var concerned alerting.Candidates
		concerned, uncovered, revision = p.Audience.Match(opened.Alert.Areas, opened.Alert.Severity, opened.Alert.Category)
		for j, r := range concerned.Recipients {
			i, ok := place[r.Subscriber]
			if !ok {
				candidates.Add(r, concerned.Contacts[j])
				continue
			}
			areas := &candidates.Recipients[i].Areas
			*areas = alerting.UnionAreas(*areas, r.Areas)
		}
	}
	plan := newPlan(candidates, opened.Alert.Severity == alerting.Extreme)
	plan.uncovered, plan.revision = uncovered, revision
	return plan, nil
}

// alsoAt adds the addresses at which another of the corrected alerts was attempted.
func alsoAt(contacts, attempted []alerting.Planned) []alerting.Planned {
	for _, extra := range attempted {
		i := slices.IndexFunc(contacts, func(have alerting.Planned) bool {
			return have.Channel == extra.Channel && have.Address == extra.Address
		})
		if i < 0 {
			contacts = append(contacts, extra)
		} else {
			contacts[i].Active, contacts[i].Suppressed = true, "" // whether STOP still stands is asked before each call
		}
	}
	return contacts
}
