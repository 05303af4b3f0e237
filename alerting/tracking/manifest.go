package tracking

import (
	"slices"
	"time"

	"revere/alerting"
)

// foldManifest gathers the parts, which the ledger holds one behind the other, and takes the list
// in when it is complete.
func (b *Board) foldManifest(a *alert, at, inDoubt time.Time, m alerting.Manifest) {
	if m.Part == 0 {
		a.parts = nil
	}
	if m.Part != len(a.parts) {
		return // a part before it can't be read: half a list is none, and the alert stays unexpanded
	}
	a.parts = append(a.parts, a.gather(m))
	if m.Part != m.Parts-1 {
		return
	}
	parts := a.parts
	a.parts = nil
	a.manifested, a.givenUp, a.revision = true, "", m.Revision // earlier versions went on trying
	l := b.newListing(a, at, parts)
	for i := range parts {
		l.plan(&parts[i])
	}
	for i := range parts {
		l.enroll(&parts[i])
		a.uncovered = alerting.UnionAreas(a.uncovered, parts[i].Uncovered)
	}
	l.deliver(parts)
	l.count()
	if !inDoubt.IsZero() {
		l.doubt(parts, inDoubt)
	}
	b.end(a, at) // where the alert ended while its areas were added
}

// A gathered is a part of a manifest, with what can be made of it before the others have come. They come while
// those behind them are read and decoded.
type gathered struct {
	alerting.Manifest
	ids       []uint64 // half of each delivery's
	addresses []text   // the deliveries'
	cards     []text   // the recipients'
}

func (a *alert) gather(m alerting.Manifest) gathered {
	g := gathered{Manifest: m, ids: make([]uint64, len(m.Deliveries)), addresses: make([]text, len(m.Deliveries)), cards: make([]text, len(m.Recipients))}
	a.texts.expect(g.bytes())
	for i := range m.Deliveries {
		d := &m.Deliveries[i]
		g.ids[i] = half(alerting.NewDeliveryID(a.key, d.Channel, d.Address))
		g.addresses[i] = a.texts.add(d.Address)
	}
	for i := range m.Recipients {
		r := &m.Recipients[i]
		g.cards[i] = a.texts.addCard(r.Subscriber, r.Name, r.Organization, r.Language)
	}
	return g
}

// bytes is how many its texts take.
func (g *gathered) bytes() (n int) {
	for i := range g.Deliveries {
		n += len(g.Deliveries[i].Address)
	}
	for i := range g.Recipients {
		r := &g.Recipients[i]
		n += cardLength(r.Subscriber) + cardLength(r.Name) + cardLength(r.Organization) + cardLength(r.Language)
	}
	return n
}

// A listing is a manifest that is taken in.
type listing struct {
	*Board
	a          *alert
	at         time.Time
	here       []uint32 // the manifest's delivery index → the alert's
	deliveries uint32   // the first that is new
	recipients uint32
	known      map[string]uint32 // the recipients that the alert had before, by subscriber
}

func (b *Board) newListing(a *alert, at time.Time, parts []gathered) *listing {
	messages, people, rungs := 0, 0, 0
	for _, p := range parts {
		messages, people = messages+len(p.Deliveries), people+len(p.Recipients)
		for i := range p.Recipients {
			rungs += len(p.Recipients[i].Contacts)
		}
	}
	a.deliveries, a.recipients = slices.Grow(a.deliveries, messages), slices.Grow(a.recipients, people)
	a.contacts, a.bySub = slices.Grow(a.contacts, rungs), nil
	a.index.grow(a.deliveries, a.index.used+messages)
	l := &listing{
		Board: b, a: a, at: at, here: make([]uint32, 0, messages), deliveries: uint32(len(a.deliveries)), recipients: uint32(len(a.recipients)),
		known: make(map[string]uint32, len(a.recipients)),
	}
	a.manifests = append(a.manifests, listed{l.deliveries, momentOf(at)})
	for i := range a.recipients {
		l.known[a.cardOf(uint32(i)).subscriber()] = uint32(i)
	}
	return l
}

// plan finds or makes the deliveries of a part.
func (l *listing) plan(g *gathered) {
	for i := range g.Deliveries {
		l.here = append(l.here, l.place(&g.Deliveries[i], g.ids[i], g.addresses[i]))
	}
}

