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
// derived from the ledger: a router that starts goes on with them. What the ledger has lost is not read for ever:
// then the correction goes to nobody, and that is on record too.

// A late correction is on record and not expanded.
type late struct {
	key   alerting.Key
	rank  int   // of its severity
	tried bool  // in vain
	lost  error // why what it corrects can't be read, where that was tried for long enough
}

// pauses stay short where the ledger can't be read now: people have yet to be told.
var pauses = tracking.Pauses{Lost: time.Minute}

// expandLater has what a correction corrects read again.
func (q *queue) expandLater(key alerting.Key, rank int) { q.readLater(late{key: key, rank: rank}) }

func (q *queue) readLater(x late) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.late = append(q.late, x)
	q.signal()
}

// nextLate waits for a correction that needs filed alerts to be read: the gravest first, and those that were
// tried in vain last.
func (q *queue) nextLate(ctx context.Context) (next late, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.late) == 0 {
		if err := q.wait(ctx, nil); err != nil {
			return late{}, err
		}
	}
	next = slices.MinFunc(q.late, byTurn)
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

func byTurn(x, y late) int {
	switch {
	case x.tried == y.tried:
		return byRank(x, y)
	case y.tried:
		return -1
	}
	return 1
}

// fetch reads filed alerts again for the corrections that wait for them, until ctx is done. One that can't
// be read holds up no other.
func (r *run) fetch(ctx context.Context) {
	var waits alerting.Spells
	unreadable := map[alerting.Key]tracking.Unreadable{} // what each correction corrects
	for {
		x, err := r.queue.nextLate(ctx)
		if err != nil {
			return
		}
		if x.lost = r.recallCorrected(x.key); x.lost != nil {
			now := r.Now()
			if since, say := waits.GoesOn(x.key, now); say {
				r.Log.Error().Err(x.lost).Str("alert", string(x.key)).Time("since", since).Msg("a correction waits: the people of what it corrects can't be read; it is tried again within a minute")
			}
			failed := unreadable[x.key].Failed(x.lost, now, pauses)
			if opened, _ := r.Board.Opened(x.key); !failed.Lost(opened.Received) {
				unreadable[x.key] = failed
				time.AfterFunc(failed.Again.Sub(now), func() { r.queue.readLater(late{key: x.key, rank: x.rank, tried: true}) })
				continue
			}
		}
		delete(unreadable, x.key)
		if since, was := waits.Over(x.key); was && x.lost == nil {
			r.Log.Info().Str("alert", string(x.key)).Time("since", since).Msg("a correction waits no more: the people of what it corrects could be read")
		}
		r.queue.fetched(x)
	}
}

// recallCorrected reads again whom a correction goes to, where it is to get a manifest.
func (r *run) recallCorrected(key alerting.Key) error {
	if concluded(r.Board, key) {
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
	err := x.lost
	if err == nil {
		err = r.tryExpand(ctx, x)
	}
	switch {
	case x.lost != nil:
		err = r.pass(r.journal).giveUp(ctx, x.key, isLost, err)
	case alerting.Hopeless(err):
		err = r.pass(r.journal).giveUp(ctx, x.key, toNobody, err)
	}
	if err != nil {
		return err
	}
	faults.Reach(faults.AfterExpansion)
	r.amend(ctx, x)
	return nil
}

// What is said of a correction that can't be expanded.
const (
	toNobody = "it goes to nobody: no list of those who had what it corrects could be made; publish an update or a cancel of it, which is for the same people"
	isLost   = "it goes to nobody: who had what it corrects is lost, and is not looked for any more; what it corrects is withdrawn; publish a new alert for its areas, or tell them in another way"
)

// giveUp ends a correction that can't be expanded, for good and for the desk to see, once.
func (p *pass) giveUp(ctx context.Context, key alerting.Key, told string, why error) error {
	if concluded(p.Board, key) {
		return nil
	}
	p.Log.Error().Err(why).Str("alert", string(key)).Msg("a correction is given up: " + told)
	remark := alerting.Remark{Kind: alerting.RemarkUnexpanded, Detail: told}
	if err := p.add(ctx, []alerting.Record{{Alert: key, At: p.moment(), Remarks: []alerting.Remark{remark}}}); err != nil {
		return err
	}
	return p.flush(ctx)
}

// concluded reports whether a correction has a manifest, or was given up.
func concluded(board *tracking.Board, key alerting.Key) bool {
	head, _ := board.Head(key)
	return head.Expanded || board.GivenUp(key) != ""
}

// tryExpand does nothing where nothing is left to do: the message may have been judged again meanwhile.
func (r *run) tryExpand(ctx context.Context, x late) (err error) {
	defer alerting.Rescue(&err)
	if err := r.Refresh(ctx); err != nil {
		return err
	}
	if concluded(r.Board, x.key) {
		return nil
	}
	opened, _ := r.Board.Opened(x.key)
	p := r.pass(r.journal)
	if err := p.expandCorrection(ctx, x.key, opened); err != nil {
		return err
	}
	return p.flush(ctx)
}
