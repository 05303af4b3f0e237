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
	a.parts = append(a.parts, b.gather(a, &m))
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
		a.uncovered = alerting.UnionAreas(a.uncovered, parts[i].uncovered)
	}
	l.deliver(parts)
	l.count()
	if !inDoubt.IsZero() {
		l.doubt(parts, inDoubt)
	}
	b.end(a, at) // where the alert ended while its areas were added
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
		messages, people, rungs = messages+len(p.deliveries), people+len(p.recipients), rungs+len(p.contacts)
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
	for i := range g.deliveries {
		at, known := l.find(&g.deliveries[i])
		if !known {
			at = l.make(&g.deliveries[i], g.suppressed[uint32(i)])
		}
		l.here = append(l.here, at)
	}
}

func (l *listing) find(g *gatheredDelivery) (at uint32, known bool) {
	return l.a.index.find(l.a.deliveries, g.id, func(i uint32) bool {
		d := &l.a.deliveries[i]
		return d.channel == g.channel && l.a.address(d) == l.a.texts.at(g.address) && !d.traits.has(orphan)
	})
}

func (l *listing) make(g *gatheredDelivery, suppressed string) uint32 {
	at := uint32(len(l.a.deliveries))
	l.a.deliveries = append(l.a.deliveries, delivery{id: g.id, channel: g.channel, address: g.address, recipient: [1]uint32{nobody}})
	l.a.index.add(l.a.deliveries, at)
	if d := &l.a.deliveries[at]; suppressed != "" {
		d.state = alerting.Suppressed
		l.a.keep(d, Entry{At: l.at, State: alerting.Suppressed, Reason: suppressed})
	}
	return at
}

// nobody stands for the recipient of a delivery that has none yet.
const nobody = ^uint32(0)

// enroll adds a part's recipients with their contacts. One who is on the board already, since the
// alert was for fewer areas before, answers for more areas from then on.
func (l *listing) enroll(g *gathered) {
	contacts := g.contacts
	for i := range g.recipients {
		r := &g.recipients[i]
		own := contacts[:r.rungs]
		contacts = contacts[r.rungs:]
		if at, known := l.knows(r); known {
			l.widen(&l.a.recipients[at], at, l.areas.all[r.areas])
			continue
		}
		l.add(r, own)
	}
}

// knows finds a recipient among those that the alert had before.
func (l *listing) knows(r *gatheredRecipient) (at uint32, known bool) {
	if len(l.known) == 0 {
		return 0, false
	}
	at, known = l.known[card(l.a.texts.at(r.card)).subscriber()]
	return at, known
}

func (l *listing) add(r *gatheredRecipient, contacts []uint32) {
	at := uint32(len(l.a.recipients))
	added := recipient{card: r.card, areas: r.areas, teams: r.teams, contacts: uint32(len(l.a.contacts))}
	if r.shared {
		added.status |= deskShare
	}
	for _, c := range contacts {
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
		for j := range parts[i].deliveries {
			at := l.here[n]
			n++
			switch d := &l.a.deliveries[at]; {
			case !parts[i].deliveries[j].active:
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
		for j := range parts[i].deliveries {
			if parts[i].deliveries[j].active {
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
