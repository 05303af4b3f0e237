package fanout

import (
	"context"
	"errors"
	"fmt"
	"slices"

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
	case alerting.Hopeless(err) && errors.As(err, &refused):
		if err := p.refuse(ctx, s, refused, &verdict); err != nil {
			return err
		}
	default:
		return err
	}
	p.verdicts = append(p.verdicts, verdict)
	return nil
}

// refuse rejects a submission, unless it is a correction that is on record, now or since an earlier message, and
// can't be expanded: it has withdrawn what it corrects. One that would be widened and is over is refused.
func (p *pass) refuse(ctx context.Context, s alerting.Submission, why *alerting.Error, v *alerting.Verdict) error {
	head, onRecord := p.Board.Head(v.Alert)
	if !onRecord || head.Expanded || why.Code == alerting.CodeClosed {
		return p.reject(ctx, s, why, v)
	}
	v.Verdict = alerting.VerdictAccepted
	return p.giveUp(ctx, v.Alert, toNobody, why)
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

// decide takes the submission in, or says why not. One that makes it panic is refused like any other:
// it is kept, and the next does not wait.
func (p *pass) decide(ctx context.Context, s alerting.Submission, v *alerting.Verdict) (err error) {
	defer alerting.Rescue(&err)
	if mine, ok := p.Board.Opened(s.Key()); ok {
		return p.complete(ctx, s.Key(), mine, v)
	}
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
	return p.open(ctx, s, opened, v)
}

// complete deals with a submission that a pass before has taken in: it ended before its producer
// was told. What was accepted stays so, whatever has changed since.
func (p *pass) complete(ctx context.Context, key alerting.Key, opened alerting.Opened, v *alerting.Verdict) error {
	v.ID, v.Sender, v.Alert, v.Code = opened.Alert.ID, opened.Alert.Sender, key, opened.Code
	if p.taken[opened.Identity] {
		if err := p.flush(ctx); err != nil {
			return err
		}
	}
	if head, _ := p.Board.Head(key); head.Expanded {
		return nil
	}
	return p.expandCorrection(ctx, key, opened)
}

// read decodes the submission with what the way it came by allows.
func (p *pass) read(s alerting.Submission) (alerting.Alert, []alerting.Problem, error) {
	subject, err := alerting.AreaOfSubject(s.Subject)
	if err != nil {
		return alerting.Alert{}, nil, err
	}
	now := p.Now()
	if since := p.inDoubt(s.Sequence, s.Received); !since.IsZero() {
		now = since // it may have gone out before it was over, and then has to be withdrawn
	}
	in := alerting.Intake{Now: now, Atlas: p.Atlas, DefaultID: string(s.Key()), DefaultSent: s.Received, MayAddress: p.mayAddress(s, subject)}
	if !s.Sealed {
		in.Subject = subject
	}
	return in.Decode(s.Body)
}

// mayAddress is what the way by which a submission came allows; nil for everything. What the API
// has sealed it has checked.
func (p *pass) mayAddress(s alerting.Submission, subject alerting.Area) func(alerting.Area) bool {
	if s.Sealed || !p.Strict {
		return nil
	}
	return func(a alerting.Area) bool { return p.Atlas.Covers(subject, a) }
}

// repeat deals with an identity that is known: the same content again is the same alert, on another
// area it adds that area, other content is a conflict.
func (p *pass) repeat(ctx context.Context, known alerting.Opened, key alerting.Key, expanded bool, now alerting.Opened, v *alerting.Verdict) error {
	if known.Content != now.Content {
		return alerting.Errorf(alerting.CodeConflict, "an alert with the id %q from %q says something else already (%s); give a new id, or publish an update that references it", now.Alert.ID, now.Alert.Sender, key)
	}
	v.Alert, v.Code, v.Repeated = key, known.Code, true
	fresh := slices.DeleteFunc(slices.Clone(now.Alert.Areas), func(a alerting.Area) bool { return slices.Contains(known.Alert.Areas, a) })
	if len(fresh) == 0 && !expanded {
		return p.expandCorrection(ctx, key, known)
	}
	if len(fresh) == 0 {
		return nil
	}
	if head, _ := p.Board.Head(key); head.Phase != tracking.Open {
		return alerting.Errorf(alerting.CodeClosed, "%s is %s and can't be widened to %s; publish it anew under another id", key, head.Phase, fresh)
	}
	wider := known
	wider.Alert.Areas = fresh
	if !expanded {
		return p.widenUnexpanded(ctx, key, wider)
	}
	if err := p.recall(key); err != nil {
		return err
	}
	var plan *plan
	if known.Alert.Type == alerting.TypeCancel {
		plan = newPlan(alerting.Candidates{}, false) // a withdrawal goes where the alert went, wherever that is
	} else {
		plan = p.plan(wider.Alert, p.Board.Subscribers(key))
	}
	p.Observe(alerting.VerdictAccepted, len(plan.deliveries))
	p.taken[now.Identity] = true
	return p.add(ctx, withOpened(plan.records(p.template(key, now.Sequence, now.Received)), wider))
}

// widenUnexpanded adds areas to a correction that has no manifest yet: the one that it gets is for all of
// them.
func (p *pass) widenUnexpanded(ctx context.Context, key alerting.Key, wider alerting.Opened) error {
	if err := p.add(ctx, []alerting.Record{{Alert: key, At: p.moment(), Opened: &wider}}); err != nil {
		return err
	}
	if err := p.flush(ctx); err != nil {
		return err
	}
	all, _ := p.Board.Opened(key)
	return p.expandCorrection(ctx, key, all)
}

// open gives a new alert its record.
func (p *pass) open(ctx context.Context, s alerting.Submission, opened alerting.Opened, v *alerting.Verdict) error {
	key := alerting.KeyOf(opened.Sequence)
	if opened.Alert.Type.Corrects() {
		corrects, err := p.references(ctx, s, opened)
		if err != nil {
			return err
		}
		opened.Corrects = corrects
	}
	if p.measure != nil {
		if err := p.measure.refuse(p.Now(), &opened.Alert); err != nil {
			return err
		}
	}
	code, err := p.newCode(opened)
	if err != nil {
		return err
	}
	if p.measure != nil {
		p.measure.opened(&opened.Alert)
	}
	opened.Code = code
	v.Alert, v.Code = key, opened.Code
	p.Log.Info().Str("alert", string(key)).Str("code", opened.Code).Str("severity", string(opened.Alert.Severity)).Str("status", string(opened.Alert.Status)).Msg("alert accepted")
	if opened.Alert.Type.Corrects() {
		return p.withdraw(ctx, key, opened)
	}
	plan := p.plan(opened.Alert, nil)
	p.Observe(alerting.VerdictAccepted, len(plan.deliveries))
	p.taken[opened.Identity] = true
	records := withOpened(plan.records(p.template(key, opened.Sequence, opened.Received)), opened)
	records[0].Remarks = p.doubts(opened.Alert, plan, v)
	return p.add(ctx, records)
}

// doubts tells the producer and the desk whom the alert may have missed.
func (p *pass) doubts(alert alerting.Alert, plan *plan, v *alerting.Verdict) (remarks []alerting.Remark) {
	if !alert.Status.ReachesPeople() {
		return nil
	}
	if len(plan.recipients) == 0 {
		v.Warnings = append(v.Warnings, alerting.Problem{Pointer: "/areas", Code: alerting.CodeNobody, Detail: "nobody is subscribed whom this alert would reach: it is kept and goes to no one"})
	}
	unplaced := p.Unplaced(alert.Areas)
	if len(unplaced) == 0 {
		return nil
	}
	named := unplaced[:min(len(unplaced), mostNamed)]
	detail := fmt.Sprintf("%d areas may be concerned and were left out, since it is not known in which county they lie, such as %s; import the state's municipalities (revere areas import)", len(unplaced), alerting.ListAreas(named))
	v.Warnings = append(v.Warnings, alerting.Problem{Pointer: "/areas", Code: alerting.CodeUnknownArea, Detail: detail})
	return []alerting.Remark{{Kind: alerting.RemarkUnplaced, Detail: detail}}
}

// mostNamed bounds the areas that one remark names.
const mostNamed = 5

func withOpened(records []alerting.Record, opened alerting.Opened) []alerting.Record {
	records[0].Opened = &opened
	return records
}

// plan finds whom the alert concerns. Those who have it already are sent nothing more, and answer
// for the new areas too.
func (p *pass) plan(alert alerting.Alert, already map[string]bool) *plan {
	if !alert.Status.ReachesPeople() {
		return newPlan(alerting.Candidates{}, false)
	}
	concerned, uncovered, revision := p.Audience.Match(alert.Areas, alert.Severity, alert.Category)
	for i := range concerned.Recipients {
		if already[concerned.Recipients[i].Subscriber] {
			concerned.Contacts[i] = nil
		}
	}
	plan := newPlan(concerned, alert.Severity == alerting.Extreme)
	plan.uncovered, plan.revision = uncovered, revision
	return plan
}
