package fanout

import (
	"context"
	"slices"
	"time"

	"revere/alerting"
	"revere/alerting/faults"
	"revere/alerting/tracking"
)

// A correction of alerts that are filed goes to those who had them, and to find these the ledger has to be
// read again. The correction is on record and what it corrects is withdrawn before that; the reading goes
// on beside the judging, and no other message waits for it. Which corrections have no manifest yet is
// derived from the ledger: a router that starts goes on with them.

// A late correction is on record and not expanded.
type late struct {
	key  alerting.Key
	rank int // of its severity
}

// fetchAgain is how long after a failure a filed alert is read again.
const fetchAgain = 5 * time.Second

// expandLater has what a correction corrects read again.
func (q *queue) expandLater(key alerting.Key, rank int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.late = append(q.late, late{key, rank})
	q.signal()
}

// nextLate waits for a correction that needs filed alerts to be read, the gravest first.
func (q *queue) nextLate(ctx context.Context) (next late, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.late) == 0 {
		if err := q.wait(ctx, nil); err != nil {
			return late{}, err
		}
	}
	next = slices.MinFunc(q.late, byRank)
	q.late = slices.DeleteFunc(q.late, func(x late) bool { return x.key == next.key })
	return next, nil
}

// fetched makes a correction ready to be expanded.
func (q *queue) fetched(x late) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ready = append(q.ready, x)
	slices.SortStableFunc(q.ready, byRank)
	q.signal()
}

// expandNow removes the gravest correction that is ready.
func (q *queue) expandNow() late {
	q.mu.Lock()
	defer q.mu.Unlock()
	next := q.ready[0]
	q.ready = q.ready[1:]
	return next
}

func byRank(x, y late) int { return x.rank - y.rank }

// fetch reads filed alerts again for the corrections that wait for them, until ctx is done. One that can't
// be read holds up no other.
func (r *run) fetch(ctx context.Context) {
	for {
		x, err := r.queue.nextLate(ctx)
		if err != nil {
			return
		}
		if err := r.recallCorrected(x.key); err != nil {
			r.Log.Error().Err(err).Str("alert", string(x.key)).Msg("a correction waits: the people of what it corrects can't be read; it is tried again")
			time.AfterFunc(fetchAgain, func() { r.queue.expandLater(x.key, x.rank) })
			continue
		}
		r.queue.fetched(x)
	}
}

// recallCorrected reads again whom a correction goes to, where it has no manifest yet.
func (r *run) recallCorrected(key alerting.Key) error {
	if head, _ := r.Board.Head(key); head.Expanded {
		return nil
	}
	opened, _ := r.Board.Opened(key)
	for _, corrected := range opened.Corrects {
		if err := r.Board.Recall(corrected); err != nil {
			return err
		}
	}
	return nil
}

// expand writes the manifest of a correction for which everything was read, and tells its producer. One for
// which none can be made however often it is tried is left, for the producer and the desk to see: others
// don't wait.
func (r *run) expand(ctx context.Context, x late) error {
	err := r.tryExpand(ctx, x)
	if alerting.Hopeless(err) {
		err = r.pass(r.journal).giveUp(ctx, x.key, err)
	}
	if err != nil {
		return err
	}
	faults.Reach(faults.AfterExpansion)
	r.amend(ctx, x)
	return nil
}

// toNobody is said of a correction that can't be expanded.
const toNobody = "it goes to nobody: no list of those who had what it corrects could be made; publish an update or a cancel of it, which is for the same people"

// giveUp lets the desk see that a correction can't be expanded, once.
func (p *pass) giveUp(ctx context.Context, key alerting.Key, why error) error {
	p.Log.Error().Err(why).Str("alert", string(key)).Msg("a correction could not be expanded, and goes to nobody; correct it in its turn")
	if givenUp(p.Board, key) {
		return nil
	}
	remark := alerting.Remark{Kind: alerting.RemarkUnexpanded, Detail: toNobody}
	if err := p.add(ctx, []alerting.Record{{Alert: key, At: p.moment(), Remarks: []alerting.Remark{remark}}}); err != nil {
		return err
	}
	return p.flush(ctx)
}

func givenUp(board *tracking.Board, key alerting.Key) bool {
	summary, _ := board.Summary(key)
	return slices.ContainsFunc(summary.Remarks, func(v tracking.RemarkView) bool { return v.Kind == alerting.RemarkUnexpanded })
}

// tryExpand does nothing where there is a manifest: the message may have been judged again meanwhile.
func (r *run) tryExpand(ctx context.Context, x late) (err error) {
	defer alerting.Rescue(&err)
	if err := r.Refresh(ctx); err != nil {
		return err
	}
	if head, _ := r.Board.Head(x.key); head.Expanded {
		return nil
	}
	opened, _ := r.Board.Opened(x.key)
	p := r.pass(r.journal)
	if err := p.expandCorrection(ctx, x.key, opened); err != nil {
		return err
	}
	return p.flush(ctx)
}
