// Package fanout takes an alert from its publication to its manifest: it judges what producers
// published, gives each alert its record and its code, and writes down the complete ordered list of
// whom it goes to. From then on the alert is due on its channels, whatever crashes.
package fanout

import (
	"context"
	"crypto/sha256"
	"math/rand/v2"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"revere/alerting"
	"revere/alerting/faults"
	"revere/alerting/tracking"
)

// A Store is where the router's decisions become durable.
type Store interface {
	// Reject keeps a message that was not taken. Done again it changes nothing.
	Reject(ctx context.Context, r alerting.Rejection, body []byte) error
	// Pronounce tells the producer. It is called concurrently, for different messages.
	Pronounce(ctx context.Context, v alerting.Verdict, inbox string) error
}

// A Router turns submissions into alerts with manifests.
type Router struct {
	Store    Store
	Board    *tracking.Board
	Atlas    alerting.Atlas
	Audience alerting.Audience
	// Unplaced lists subscribed areas that an alert may concern and does not reach, since nobody
	// knows in which county they lie.
	Unplaced func(areas []alerting.Area) []alerting.Area
	// Refresh returns when the directory holds every change that was acknowledged before the call.
	Refresh func(context.Context) error
	// Strict holds messages that the API has not vouched for to their subject's area. It is set
	// when producers connect from other machines with rights of their own.
	Strict bool
	Now    func() time.Time
	Log    zerolog.Logger
	// Observe is told of every decision, for metrics.
	Observe func(verdict string, deliveries int)
	// InDoubt tells since when messages may have gone out, unknown to the board, about what was published
	// at a sequence; zero where none can have. Nil: none ever.
	InDoubt func(sequence uint64, received time.Time) time.Time
	// Room bounds what Run takes on. Nil bounds nothing.
	Room *Room

	// later takes a correction whose manifest can't be made before filed alerts are read again.
	later func(alerting.Key, alerting.Opened)
	// measure is how much is taken on; nil where nothing bounds it.
	measure *measure
}

// Judge decides on submissions in their order, and returns when every decision is durable and its
// producer told. Whatever it wrote when it fails, doing it again completes it.
func (r *Router) Judge(ctx context.Context, journal alerting.Journal, submissions []alerting.Submission) error {
	for len(submissions) > 0 {
		judged, err := r.judge(ctx, journal, submissions, func() bool { return false })
		if err != nil {
			return err
		}
		submissions = submissions[judged:]
	}
	return nil
}

// judge decides on as many of the submissions as are written together, on one at least, and on no
// more when it is outranked.
func (r *Router) judge(ctx context.Context, journal alerting.Journal, submissions []alerting.Submission, outranked func() bool) (judged int, err error) {
	if err := r.Refresh(ctx); err != nil {
		return 0, err
	}
	p := r.pass(journal)
	for _, s := range submissions[:min(len(submissions), passSize)] {
		if p.flushed || judged > 0 && outranked() {
			break
		}
		if err := p.judge(ctx, s); err != nil {
			return 0, err
		}
		judged++
	}
	if err := p.flush(ctx); err != nil {
		return 0, err
	}
	faults.Reach(faults.BeforeVerdict)
	return judged, p.pronounce(ctx, submissions)
}

func (r *Router) pass(journal alerting.Journal) *pass {
	return &pass{Router: r, journal: journal, taken: map[string]bool{}}
}

// pronounce tells every producer of the pass. The verdicts are on subjects of their own, so that they
// need not wait for each other.
func (p *pass) pronounce(ctx context.Context, submissions []alerting.Submission) error {
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(pronouncers)
	for i, v := range p.verdicts {
		head, _ := p.Board.Head(v.Alert) // none of a rejected one
		v.Ledger = head.Sequence
		if v.Verdict == alerting.VerdictAccepted && !head.Expanded {
			v.Warnings = append(v.Warnings, Unexpanded(p.Board, v.Alert))
		}
		work.Go(func() error { return p.Store.Pronounce(ctx, v, submissions[i].VerdictTo) })
	}
	return work.Wait()
}

// A pass is one call of judge. Alerts are gathered and written together; one that builds on another
// of the same pass has it written first.
type pass struct {
	*Router
	journal  alerting.Journal
	pending  []alerting.Record
	taken    map[string]bool // identities that are pending
	codes    *alerting.Codes // those in use, those that rest and those that are pending
	flushed  bool            // so much was gathered that it is written already
	verdicts []alerting.Verdict
}

// maxPending bounds the records that are gathered before they are written, and passSize the messages
// that are judged before their producers are told.
const (
	maxPending  = 256
	passSize    = 64
	pronouncers = 16 // at a time
)

// flush writes what is pending and waits until the board has it.
func (p *pass) flush(ctx context.Context) error {
	if len(p.pending) == 0 {
		return nil
	}
	faults.Reach(faults.BeforeManifest)
	sequence, err := p.journal.Append(ctx, p.pending...)
	if err != nil {
		return err
	}
	p.pending = nil
	clear(p.taken)
	return p.Board.Wait(ctx, sequence)
}

func (p *pass) add(ctx context.Context, records []alerting.Record) error {
	p.pending = append(p.pending, records...)
	if len(p.pending) < maxPending {
		return nil
	}
	p.flushed = true
	return p.flush(ctx)
}

// newCode picks the code of a new alert: at random, and the same one when the alert is taken in again
// by a system that was restored from a backup and does not know that it was. People may have it in their
// hands, and the provider is asked for it. So what was in use then counts; only where that differs it may.
func (p *pass) newCode(opened alerting.Opened) (string, error) {
	if p.codes == nil {
		p.codes = alerting.NewCodes()
		p.spare(p.Now())
	}
	if since := p.inDoubt(opened.Sequence, opened.Received); !since.IsZero() {
		p.spare(since)
	}
	seed := sha256.Sum256([]byte(opened.Identity + " " + opened.Received.Format(time.RFC3339Nano)))
	code, ok := p.codes.Pick(rand.New(rand.NewChaCha8(seed)).IntN)
	if !ok {
		return "", alerting.Errorf(alerting.CodeOverloaded, "each of the %d short codes belongs to an alert that people may still answer; publish it again when some of those are over", alerting.MaxOpenCodes)
	}
	return code, nil
}

// spare keeps the codes from new alerts that were in use at a time, or over for not long.
func (p *pass) spare(at time.Time) {
	p.codes.Take(p.Board.CodesInUse(at))
	p.codes.Rest(p.Board.CodesInUse(at.Add(-alerting.CodeRest)))
}

// template is what the records of a manifest have in common.
func (p *pass) template(key alerting.Key, sequence uint64, received time.Time) alerting.Record {
	return alerting.Record{Alert: key, At: p.moment(), InDoubt: p.inDoubt(sequence, received)}
}

// inDoubt is since when what was published at a sequence may have gone out; zero where it can't have.
func (p *pass) inDoubt(sequence uint64, received time.Time) time.Time {
	if p.InDoubt == nil {
		return time.Time{}
	}
	return p.InDoubt(sequence, received)
}

// moment is now as records have it: UTC in milliseconds.
func (p *pass) moment() time.Time { return p.Now().UTC().Truncate(time.Millisecond) }
