package fanout

import (
	"context"
	"fmt"
	"slices"
	"time"

	"revere/alerting"
	"revere/alerting/tracking"
)

// The producer of a late correction has two verdicts: that it is accepted and goes to nobody yet, and what
// became of it. The second replaces the first, so that the last one that is kept tells whether it is still due,
// whichever router gave it.

// amendAgain is after how long a second verdict is tried again that could not be given.
const amendAgain = 5 * time.Second

// Unexpanded is what the producer of a correction is told that has no manifest.
func Unexpanded(board *tracking.Board, key alerting.Key) alerting.Problem {
	doubt := alerting.Problem{Pointer: "/references", Code: alerting.CodeUnexpanded, Detail: board.GivenUp(key)}
	if doubt.Detail == "" {
		doubt.Detail = fmt.Sprintf("what it corrects is withdrawn, and nobody has been told yet: that is long past, and who had it is being read again; verdicts.%s will say when that is done, and so does \"expanded\" in the status", key)
	}
	return doubt
}

// amend replaces the verdict on the message that made a late correction by one without the doubt, or with
// what came of it. Where that fails it is tried again; the summary tells as much meanwhile.
func (r *run) amend(ctx context.Context, x late) {
	err := r.tryAmend(ctx, x.key)
	if err == nil {
		return
	}
	r.Log.Warn().Err(err).Str("alert", string(x.key)).Msg("the producer of a correction could not be told what became of it")
	if !alerting.Hopeless(err) {
		time.AfterFunc(amendAgain, func() { r.queue.expandLater(x.key, x.rank) })
	}
}

// tryAmend does nothing where the last verdict says what became of the correction: so the producer is told
// once, though it waits twice where it was published twice.
func (r *run) tryAmend(ctx context.Context, key alerting.Key) (err error) {
	defer alerting.Rescue(&err)
	last, found, err := r.source.Verdict(ctx, key)
	if err != nil || found && r.upToDate(last) {
		return err
	}
	s, err := r.source.Submission(ctx, key.Sequence())
	if err != nil {
		return err
	}
	p := r.pass(r.journal)
	_, warnings, _ := p.read(s) // it is accepted, whatever would be said of it now
	head, _ := r.Board.Head(key)
	if !head.Expanded {
		warnings = append(warnings, Unexpanded(r.Board, key))
	}
	return r.Store.Pronounce(ctx, alerting.Verdict{
		Key: s.Key(), Verdict: alerting.VerdictAccepted, Sequence: s.Sequence, Subject: s.Subject, Alert: key, ID: head.Alert.ID,
		Sender: head.Alert.Sender, Code: head.Code, Warnings: warnings, Ledger: head.Sequence,
	}, r.inbox(s, found))
}

// inbox is where the producer listens. One whose verdict is gone was told so long ago, or by the system before a
// restore, that it does so no more; and it may have heard all there was. It can read the new one on verdicts.<key>.
func (r *run) inbox(s alerting.Submission, found bool) string {
	if !found && s.Sequence <= r.begun.Through {
		return ""
	}
	return s.VerdictTo
}

// upToDate reports whether a verdict on a correction says what became of it.
func (r *run) upToDate(v alerting.Verdict) bool {
	doubt := slices.IndexFunc(v.Warnings, func(p alerting.Problem) bool { return p.Code == alerting.CodeUnexpanded })
	if head, _ := r.Board.Head(v.Key); head.Expanded {
		return doubt < 0
	}
	return doubt >= 0 && v.Warnings[doubt] == Unexpanded(r.Board, v.Key)
}

// remind has the producers of those late corrections told what became of them whom a router before did not
// tell: it died behind the manifest, or behind the remark that there is none. What has no verdict since it is not in
// a backup gets one; what has none since it was not judged to the end gets it when it is.
func (r *run) remind(ctx context.Context) {
	for _, key := range r.Board.ConcludedLate(r.Now().Add(-alerting.VerdictsKept)) {
		last, found, err := r.source.Verdict(ctx, key)
		if ctx.Err() != nil {
			return
		}
		if err == nil && (found && r.upToDate(last) || !found && key.Sequence() > r.begun.Through) {
			continue
		}
		opened, _ := r.Board.Opened(key)
		r.queue.expandLater(key, opened.Alert.Severity.Rank())
	}
}
