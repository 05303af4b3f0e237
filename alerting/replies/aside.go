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

// part parts a fact into what can be dealt with now and what is set aside; either may be nil. A receipt
// may be about messages of several alerts.
func (p *Processor) part(f alerting.Inbound) (now, aside *alerting.Inbound) {
	if _, away := p.away(f); !away {
		return &f, nil
	}
	if f.Kind != alerting.InboundReceipt || f.Ref != "" || len(f.About) < 2 {
		return nil, &f
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
		return nil, &filed
	}
	return &living, &filed
}

// A fetched arrival has its filed alerts in memory. done is closed when it was dealt with.
type fetched struct {
	arrival uint64
	done    chan struct{}
}

// fetch reads again what facts that were set aside are about, until ctx is done.
func (p *Processor) fetch(ctx context.Context, ready chan<- fetched) {
	for ctx.Err() == nil {
		for _, arrival := range p.Board.Asides() {
			if p.recall(arrival) != nil {
				continue // the board tells the operator; those behind it don't wait
			}
			next := fetched{arrival, make(chan struct{})}
			select {
			case ready <- next:
			case <-ctx.Done():
				return
			}
			select {
			case <-next.done:
			case <-ctx.Done():
				return
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

func (p *Processor) recall(arrival uint64) error {
	for _, f := range p.Board.Aside(arrival) {
		for key, away := p.away(f); away; key, away = p.away(f) {
			if err := p.Board.Recall(key); err != nil {
				return err
			}
		}
	}
	return nil
}

// settle draws from what was set aside of an arrival. What it is about may have been put away again since:
// then it goes on waiting.
func (p *Processor) settle(ctx context.Context, arrival uint64) error {
	facts := p.Board.Aside(arrival)
	if len(facts) == 0 || slices.ContainsFunc(facts, func(f alerting.Inbound) bool { _, away := p.away(f); return away }) {
		return nil
	}
	var drawn []alerting.Record
	for _, f := range facts {
		records, outcome, err := p.draw(ctx, f)
		if err != nil {
			return err
		}
		p.Observe(f.Channel, f.Kind, outcome)
		drawn = append(drawn, records...)
	}
	if len(drawn) == 0 {
		drawn = []alerting.Record{{}}
	}
	drawn[len(drawn)-1].Settled = arrival
	return p.write(ctx, drawn)
}
