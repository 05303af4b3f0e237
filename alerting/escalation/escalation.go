// Package escalation is what happens while an answer is missing: the next contact of someone whom
// the last one does not reach, the gap when there is none, and the end of an alert whose time is
// over.
//
// Its timers are facts in the ledger, not in a process: a contact's time runs from the record that
// made it due, an alert's from its own. After any outage whoever reads the ledger finds what has
// become overdue, and what is no longer true by then does not happen.
package escalation

import (
	"context"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"revere/alerting"
	"revere/alerting/faults"
	"revere/alerting/tracking"
)

// A Policy says how long one contact has before the next is used, by severity. A severity without
// an entry waits for its contact to fail. Extreme alerts use all contacts at once.
type Policy map[alerting.Severity]time.Duration

// wait is how long a contact has; zero for as long as it takes.
func (p Policy) wait(s alerting.Severity) time.Duration {
	if s == alerting.UnknownSeverity {
		s = alerting.Severe
	}
	return p[s]
}

// Since tells from when what the policy goes by could be true.
type Since struct {
	// Open is when messages could begin to go out; zero where they always could. A contact has its time
	// from then on: while nothing could be sent, none has failed.
	Open time.Time
	// Watched is when this process began to watch. What providers told while nobody listened takes a
	// moment to be asked for, or read: a message that a provider has is not taken for undelivered sooner.
	Watched time.Time
}

// The moment that is left for what providers told while nobody listened: a quarter of a contact's time,
// mostCatchUp at most.
const mostCatchUp = 15 * time.Second

// deadline is when a contact has had its time.
func (s Since) deadline(activated time.Time, wait time.Duration, taken bool) time.Time {
	if activated.Before(s.Open) {
		activated = s.Open
	}
	deadline := activated.Add(wait)
	if heard := s.Watched.Add(min(wait/4, mostCatchUp)); taken && deadline.Before(heard) {
		return heard
	}
	return deadline
}

// A Step is what a recipient needs now.
type Step struct {
	// Next is the contact to use now; nil for none.
	Next   *tracking.Rung
	Reason string
	// Gap is set when nothing can reach the recipient any more.
	Gap bool
	// At is when to look again; zero for at the next change.
	At time.Time
}

// Next decides what one recipient needs now.
func (p Policy) Next(ladder tracking.Ladder, severity alerting.Severity, since Since, now time.Time) Step {
	if ladder.Answered {
		return Step{}
	}
	var latest *tracking.Rung
	dead, arrived, taken := true, false, false
	for i := range ladder.Rungs {
		r := &ladder.Rungs[i]
		if !r.Active || r.State == alerting.Canceled {
			continue
		}
		dead = dead && r.Lost
		arrived = arrived || r.State.Arrived() && !r.Lost
		taken = taken || r.State == alerting.Accepted || r.State == alerting.Sent
		if latest == nil || r.ActivatedAt.After(latest.ActivatedAt) {
			latest = r
		}
	}
	next := nextRung(ladder.Rungs)
	switch {
	case arrived:
		return Step{}
	case next == nil:
		return Step{Gap: dead && !ladder.Gap}
	case latest == nil:
		return Step{Next: next, Reason: "the answer was taken back"}
	case dead:
		return Step{Next: next, Reason: "the contact before failed"}
	}
	wait := p.wait(severity)
	if wait == 0 {
		return Step{}
	}
	if deadline := since.deadline(latest.ActivatedAt, wait, taken); now.Before(deadline) {
		return Step{At: deadline}
	}
	return Step{Next: next, Reason: "not delivered within " + wait.String()}
}

// nextRung is the first contact that has not been used, or whose use was stopped by an answer that
// was taken back since.
func nextRung(rungs []tracking.Rung) *tracking.Rung {
	for i := range rungs {
		if r := &rungs[i]; !r.Active && r.State == alerting.Queued || r.State == alerting.Canceled {
			return r
		}
	}
	return nil
}

// An Escalator carries the policy out for every open alert.
type Escalator struct {
	Board   *tracking.Board
	Journal alerting.Journal
	Policy  Policy
	Now     func() time.Time
	Log     zerolog.Logger
	// OpenSince tells when messages could begin to go out, at a given time; nil when they always could.
	OpenSince func(now time.Time) time.Time
	// InDoubt tells since when contacts may have been used, unknown to the board, for an alert that was
	// published at a sequence; zero where none can have. Nil: none ever.
	InDoubt func(sequence uint64, received time.Time) time.Time

	began time.Time // when it began to watch
	seen  map[alerting.Key]watched
}