func (l *listing) place(p *alerting.Planned, id uint64, address text) uint32 {
	channel := l.numberOf(p.Channel)
	at, known := l.a.index.find(l.a.deliveries, id, func(i uint32) bool {
		d := &l.a.deliveries[i]
		return d.channel == channel && l.a.address(d) == p.Address && !d.traits.has(orphan)
	})
	if known {
		return at
	}
	at = uint32(len(l.a.deliveries))
	l.a.deliveries = append(l.a.deliveries, delivery{id: id, channel: channel, address: address, recipient: [1]uint32{nobody}})
	l.a.index.add(l.a.deliveries, at)
	if d := &l.a.deliveries[at]; p.Suppressed != "" {
		d.state = alerting.Suppressed
		l.a.keep(d, Entry{At: l.at, State: alerting.Suppressed, Reason: p.Suppressed})
	}
	return at
}

// nobody stands for the recipient of a delivery that has none yet.
const nobody = ^uint32(0)

// enroll adds a part's recipients with their contacts. One who is on the board already, since the
// alert was for fewer areas before, answers for more areas from then on.
func (l *listing) enroll(g *gathered) {
	for i, card := range g.cards {
		r := &g.Recipients[i]
		if at, known := l.known[r.Subscriber]; known {
			l.widen(&l.a.recipients[at], at, r.Areas)
			continue
		}
		l.add(r, card)
	}
}

func (l *listing) add(r *alerting.Recipient, card text) {
	at := uint32(len(l.a.recipients))
	added := recipient{card: card, areas: l.areas.number(r.Areas), teams: l.teams.number(r.Teams), contacts: uint32(len(l.a.contacts))}
	if r.Shared {
		added.status |= deskShare
	}
	for _, c := range r.Contacts {
		if int(c) >= len(l.here) {
			continue
		}
		l.a.contacts = append(l.a.contacts, l.here[c])
		added.rungs++
		l.share(l.here[c], at)
	}
	l.a.recipients = append(l.a.recipients, added)
	l.enter(l.a, &added, l.areas.all[added.areas], l.teams.all[added.teams])
}

// share adds a recipient to those of a delivery.
func (l *listing) share(i, recipient uint32) {
	d := &l.a.deliveries[i]
	if d.recipient[0] == nobody {
		d.recipient[0] = recipient
		return
	}
	l.a.shared[i] = append(slices.Clone(l.a.behind(i)), recipient)
}

func (l *listing) widen(r *recipient, at uint32, areas []alerting.Area) {
	had := l.areas.all[r.areas]
	r.areas = l.areas.number(alerting.UnionAreas(had, areas))
	more := l.areas.all[r.areas][len(had):]
	l.enter(l.a, r, more, nil)
	given := firstOf(l.a.answers[at])
	for _, area := range more {
		if g := l.a.tally.areas[area]; given != nil && (g.first == nil || earlier(at, given, g.first)) {
			g.first = &first{at, given}
		}
	}
}

// deliver makes the active deliveries of the manifest due, in its order.
func (l *listing) deliver(parts []gathered) {
	n := 0
	for i := range parts {
		for j := range parts[i].Deliveries {
			at := l.here[n]
			n++
			switch d := &l.a.deliveries[at]; {
			case !parts[i].Deliveries[j].Active:
			case at < l.deliveries:
				l.changeState(l.a, at, func() { l.activate(l.a, l.at, at, "") })
			case d.idle():
				d.traits |= listedOn
				l.makeDue(l.a, at, l.at)
			}
		}
	}
}

// doubt puts the active deliveries of the manifest in doubt.
func (l *listing) doubt(parts []gathered, since time.Time) {
	n := 0
	for i := range parts {
		for j := range parts[i].Deliveries {
			if parts[i].Deliveries[j].Active {
				l.Board.doubt(l.a, since, l.at, l.here[n])
			}
			n++
		}
	}
}

// count counts what is new.
func (l *listing) count() {
	for i := l.deliveries; i < uint32(len(l.a.deliveries)); i++ {
		d := &l.a.deliveries[i]
		l.Board.count(l.a, d, d.standing(), 1)
	}
	for i := l.recipients; i < uint32(len(l.a.recipients)); i++ {
		l.weigh(l.a, i)
	}
}
