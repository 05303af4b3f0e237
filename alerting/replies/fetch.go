package replies

import (
	"context"
	"slices"
	"time"

	"revere/alerting"
	"revere/alerting/tracking"
)

// fetchAgain is how long after a failure a filed alert is read again.
const fetchAgain = 5 * time.Second

// A fetched arrival has its filed alerts in memory.
type fetched struct {
	alert alerting.Key // that it waited for
	tracking.Aside
	lost    error     // why that can't be read, where it has waited long enough
	settled chan bool // told whether it was dealt with
}

// fetch reads again what facts that were set aside are about, until ctx is done.
func (p *Processor) fetch(ctx context.Context, ready chan<- fetched) {
	since := map[alerting.Key]time.Time{} // alerts can't be read
	var waits alerting.Spells
	for ctx.Err() == nil {
		unreadable := unreadable{now: p.Now(), why: map[alerting.Key]error{}, since: since}
		for _, key := range p.Board.Asides() {
			err := p.fetchFor(ctx, key, ready, unreadable)
			if ctx.Err() == nil {
				p.report(&waits, key, err)
			}
		}
		var again <-chan time.Time
		if len(p.Board.Asides()) > 0 {
			again = time.After(fetchAgain)
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
		p.Log.Error().Err(err).Str("alert", string(key)).Time("since", since).Int("waiting", waiting).Int("held", held).Msg("replies and receipts wait: the filed alert that they are about can't be read; it is tried again every few seconds")
	}
}

// unreadable are the alerts that could not be read in a round, and since when they can't.
type unreadable struct {
	now   time.Time
	why   map[alerting.Key]error
	since map[alerting.Key]time.Time
}

// over reports whether what waits for an alert that can't be read has waited long enough.
func (u unreadable) over(key alerting.Key, x tracking.Aside) bool {
	since, failing := u.since[key]
	return failing && !slices.ContainsFunc(x.Facts, func(f alerting.Inbound) bool { return !tracking.Lost(f.At, since, u.now) })
}

// fetchFor has everything dealt with that waits for an alert, a part after the other. An alert that can't be
// read is tried once a round, however much is about it: others wait for that no longer than they must.
func (p *Processor) fetchFor(ctx context.Context, key alerting.Key, ready chan<- fetched, unreadable unreadable) error {
	for {
		waiting, failed := p.Board.Aside(key)
		settled := false
		for _, x := range waiting {
			stuck, err := p.recall(key, x.Facts, unreadable)
			if err != nil {
				failed = err
				if !unreadable.over(stuck, x) {
					continue
				}
			}
			next := fetched{key, x, err, make(chan bool, 1)}
			select {
			case ready <- next:
			case <-ctx.Done():
				return nil
			}
			select {
			case done := <-next.settled:
				settled = settled || done
			case <-ctx.Done():
				return nil
			}
		}
		if !settled {
			return failed
		}
	}
}

// recall has everything read that facts are about which wait for an alert. An error is of the alert that is
// stuck.
func (p *Processor) recall(awaits alerting.Key, facts []alerting.Inbound, unreadable unreadable) (stuck alerting.Key, err error) {
	if err := p.recallOnce(awaits, unreadable); err != nil {
		return awaits, err
	}
	for _, f := range facts {
		for key, away := p.away(f); away; key, away = p.away(f) {
			if err := p.recallOnce(key, unreadable); err != nil {
				return key, err
			}
		}
	}
	return "", nil
}

func (p *Processor) recallOnce(key alerting.Key, unreadable unreadable) error {
	if err := unreadable.why[key]; err != nil {
		return err
	}
	err := p.Board.Recall(key)
	if err == nil {
		delete(unreadable.since, key)
		return nil
	}
	unreadable.why[key] = err
	if _, failing := unreadable.since[key]; !failing {
		unreadable.since[key] = unreadable.now
	}
	return err
}

// settle draws from what was set aside, and reports whether it did. What it is about may have been put away
// again since: then it goes on waiting.
func (p *Processor) settle(ctx context.Context, x fetched) (settled bool, err error) {
	if x.lost != nil {
		return true, p.giveUp(ctx, x)
	}
	if slices.ContainsFunc(x.Facts, func(f alerting.Inbound) bool { _, away := p.away(f); return away }) {
		return false, nil
	}
	var drawn []alerting.Record
	for _, f := range x.Facts {
		records, outcome, err := p.draw(ctx, f)
		if err != nil {
			return false, err
		}
		p.Observe(f.Channel, f.Kind, outcome)
		drawn = append(drawn, records...)
	}
	p.doubt(x.Arrival, drawn)
	return true, p.write(ctx, append(drawn, alerting.Record{Settled: x.Arrival, Awaits: x.alert}))
}

// giveUp ends the wait of what came in about an alert that could not be read for long. It would go on for ever
// where the ledger has lost that, and every process that starts would read the ledger from there on. What came in
// stays in the inbound stream and in the ledger.
func (p *Processor) giveUp(ctx context.Context, x fetched) error {
	for _, f := range x.Facts {
		p.Observe(f.Channel, f.Kind, "given up")
		p.Log.Error().Err(x.lost).Str("alert", string(x.alert)).Str("channel", f.Channel).Str("kind", string(f.Kind)).Str("id", f.ID).Uint64("inbound", x.Arrival).
			Msg("an inbound message was given up: the filed alert that it is about can't be read, and it has waited for a day; it is kept in the inbound stream")
	}
	return p.write(ctx, []alerting.Record{{Settled: x.Arrival, Awaits: x.alert}})
}
