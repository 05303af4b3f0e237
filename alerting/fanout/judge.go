package fanout

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"revere/alerting"
	"revere/alerting/tracking"
)

// judge decides on one submission. An error is the engine's; the submission's own go into the
// verdict.
func (p *pass) judge(ctx context.Context, s alerting.Submission) error {
	verdict := alerting.Verdict{Key: s.Key(), Sequence: s.Sequence, Subject: s.Subject}
	err := p.decide(ctx, s, &verdict)
	var refused *alerting.Error
	switch {
	case err == nil:
		verdict.Verdict = alerting.VerdictAccepted
	case errors.As(err, &refused) && refused.Code != alerting.CodeUnavailable && !errors.Is(err, alerting.ErrOvertaken):
		if err := p.reject(ctx, s, refused, &verdict); err != nil {
			return err
		}
	default:
		return err
	}
	p.verdicts = append(p.verdicts, verdict)
	return nil
}

func (p *pass) reject(ctx context.Context, s alerting.Submission, why *alerting.Error, v *alerting.Verdict) error {
	v.Verdict, v.Reason, v.Detail, v.Problems = alerting.VerdictRejected, why.Code, why.Detail, why.Problems
	p.Observe(v.Verdict, 0)
	p.Log.Warn().Str("message", string(v.Key)).Str("subject", s.Subject).Str("reason", why.Code).Msg("alert rejected; `revere rejected` shows it")
	return p.Store.Reject(ctx, alerting.Rejection{
		Key: v.Key, Sequence: s.Sequence, Subject: s.Subject, Received: s.Received, Rejected: p.Now().UTC(), Producer: s.Producer,
		Sealed: s.Sealed, Reason: why.Code, Detail: why.Detail, Problems: why.Problems, Headers: s.Headers, Bytes: len(s.Body),
	}, s.Body)
}

// decide takes the submission in, or says why not.
func (p *pass) decide(ctx context.Context, s alerting.Submission, v *alerting.Verdict) error {
	alert, warnings, err := p.read(s)
	if err != nil {
		return err
	}
	content, err := alerting.ContentHash(s.Body)
	if err != nil {
		return err
	}
	identity := alerting.Identity{Producer: s.Producer, Sender: alert.Sender, ID: alert.ID}.Hash()
	v.ID, v.Sender, v.Warnings = alert.ID, alert.Sender, warnings
	if p.taken[identity] {
		if err := p.flush(ctx); err != nil {
			return err
		}
	}
	opened := alerting.Opened{Alert: alert, Producer: s.Producer, Identity: identity, Content: content, Received: s.Received, Sequence: s.Sequence}
	if known, key, expanded, ok := p.Board.Known(identity); ok {
		return p.repeat(ctx, known, key, expanded, opened, v)
	}
	return p.open(ctx, opened, v)
}

// read decodes the submission with what the way it came by allows.
func (p *pass) read(s alerting.Submission) (alerting.Alert, []alerting.Problem, error) {
	subject, err := alerting.AreaOfSubject(s.Subject)
	if err != nil {
		return alerting.Alert{}, nil, err
	}
	in := alerting.Intake{Now: p.Now(), Atlas: p.Atlas, DefaultID: string(s.Key()), DefaultSent: s.Received}
	if !s.Sealed {
		in.Subject = subject
		if p.Strict {
			in.MayAddress = func(a alerting.Area) bool { return p.Atlas.Covers(subject, a) }
		}
	}
	return in.Decode(s.Body)
}

// repeat deals with an identity that is known: the same content again is the same alert, on another
// area it adds that area, other content is a conflict.
func (p *pass) repeat(ctx context.Context, known alerting.Opened, key alerting.Key, expanded bool, now alerting.Opened, v *alerting.Verdict) error {
	if known.Content != now.Content {
		return alerting.Errorf(alerting.CodeConflict, "an alert with the id %q from %q says something else already (%s); give a new id, or publish an update that references it", now.Alert.ID, now.Alert.Sender, key)
	}
	v.Alert, v.Code, v.Repeated = key, known.Code, known.Sequence != now.Sequence
	if !expanded {
		return p.expandCorrection(ctx, key, known)
	}
	fresh := slices.DeleteFunc(slices.Clone(now.Alert.Areas), func(a alerting.Area) bool { return slices.Contains(known.Alert.Areas, a) })
	if len(fresh) == 0 {
		return nil
	}
	wider := known
	wider.Alert.Areas = fresh
	var plan *plan
	if known.Alert.Type == alerting.TypeCancel {
		plan = newPlan(nil, false) // a withdrawal goes where the alert went, wherever that is
	} else {
		plan = p.plan(wider.Alert, p.Board.Subscribers(key))
	}
	p.Observe(alerting.VerdictAccepted, len(plan.deliveries))
	p.taken[now.Identity] = true
	template := alerting.Record{Alert: key, At: p.Now().UTC()}
	return p.add(ctx, withOpened(plan.records(template), wider))
}

