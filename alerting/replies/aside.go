package replies

import (
	"slices"

	"revere/alerting"
	"revere/alerting/replies/grammar"
	"revere/alerting/tracking"
)

// What is about an alert that is filed is set aside, in the ledger and with its place in the inbound
// stream: the alert is read again beside the processing, and what comes in about others is dealt with
// meanwhile. When it is there the fact is drawn from like any other, and the record that says so ends its
// wait. So it counts once, wherever the process dies.

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
		return p.receivedAway(f, p.Board.PlacesOf(f.Channel, f.From))
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

// receivedAway finds the filed alert that a receipt is of: the one whose message it names, or, where it tells when a
// message was sent that nobody knows the name of, one that may have sent it then.
func (p *Processor) receivedAway(f alerting.Inbound, places []tracking.Place) (key alerting.Key, ok bool) {
	if key, ok = p.sentAway(f, places); ok || f.SentAt.IsZero() {
		return key, ok
	}
	if slices.ContainsFunc(places, func(x tracking.Place) bool { return sentAny(x, f.About) }) {
		return "", false
	}
	return p.Board.AwayUnclear(f.Channel, f.From, f.SentAt.Add(-longestCall), f.SentAt.Add(skew))
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
	parts := apart(f)
	if len(parts) < 2 {
		return nil, &f, awaits
	}
	living, filed := f, f
	living.About, filed.About = nil, nil
	for _, part := range parts {
		if _, away := p.away(part); away {
			filed.About = append(filed.About, part.About...)
		} else {
			living.About = append(living.About, part.About...)
		}
	}
	if len(living.About) == 0 {
		return nil, &filed, awaits
	}
	return &living, &filed, awaits
}

// apart takes a receipt apart that is about several messages: they may be of several alerts.
func apart(f alerting.Inbound) (parts []alerting.Inbound) {
	if f.Kind != alerting.InboundReceipt || f.Ref != "" || len(f.About) < 2 {
		return []alerting.Inbound{f}
	}
	for _, id := range f.About {
		part := f
		part.About = []string{id}
		parts = append(parts, part)
	}
	return parts
}
