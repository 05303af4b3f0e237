package replies

import (
	"context"
	"slices"
	"time"

	"revere/alerting"
	"revere/alerting/replies/grammar"
	"revere/alerting/tracking"
)

// What is about an alert that is filed is set aside, in the ledger and with its place in the inbound
// stream: the alert is read again beside the processing, and what comes in about others is dealt with
// meanwhile. When it is there the fact is drawn from like any other, and the record that says so ends its
// wait. So it counts once, wherever the process dies.

// fetchAgain is how long after a failure a filed alert is read again.
const fetchAgain = 5 * time.Second

// away returns the filed alert whose details have to be read before anything can be made of a fact; ok is
// false when nothing has to.
func (p *Processor) away(f alerting.Inbound) (key alerting.Key, ok bool) {
	var failed error
	defer alerting.Rescue(&failed) // then nothing is away, and whoever draws from the fact says why it failed
	switch f.Kind {
	case alerting.InboundReceipt:
		if f.Ref != "" {
			ref, err := alerting.ParseRef(f.Ref)
			return ref.Alert, err == nil && p.Board.Away(ref.Alert)
		}
		return p.sentAway(f, p.Board.PlacesOf(f.Channel, f.From))
	case alerting.InboundReaction, alerting.InboundUnreact:
		if grammar.IsAcknowledgement(f.Text) {
			return p.sentAway(f, p.Board.PlacesOf(f.Channel, f.From))
		}
	case alerting.InboundQuote:
		said, places := grammar.Parse(f.Text), p.placesOf(f)
		if said.Code == "" {
			if slices.ContainsFunc(places, func(x tracking.Place) bool { return sentAny(x, f.About) }) {
				return "", false
			}
			if key, ok := p.sentAway(f, places); ok {
				return key, true
			}
		}
		return p.answeredAway(f, places, said)
	case alerting.InboundReply:
		return p.answeredAway(f, p.placesOf(f), grammar.Parse(f.Text))
	}
	return "", false
}

// sentAway finds the filed alert of which a fact names a message. places are where the address stands in
// the others, which are looked at first: there are few of them.
func (p *Processor) sentAway(f alerting.Inbound, places []tracking.Place) (key alerting.Key, ok bool) {
	for _, id := range f.About {
		if slices.ContainsFunc(places, func(x tracking.Place) bool { return slices.Contains(x.Sent, id) }) {
			continue
		}
		if key, ok = p.Board.AwaySent(f.Channel, f.From, id); ok {
			return key, true
		}
	}
	return "", false
}

// answeredAway finds the filed alert that a reply means: the one whose code it says, else, where no other
// alert is there by which to answer, the newest that went to the address.
func (p *Processor) answeredAway(f alerting.Inbound, places []tracking.Place, said grammar.Reply) (key alerting.Key, ok bool) {
	if said.Kind == grammar.Tapback || said.Kind == grammar.Empty {
		return "", false // nothing answers it
	}
	coded := func(x tracking.Place) bool { return x.Code == said.Code }
	if said.Code != "" && !slices.ContainsFunc(places, coded) {
		if key, ok = p.Board.AwayAt(f.Channel, f.From, said.Code); ok {
			return key, true
		}
	}
	if len(places) == 0 {
		return p.Board.AwayAt(f.Channel, f.From, "")
	}
	return "", false
}

// part parts a fact into what can be dealt with now and what is set aside for a filed alert; either may be
// nil. A receipt may be about messages of several alerts.
func (p *Processor) part(f alerting.Inbound) (now, aside *alerting.Inbound, awaits alerting.Key) {
	awaits, away := p.away(f)
	if !away {
		return &f, nil, ""
	}
	if f.Kind != alerting.InboundReceipt || f.Ref != "" || len(f.About) < 2 {
		return nil, &f, awaits
	}
	living, filed := f, f
	living.About, filed.About = nil, nil
	for _, id := range f.About {
		if _, away := p.Board.AwaySent(f.Channel, f.From, id); away {
			filed.About = append(filed.About, id)
		} else {
			living.About = append(living.About, id)
		}
	}
	if len(living.About) == 0 {
		return nil, &filed, awaits
	}
	return &living, &filed, awaits
}

// A fetched arrival has its filed alerts in memory.
type fetched struct {
	alert alerting.Key // that it waited for
	tracking.Aside
	settled chan bool // told whether it was dealt with
}

// fetch reads again what facts that were set aside are about, until ctx is done.
func (p *Processor) fetch(ctx context.Context, ready chan<- fetched) {
	for ctx.Err() == nil {
		unreadable := map[alerting.Key]error{} // in this round
		for _, key := range p.Board.Asides() {
			if err := p.fetchFor(ctx, key, ready, unreadable); err != nil {
				waiting, held := p.Board.CountAside()
				p.Log.Error().Err(err).Str("alert", string(key)).Int("waiting", waiting).Int("held", held).Msg("replies and receipts wait: the filed alert that they are about can't be read; it is tried again")
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

// fetchFor has everything dealt with that waits for an alert, a part after the other. An alert that can't be
// read is tried once a round, however much is about it: others wait for that no longer than they must.
func (p *Processor) fetchFor(ctx context.Context, key alerting.Key, ready chan<- fetched, unreadable map[alerting.Key]error) error {
	if err := p.recallOnce(key, unreadable); err != nil {
		return err
	}
	for {
		waiting, failed := p.Board.Aside(key)
		settled := false
		for _, x := range waiting {
			if err := p.recall(x.Facts, unreadable); err != nil {
				failed = err
				continue
			}
			next := fetched{key, x, make(chan bool, 1)}
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

func (p *Processor) recall(facts []alerting.Inbound, unreadable map[alerting.Key]error) error {
	for _, f := range facts {
		for key, away := p.away(f); away; key, away = p.away(f) {
			if err := p.recallOnce(key, unreadable); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *Processor) recallOnce(key alerting.Key, unreadable map[alerting.Key]error) error {
	if err := unreadable[key]; err != nil {
		return err
	}
	err := p.Board.Recall(key)
	if err != nil {
		unreadable[key] = err
	}
	return err
}

// settle draws from what was set aside, and reports whether it did. What it is about may have been put away
// again since: then it goes on waiting.
func (p *Processor) settle(ctx context.Context, x fetched) (settled bool, err error) {
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
