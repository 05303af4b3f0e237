package replies

import (
	"context"

	"revere/alerting"
)

// settle draws from what was set aside, and reports whether it did. What it is about may have been put away
// again since: then it goes on waiting. What is about alerts that are lost is given up, and nothing else with it.
func (p *Processor) settle(ctx context.Context, x fetched) (settled bool, err error) {
	if p.awaitsMore(x) {
		return false, nil
	}
	var drawn []alerting.Record
	for _, f := range x.Facts {
		now, lost, key := p.part(f)
		if lost != nil && x.lost[key] == nil {
			return false, nil // put away since
		}
		if lost != nil {
			p.giveUp(x, *lost, key)
		}
		if now == nil {
			continue
		}
		records, outcome, err := p.draw(ctx, *now)
		if err != nil {
			return false, err
		}
		p.Observe(f.Channel, f.Kind, outcome)
		drawn = append(drawn, records...)
	}
	p.doubt(x.Arrival, drawn)
	return true, p.write(ctx, append(drawn, alerting.Record{Settled: x.Arrival, Awaits: x.alert}))
}

// awaitsMore reports whether something is about an alert that is away and not lost.
func (p *Processor) awaitsMore(x fetched) bool {
	for _, f := range x.Facts {
		for _, part := range apart(f) {
			if key, away := p.away(part); away && x.lost[key] == nil {
				return true
			}
		}
	}
	return false
}

// giveUp ends the wait of what came in about an alert that the ledger has lost. It would go on for ever, and every
// process that starts would read the ledger from there on. What came in stays in the inbound stream and in the ledger.
func (p *Processor) giveUp(x fetched, f alerting.Inbound, key alerting.Key) {
	p.Observe(f.Channel, f.Kind, "given up")
	p.Log.Error().Err(x.lost[key]).Str("alert", string(key)).Str("channel", f.Channel).Str("kind", string(f.Kind)).Str("id", f.ID).Uint64("inbound", x.Arrival).
		Msg("an inbound message was given up: the ledger has lost the filed alert that it is about, and it has waited for a day; it is kept in the inbound stream")
}
