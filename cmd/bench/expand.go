package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"revere/alerting"
	"revere/alerting/engine"
	"revere/alerting/fanout"
	"revere/alerting/tracking"
	"revere/subscribers"
	"revere/subscribers/registry"
)

// measureExpansion runs a router alone: alerts go in, manifests become durable, nothing is sent.
func (r *run) measureExpansion(ctx context.Context) (err error) {
	site, err := r.newSite(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, site.remove()) }()
	e, shut, err := site.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shut()) }()
	ctx, stop := context.WithCancel(ctx)
	defer stop()

	directory, took, err := r.populate(ctx, e)
	if err != nil {
		return err
	}
	r.figures["import"] = rate(r.crowd.people, took)
	r.measureMatching(directory.Directory)
	return r.expand(ctx, e, directory)
}

// importPart is how many changes are committed at once.
const importPart = 50_000

// populate makes the crowd's directory durable.
func (r *run) populate(ctx context.Context, e *engine.Engine) (*registry.Registry, time.Duration, error) {
	directory, err := registry.Open(ctx, e, nil, r.Log)
	if err != nil {
		return nil, 0, err
	}
	changes := r.crowd.directory()
	start := time.Now()
	for i := 0; i < len(changes); i += importPart {
		part := changes[i:min(i+importPart, len(changes))]
		if _, err := directory.Edit(ctx, func() ([]alerting.Change, error) { return part, nil }); err != nil {
			return nil, 0, err
		}
	}
	return directory, time.Since(start), nil
}

func (r *run) measureMatching(directory *subscribers.Directory) {
	state := []alerting.Area{alerting.StateArea(crowdState)}
	took := make([]time.Duration, max(r.Alerts, 3))
	for i := range took {
		directory.Read(func(v *subscribers.View) {
			start := time.Now()
			v.Match(state, alerting.Severe, nil)
			took[i] = time.Since(start)
		})
	}
	r.figures["match"] = rate(r.crowd.people, median(took))
}

// expand routes alerts as a service does, one after the other. An expansion's time runs from the
// alert's publish acknowledgement until its manifest is durable.
func (r *run) expand(ctx context.Context, e *engine.Engine, directory *registry.Registry) error {
	board := tracking.NewBoard()
	if _, err := e.FollowLedger(ctx, 0, board.Apply); err != nil {
		return err
	}
	audience := registry.Audience{Directory: directory.Directory, On: func(string) bool { return true }}
	router := &fanout.Router{
		Store: e, Board: board, Atlas: directory.Directory.Atlas(), Refresh: directory.Refresh, Now: time.Now, Log: r.Log, Observe: func(string, int) {},
		Audience: audience, Unplaced: audience.Unplaced,
	}
	written := make(chan manifest, 1)
	journal := &watchedJournal{journal: e.Journal(engine.LedgerAlerts, 0), written: written}
	failed := make(chan error, 1)
	go func() { failed <- router.Run(ctx, e, journal) }()
	took := make([]time.Duration, r.Alerts)
	for i := range took {
		if _, err := e.Resubmit(ctx, alerting.StateArea(crowdState).Subject(), body(fmt.Sprintf("expand-%d", i), alerting.Severe, time.Hour)); err != nil {
			return err
		}
		start := time.Now()
		select {
		case r.written = <-written:
		case err := <-failed:
			return errors.Join(err, ctx.Err())
		case <-ctx.Done():
			return ctx.Err()
		}
		took[i] = r.written.durable.Sub(start)
		if i < len(took)-1 {
			r.written.records = nil // one alert's are enough for the bare engine
		}
		if err := board.Wait(ctx, r.written.sequence); err != nil {
			return err
		}
		r.part(float64(i+1) / float64(len(took)))
	}
	r.figures["expansion"] = rate(r.crowd.people, median(took))
	return nil
}

// A manifest is an alert's records as they went into the ledger.
type manifest struct {
	records  []alerting.Record
	sequence uint64
	durable  time.Time
}

// A watchedJournal tells when what was appended is durable.
type watchedJournal struct {
	journal alerting.Journal
	written chan<- manifest
}

// Append implements alerting.Journal.
func (j *watchedJournal) Append(ctx context.Context, records ...alerting.Record) (uint64, error) {
	sequence, err := j.journal.Append(ctx, records...)
	if err == nil {
		j.written <- manifest{records, sequence, time.Now()}
	}
	return sequence, err
}
