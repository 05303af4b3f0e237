package replies

import (
	"context"
	"time"

	"revere/alerting"
	"revere/alerting/tracking"
)

// A fetched arrival has its filed alerts in memory.
type fetched struct {
	alert alerting.Key // that it waited for
	tracking.Aside
	lost    map[alerting.Key]error // alerts that are waited for no more, and why they can't be read
	settled chan bool              // told whether it was dealt with
}

// fetch reads again what facts that were set aside are about, until ctx is done.
func (p *Processor) fetch(ctx context.Context, ready chan<- fetched) {
	failures := failures{}
	var waits alerting.Spells
	for ctx.Err() == nil {
		now := p.Now()
		for _, key := range p.Board.Asides() {
			err := p.fetchFor(ctx, key, ready, failures, now)
			if ctx.Err() == nil {
				p.report(&waits, key, err)
			}
		}
		failures.forget()
		var again <-chan time.Time
		if len(p.Board.Asides()) > 0 {
			again = time.After(tracking.ReadAgain)
		}
		select {
		case <-ctx.Done():
		case <-p.asides:
		case <-again:
		}
	}
}

// report tells the operator whether what was set aside for an alert waits for it to be readable, when that begins,
// hourly, and when it ends.
func (p *Processor) report(waits *alerting.Spells, key alerting.Key, err error) {
	if err == nil {
		if since, did := waits.Over(key); did {
			p.Log.Info().Str("alert", string(key)).Time("since", since).Msg("replies and receipts wait no more for a filed alert that could not be read")
		}
		return
	}
	if since, say := waits.GoesOn(key, p.Now()); say {
		waiting, held := p.Board.CountAside()
		p.Log.Error().Err(err).Str("alert", string(key)).Time("since", since).Int("waiting", waiting).Int("held", held).Msg("replies and receipts wait: the filed alert that they are about can't be read; it is tried again within minutes")
	}
}

// fetchFor has everything dealt with that waits for an alert, a part after the other. An alert that can't be
// read is tried once a round at most, however much is about it: others wait for that no longer than they must.
func (p *Processor) fetchFor(ctx context.Context, key alerting.Key, ready chan<- fetched, failures failures, now time.Time) error {
	for {
		waiting, failed := p.Board.Aside(key)
		settled := false
		for _, x := range waiting {
			stuck, err := p.recall(key, x.Facts, failures, now)
			if err != nil {
				failed = err
				if !failures.over(stuck, x.Facts) {
					failures.keep(stuck)
					continue
				}
			}
			next := fetched{key, x, stuck, make(chan bool, 1)}
			select {
			case ready <- next:
			case <-ctx.Done():
				return nil
			}
			select {
			case done := <-next.settled:
				if settled = settled || done; !done {
					failures.keep(stuck)
				}
			case <-ctx.Done():
				return nil
			}
		}
		if !settled {
			return failed
		}
	}
}

// recall has everything read that facts are about which wait for an alert. What can't be read is stuck, and holds up
// nothing else; the error is of one of these.
func (p *Processor) recall(awaits alerting.Key, facts []alerting.Inbound, failures failures, now time.Time) (stuck map[alerting.Key]error, err error) {
	stuck = map[alerting.Key]error{}
	try := func(key alerting.Key) (read bool) {
		failed := p.recallOnce(key, failures, now)
		if failed == nil {
			return true
		}
		stuck[key] = failed
		if err == nil {
			err = failed
		}
		return false
	}
	try(awaits)
	for _, f := range facts {
		for _, part := range apart(f) {
			for key, away := p.away(part); away && try(key); {
				key, away = p.away(part)
			}
		}
	}
	return stuck, err
}

func (p *Processor) recallOnce(key alerting.Key, failures failures, now time.Time) error {
	if !p.Board.Away(key) { // somebody else may have read it
		return nil
	}
	if err := failures.pausing(key, now); err != nil {
		return err
	}
	err := p.Board.Recall(key)
	if err != nil {
		failures.add(key, err, p.Now())
	}
	return err
}
