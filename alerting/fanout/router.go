// Package fanout takes an alert from its publication to its manifest: it judges what producers
// published, gives each alert its record and its code, and writes down the complete ordered list of
// whom it goes to. From then on the alert is due on its channels, whatever crashes.
package fanout

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/rs/zerolog"

	"revere/alerting"
	"revere/alerting/faults"
	"revere/alerting/tracking"
)

// A Store is where the router's decisions become durable.
type Store interface {
	// Reject keeps a message that was not taken. Done again it changes nothing.
	Reject(ctx context.Context, r alerting.Rejection, body []byte) error
	// Pronounce tells the producer.
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
}

// Judge decides on submissions in their order, and returns when every decision is durable and its
// producer told. Whatever it wrote when it fails, doing it again completes it.
func (r *Router) Judge(ctx context.Context, journal alerting.Journal, submissions []alerting.Submission) error {
	if err := r.Refresh(ctx); err != nil {
		return err
	}
	p := &pass{Router: r, journal: journal, taken: map[string]bool{}}
	for _, s := range submissions {
		if err := p.judge(ctx, s); err != nil {
			return err
		}
	}
	if err := p.flush(ctx); err != nil {
		return err
	}
	faults.Reach(faults.BeforeVerdict)
	for i, v := range p.verdicts {
		head, _ := r.Board.Head(v.Alert) // none of a rejected one
		v.Ledger = head.Sequence
		if err := r.Store.Pronounce(ctx, v, submissions[i].VerdictTo); err != nil {
			return err
		}
	}
	return nil
}

// A pass is one call of Judge. Alerts are gathered and written together; one that builds on another
// of the same pass has it written first.
type pass struct {
	*Router
	journal  alerting.Journal
	pending  []alerting.Record
	taken    map[string]bool // identities that are pending
	codes    []string        // codes that are pending
	verdicts []alerting.Verdict
}

// maxPending bounds the records that are gathered before they are written.
const maxPending = 256

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
	p.pending, p.codes = nil, nil
	clear(p.taken)
	return p.Board.Wait(ctx, sequence)
}

func (p *pass) add(ctx context.Context, records []alerting.Record) error {
	p.pending = append(p.pending, records...)
	if len(p.pending) < maxPending {
		return nil
	}
	return p.flush(ctx)
}

func (p *pass) newCode() string {
	code := alerting.PickCode(append(p.Board.CodesInUse(p.Now()), p.codes...), rand.IntN)
	p.codes = append(p.codes, code)
	return code
}

// moment is now as records have it: UTC in milliseconds.
func (p *pass) moment() time.Time { return p.Now().UTC().Truncate(time.Millisecond) }