// watched is what is known of an alert since it was last looked at.
type watched struct {
	sequence uint64 // of the newest record then
	next     time.Time
}

const (
	// settle gathers the changes of a moment into one look. While a look takes long, since much is
	// under way, the pause is breathers times as long as it: looking must not hold up sending.
	settle    = 20 * time.Millisecond
	breathers = 30
	// longestRest bounds how late a timer fires when the clock was set.
	longestRest = 5 * time.Second
)

// Run watches until ctx is done. An error means that the ledger could not be written.
func (e *Escalator) Run(ctx context.Context) error {
	e.began, e.seen = e.Now(), map[alerting.Key]watched{}
	for {
		updated, began := e.Board.Updated(), time.Now()
		next, err := e.look(context.WithoutCancel(ctx))
		took := time.Since(began)
		if err != nil {
			return err
		}
		timer := time.NewTimer(e.rest(next))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		case <-updated:
			timer.Stop()
			if !pause(ctx, max(settle, breathers*took)) {
				return nil
			}
		}
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

func (e *Escalator) rest(next time.Time) time.Duration {
	if next.IsZero() {
		return longestRest
	}
	return min(max(next.Sub(e.Now()), time.Millisecond), longestRest)
}

// look does what is due in every open alert, and returns when the next thing will be.
func (e *Escalator) look(ctx context.Context) (next time.Time, err error) {
	now := e.Now()
	var records []alerting.Record
	open := map[alerting.Key]watched{}
	for _, key := range e.Board.OpenKeys() {
		head, _ := e.Board.Head(key)
		w, known := e.seen[key]
		if !known || w.sequence != head.Sequence || !w.next.IsZero() && !now.Before(w.next) {
			needed, at := e.lookAt(head, now)
			records = append(records, needed...)
			w = watched{head.Sequence, at}
		}
		open[key] = w
		if next.IsZero() || !w.next.IsZero() && w.next.Before(next) {
			next = w.next
		}
	}
	e.seen = open
	if len(records) == 0 {
		return next, nil
	}
	faults.Reach(faults.BeforeTimer)
	sequence, err := e.Journal.Append(ctx, records...)
	if err != nil {
		return next, err
	}
	faults.Reach(faults.AfterTimer)
	return next, e.Board.Wait(ctx, sequence)
}

// lookAt decides what one alert needs now, and when to look at it again.
func (e *Escalator) lookAt(head tracking.Summary, now time.Time) ([]alerting.Record, time.Time) {
	template := alerting.Record{Alert: head.Key, At: now.UTC().Truncate(time.Millisecond)}
	next := head.Alert.Expires
	if !now.Before(next) {
		template.Expired = true
		return []alerting.Record{template}, time.Time{}
	}
	var activations []alerting.Activation
	var remarks []alerting.Remark
	activated := map[uint32]bool{}
	since := Since{Watched: e.began}
	if e.OpenSince != nil {
		since.Open = e.OpenSince(now)
	}
	e.Board.Ladders(head.Key, func(ladder tracking.Ladder) {
		step := e.Policy.Next(ladder, head.Alert.Severity, since, now)
		switch {
		case step.Next != nil && !activated[step.Next.Delivery]:
			activated[step.Next.Delivery] = true
			activations = append(activations, alerting.Activation{Delivery: step.Next.Delivery, Reason: step.Reason})
		case step.Gap:
			remarks = append(remarks, alerting.Remark{
				Kind: alerting.RemarkGap, Recipients: []uint32{ladder.Recipient}, Detail: ladder.Name + " can't be reached: no contact is left",
			})
		case !step.At.IsZero() && step.At.Before(next):
			next = step.At
		}
	})
	if opened, ok := e.Board.Opened(head.Key); ok && e.InDoubt != nil {
		template.InDoubt = e.InDoubt(opened.Sequence, opened.Received)
	}
	return records(template, activations, remarks), next
}

// perRecord bounds what one record holds: a whole blast can fall back in one moment.
const perRecord = 500

func records(template alerting.Record, activations []alerting.Activation, remarks []alerting.Remark) (all []alerting.Record) {
	for part := range slices.Chunk(activations, perRecord) {
		r := template
		r.Activated = part
		all = append(all, r)
	}
	for part := range slices.Chunk(remarks, perRecord) {
		r := template
		r.Remarks = part
		all = append(all, r)
	}
	return all
}
