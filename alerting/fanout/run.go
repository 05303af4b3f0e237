package fanout

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"revere/alerting"
)

// A Source is where submissions come from.
type Source interface {
	// Submissions calls take with everything published after a sequence, in order, until ctx is done
	// or take fails. While take waits nothing more is read.
	Submissions(ctx context.Context, after uint64, take func(alerting.Submission) error) error
	// Submission reads one again.
	Submission(ctx context.Context, sequence uint64) (alerting.Submission, error)
	// Judged is how far submissions have been judged, as it was noted last.
	Judged(ctx context.Context) (alerting.Judged, error)
	// NoteJudged notes it durably.
	NoteJudged(ctx context.Context, judged alerting.Judged) error
	// Verdict returns the last verdict on a message; found is false where it has none. Verdicts are kept
	// for alerting.VerdictsKept.
	Verdict(ctx context.Context, key alerting.Key) (v alerting.Verdict, found bool, err error)
}

// Run judges what is published until ctx is done or the engine fails, the gravest severity first. One
// process at a time calls it. What a router before did not note as judged is judged again, which
// changes nothing: an accepted alert is on record, and of what was rejected the verdict is.
func (r *Router) Run(ctx context.Context, source Source, journal alerting.Journal) error {
	begun, err := source.Judged(ctx)
	if err != nil {
		return fmt.Errorf("read how far alerts have been judged: %w", err)
	}
	run := r.run(source, journal, begun)
	work, ctx := errgroup.WithContext(ctx)
	for _, key := range r.Board.Unexpanded() {
		opened, _ := r.Board.Opened(key)
		run.queue.expandLater(key, opened.Alert.Severity.Rank())
	}
	work.Go(func() error { run.remind(ctx); return nil })
	go run.fetch(ctx) // it may be reading when Run ends: nobody waits for that
	work.Go(func() error {
		return source.Submissions(ctx, begun.Through, func(s alerting.Submission) error { return run.add(ctx, s) })
	})
	work.Go(func() error {
		for ctx.Err() == nil {
			if err := run.step(ctx); err != nil {
				return fmt.Errorf("judge alerts: %w", err)
			}
		}
		return nil
	})
	return work.Wait()
}

// A run is one call of Run.
type run struct {
	Router
	source  Source
	journal alerting.Journal
	queue   *queue
	begun   alerting.Judged
}

func (r *Router) run(source Source, journal alerting.Journal, begun alerting.Judged) *run {
	run := &run{Router: *r, source: source, journal: journal, queue: newQueue(begun), begun: begun}
	run.measure = &measure{Room: r.Room, board: r.Board, log: r.Log}
	run.Observe = func(verdict string, deliveries int) {
		r.Observe(verdict, deliveries)
		if verdict == alerting.VerdictAccepted {
			run.measure.took(deliveries)
		}
	}
	run.later = func(key alerting.Key, opened alerting.Opened) {
		run.queue.expandLater(key, opened.Alert.Severity.Rank())
	}
	return run
}

// add puts a message where it waits for its turn.
func (r *run) add(ctx context.Context, s alerting.Submission) error {
	w, references := glance(&s)
	err := r.queue.add(ctx, w, r.names(references))
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// names lists by which ids and keys what a correction refers to may have been published: as it says,
// the id in CAP's triple, and where that names an alert on record, that one's id, under which a message
// that widens it may wait.
func (r *run) names(references []string) []string {
	var names []string
	for _, reference := range references {
		id := reference
		if parts := strings.Split(reference, ","); len(parts) == 3 {
			id = parts[1]
		}
		names = append(names, id)
		if key, err := r.Board.Find(id); err == nil {
			opened, _ := r.Board.Opened(key)
			names = append(names, opened.Alert.ID)
		}
	}
	return names
}

// step judges some messages of one severity: as many as are written together, and fewer when one comes
// meanwhile that is more urgent. Or it expands a correction that waited for what it corrects.
func (r *run) step(ctx context.Context) error {
	batch, rank, err := r.queue.take(ctx, passSize, r.hasRoom)
	if err != nil {
		return nil // ctx is done
	}
	ctx = context.WithoutCancel(ctx) // what is begun comes to its end
	if len(batch) == 0 {
		return r.expand(ctx, r.queue.expandNow())
	}
	if batch, err = r.fresh(ctx, batch); err != nil || len(batch) == 0 {
		return err
	}
	submissions, err := r.load(ctx, batch)
	if err != nil {
		return err
	}
	judged, err := r.judge(ctx, r.journal, submissions, func() bool { return r.queue.outranks(rank) })
	if err != nil {
		return err
	}
	return r.settle(ctx, batch, judged)
}

// fresh drops from a batch what a router before has judged: it would be judged by what is true now.
func (r *run) fresh(ctx context.Context, batch []*waiting) ([]*waiting, error) {
	var fresh, done []*waiting
	for _, w := range batch {
		told := false
		if w.sequence <= r.begun.Furthest {
			var err error
			if _, told, err = r.source.Verdict(ctx, alerting.KeyOf(w.sequence)); err != nil {
				return nil, err
			}
		}
		if told {
			done = append(done, w)
		} else {
			fresh = append(fresh, w)
		}
	}
	if len(done) == 0 {
		return fresh, nil
	}
	return fresh, r.settle(ctx, done, len(done))
}

// load returns the submissions of a batch, and reads those again whose bodies were not held.
func (r *run) load(ctx context.Context, batch []*waiting) ([]alerting.Submission, error) {
	submissions := make([]alerting.Submission, len(batch))
	for i, w := range batch {
		if w.message != nil {
			submissions[i] = *w.message
			continue
		}
		var err error
		if submissions[i], err = r.source.Submission(ctx, w.sequence); err != nil {
			return nil, err
		}
	}
	return submissions, nil
}

// settle notes that the first n of a batch are judged; the others go on waiting.
func (r *run) settle(ctx context.Context, batch []*waiting, n int) error {
	judged := r.queue.settle(batch, n)
	r.observe()
	return r.source.NoteJudged(ctx, judged)
}

func (r *run) hasRoom(rank int) bool {
	left := r.measure.left(r.Now(), rank)
	r.observe()
	return left
}

// observe tells what waits.
func (r *run) observe() {
	if r.Room == nil {
		return
	}
	waiting, needRoom := r.queue.waits()
	if !r.measure.lacking {
		needRoom = 0
	}
	r.Room.Observe(waiting, needRoom)
}
