package audit

import (
	"bytes"
	"context"
	"fmt"

	"revere/alerting"
	"revere/alerting/fanout"
	"revere/alerting/tracking"
)

// replay reads the ledger from its beginning, holds every record about the alert against those before
// it, and folds them afresh.
func (a *Auditor) replay(ctx context.Context, r *Report) (view, error) {
	board := tracking.NewBoard()
	t := &trail{report: r, places: map[place]uint32{}, tried: map[uint32]tries{}}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan struct{})
	over := false
	end := r.Ledger
	reached, err := a.Ledger.FollowLedger(ctx, 0, func(sequence uint64, subject string, records []alerting.Record) {
		if over {
			return
		}
		var own []alerting.Record
		for i := range records {
			if records[i].Alert == r.Alert && sequence <= end {
				own = append(own, records[i])
				t.follow(sequence, &records[i])
			}
		}
		if len(own) > 0 {
			board.Apply(sequence, subject, own)
		}
		if sequence >= end {
			over = true
			close(done)
		}
	})
	if err != nil {
		return view{}, alerting.Errorf(alerting.CodeUnavailable, "the ledger can't be read: %v", err)
	}
	if reached < end {
		r.differ(Difference{Kind: Shown, Sequence: end, Detail: fmt.Sprintf("the board shows a record at %d, and the ledger ends at %d", end, reached)})
		return viewOf(board, r.Alert), nil
	}
	select {
	case <-done:
	case <-ctx.Done():
		return view{}, alerting.Errorf(alerting.CodeUnavailable, "the ledger could not be read to %d in time", end)
	}
	t.end()
	return viewOf(board, r.Alert), nil
}

// A trail is what the records so far say.
type trail struct {
	report  *Report
	opened  bool
	parts   []alerting.Manifest
	places  map[place]uint32 // the deliveries of manifests, by their index
	notices int
	people  int
	tried   map[uint32]tries
}

type place struct{ channel, address string }

// tries are the attempts at one delivery: how many, and whether the outcome of the last is on record.
type tries struct {
	n       int
	settled bool
}

func (t *trail) differ(kind Kind, sequence uint64, format string, args ...any) {
	t.report.differ(Difference{Kind: kind, Sequence: sequence, Detail: fmt.Sprintf(format, args...)})
}

// follow takes in one record, in the order in which the board does.
func (t *trail) follow(sequence uint64, r *alerting.Record) {
	t.report.Records++
	t.opened = t.opened || r.Opened != nil
	if !t.opened {
		t.differ(Disorder, sequence, "a record about the alert stands before the one that opens it")
	}
	if r.Manifest != nil {
		t.manifest(sequence, *r.Manifest, !r.InDoubt.IsZero())
	}
	t.notices += len(r.Notices)
	for _, x := range r.Activated {
		t.known(sequence, x.Delivery, "becomes due")
	}
	if !r.InDoubt.IsZero() {
		t.doubts(r)
	}
	for _, x := range r.Attempts {
		t.attempt(sequence, x)
	}
	for _, x := range r.Results {
		t.result(sequence, x)
	}
	for _, x := range r.Answers {
		t.answer(sequence, x)
	}
}

// manifest gathers the parts, and holds them against the hash that they were written with.
func (t *trail) manifest(sequence uint64, m alerting.Manifest, inDoubt bool) {
	if m.Part != len(t.parts) {
		t.differ(BrokenManifest, sequence, "part %d of the manifest stands where part %d belongs", m.Part, len(t.parts))
		if t.parts = nil; m.Part != 0 {
			return
		}
	}
	if len(t.parts) > 0 && (!bytes.Equal(m.Hash, t.parts[0].Hash) || m.Revision != t.parts[0].Revision || m.Parts != t.parts[0].Parts) {
		t.differ(BrokenManifest, sequence, "part %d is of another manifest than those before it", m.Part)
	}
	t.parts = append(t.parts, m)
	if m.Part < m.Parts-1 {
		return
	}
	var deliveries []alerting.Planned
	var recipients []alerting.Recipient
	for _, p := range t.parts {
		deliveries, recipients = append(deliveries, p.Deliveries...), append(recipients, p.Recipients...)
	}
	t.parts = nil
	t.report.Manifests++
	if digest := fanout.Digest(deliveries, recipients); !bytes.Equal(digest, m.Hash) {
		t.differ(BrokenManifest, sequence, "the manifest's hash is %x, and that of what it lists %x", m.Hash, digest)
	}
	for _, d := range deliveries {
		at := place{d.Channel, d.Address}
		if _, known := t.places[at]; !known {
			t.places[at] = uint32(len(t.places) + t.notices)
		}
		if inDoubt && d.Active {
			t.doubt(t.places[at])
		}
	}
	t.people += len(recipients)
}

// doubts counts the attempts that a system before may have made at what becomes due by a record, its
// manifest aside.
func (t *trail) doubts(r *alerting.Record) {
	for i := range r.Notices {
		t.doubt(uint32(len(t.places) + t.notices - len(r.Notices) + i))
	}
	for _, x := range r.Activated {
		t.doubt(x.Delivery)
	}
}

func (t *trail) doubt(delivery uint32) {
	if t.tried[delivery].n == 0 {
		t.report.Attempts++
		t.tried[delivery] = tries{1, true}
	}
}

// known reports whether there is such a delivery, and says so where there is none.
func (t *trail) known(sequence uint64, delivery uint32, what string) bool {
	if int(delivery) < len(t.places)+t.notices {
		return true
	}
	t.differ(Foreign, sequence, "delivery %d %s, and no manifest has it", delivery, what)
	return false
}

func (t *trail) attempt(sequence uint64, x alerting.Attempt) {
	t.report.Attempts++
	if !t.known(sequence, x.Delivery, "is attempted") {
		return
	}
	before := t.tried[x.Delivery]
	if x.Attempt != before.n+1 {
		t.differ(Disorder, sequence, "attempt %d of delivery %d follows attempt %d", x.Attempt, x.Delivery, before.n)
	}
	if before.n > 0 && !before.settled {
		t.differ(Disorder, sequence, "attempt %d of delivery %d is on record before the outcome of attempt %d", x.Attempt, x.Delivery, before.n)
	}
	t.tried[x.Delivery] = tries{n: x.Attempt}
}

func (t *trail) result(sequence uint64, x alerting.Result) {
	if !t.known(sequence, x.Delivery, "has an outcome") {
		return
	}
	tried := t.tried[x.Delivery]
	switch {
	case x.Attempt > tried.n:
		t.differ(Disorder, sequence, "delivery %d is %s by attempt %d, and no such attempt is on record before it", x.Delivery, x.State, x.Attempt)
	case x.Attempt == tried.n:
		tried.settled = true
		t.tried[x.Delivery] = tried
	}
}

func (t *trail) answer(sequence uint64, x alerting.Answer) {
	for _, i := range x.Recipients {
		if int(i) >= t.people {
			t.differ(Foreign, sequence, "an answer counts for recipient %d, whom no manifest has", i)
		}
	}
}

// end is told when all records were followed.
func (t *trail) end() {
	if len(t.parts) > 0 {
		t.differ(BrokenManifest, 0, "the manifest has %d parts of %d", len(t.parts), t.parts[0].Parts)
	}
}