// open gives a new alert its record.
func (p *pass) open(ctx context.Context, opened alerting.Opened, v *alerting.Verdict) error {
	key := alerting.KeyOf(opened.Sequence)
	if opened.Alert.Type.Corrects() {
		corrects, err := p.references(ctx, opened)
		if err != nil {
			return err
		}
		opened.Corrects = corrects
	}
	opened.Code = p.newCode()
	v.Alert, v.Code = key, opened.Code
	p.Log.Info().Str("alert", string(key)).Str("code", opened.Code).Str("severity", string(opened.Alert.Severity)).Str("status", string(opened.Alert.Status)).Msg("alert accepted")
	if opened.Alert.Type.Corrects() {
		return p.withdraw(ctx, key, opened)
	}
	plan := p.plan(opened.Alert, nil)
	p.Observe(alerting.VerdictAccepted, len(plan.deliveries))
	p.taken[opened.Identity] = true
	return p.add(ctx, withOpened(plan.records(alerting.Record{Alert: key, At: p.Now().UTC()}), opened))
}

func withOpened(records []alerting.Record, opened alerting.Opened) []alerting.Record {
	records[0].Opened = &opened
	return records
}

// plan finds whom the alert concerns, but those who have it already.
func (p *pass) plan(alert alerting.Alert, already map[string]bool) *plan {
	if !alert.Status.ReachesPeople() {
		return newPlan(nil, false)
	}
	concerned, uncovered, revision := p.Audience.Match(alert.Areas, alert.Severity, alert.Category)
	concerned = slices.DeleteFunc(concerned, func(c alerting.Candidate) bool { return already[c.Recipient.Subscriber] })
	plan := newPlan(concerned, alert.Severity == alerting.Extreme)
	plan.uncovered, plan.revision = uncovered, revision
	return plan
}

// references finds the alerts that a correction is about. One that was updated since stands for
// its update too: both are what people hold in their hands.
func (p *pass) references(ctx context.Context, o alerting.Opened) ([]alerting.Key, error) {
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
	return keys, problems.Err("the correction was refused")
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
	return p.Board.Find(id)
}

// withdraw stops what is unsent of the alerts that a correction replaces, and then tells everyone
// to whom they were attempted. The two are separate records: only when the first is durable is it
// certain who was attempted, since no dispatcher calls a provider after it.
func (p *pass) withdraw(ctx context.Context, key alerting.Key, opened alerting.Opened) error {
	at := p.Now().UTC()
	records := []alerting.Record{{Alert: key, At: at, Opened: &opened}}
	for _, corrected := range opened.Corrects {
		records = append(records, alerting.Record{Alert: corrected, At: at, Withdrawn: &alerting.Withdrawn{By: key, Type: opened.Alert.Type}})
	}
	if err := p.add(ctx, records); err != nil {
		return err
	}
	if err := p.flush(ctx); err != nil {
		return err
	}
	return p.expandCorrection(ctx, key, opened)
}

// expandCorrection writes the manifest of a correction whose withdrawals are durable.
func (p *pass) expandCorrection(ctx context.Context, key alerting.Key, opened alerting.Opened) error {
	plan := p.planCorrection(opened)
	p.Observe(alerting.VerdictAccepted, len(plan.deliveries))
	p.taken[opened.Identity] = true
	return p.add(ctx, plan.records(alerting.Record{Alert: key, At: p.Now().UTC()}))
}

// planCorrection lists every address that was attempted, and for an update also those whom it
// concerns now and who have heard nothing yet.
func (p *pass) planCorrection(opened alerting.Opened) *plan {
	if !opened.Alert.Status.ReachesPeople() {
		return newPlan(nil, false)
	}
	var candidates []alerting.Candidate
	place := map[string]int{}
	for _, corrected := range opened.Corrects {
		for _, x := range p.Board.Addressed(corrected) {
			if i, ok := place[x.Recipient.Subscriber]; ok {
				candidates[i] = alsoAt(candidates[i], x)
				continue
			}
			place[x.Recipient.Subscriber] = len(candidates)
			candidates = append(candidates, alerting.Candidate{Recipient: x.Recipient, Contacts: append(slices.Clone(x.Attempted), x.Reserve...)})
		}
	}
	var uncovered []alerting.Area
	var revision uint64
	if opened.Alert.Type == alerting.TypeUpdate {
		var concerned []alerting.Candidate
		concerned, uncovered, revision = p.Audience.Match(opened.Alert.Areas, opened.Alert.Severity, opened.Alert.Category)
		for _, c := range concerned {
			if _, ok := place[c.Recipient.Subscriber]; !ok {
				candidates = append(candidates, c)
			}
		}
	}
	plan := newPlan(candidates, opened.Alert.Severity == alerting.Extreme)
	plan.uncovered, plan.revision = uncovered, revision
	return plan
}

// alsoAt adds the addresses at which another of the corrected alerts was attempted.
func alsoAt(c alerting.Candidate, x tracking.Addressed) alerting.Candidate {
	for _, extra := range x.Attempted {
		i := slices.IndexFunc(c.Contacts, func(have alerting.Planned) bool {
			return have.Channel == extra.Channel && have.Address == extra.Address
		})
		if i < 0 {
			c.Contacts = append(c.Contacts, extra)
		} else {
			c.Contacts[i].Active = true
		}
	}
	return c
}
