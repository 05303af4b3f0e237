package tracking

import "revere/alerting"

// A gathered is a part of a manifest as it waits for the others, which come while those behind them are read
// and decoded: what can be made of it already, and nothing that the garbage collector looks through.
type gathered struct {
	deliveries []gatheredDelivery
	recipients []gatheredRecipient
	contacts   []uint32          // of all recipients, one behind the other: the manifest's delivery indexes
	suppressed map[uint32]string // why, by the delivery's place in the part
	uncovered  []alerting.Area
}

type gatheredDelivery struct {
	id      uint64 // half of it
	address text
	channel uint16
	active  bool
}

type gatheredRecipient struct {
	card         text
	areas, teams uint32
	rungs        uint32
	shared       bool
}

func (b *Board) gather(a *alert, m *alerting.Manifest) gathered {
	bytes, rungs := sizes(m)
	a.texts.expect(bytes)
	g := gathered{
		deliveries: make([]gatheredDelivery, len(m.Deliveries)), recipients: make([]gatheredRecipient, len(m.Recipients)),
		contacts: make([]uint32, 0, rungs), uncovered: cloned(m.Uncovered),
	}
	for i := range m.Deliveries {
		d := &m.Deliveries[i]
		id := half(alerting.NewDeliveryID(a.key, d.Channel, d.Address))
		g.deliveries[i] = gatheredDelivery{id: id, address: a.texts.add(d.Address), channel: b.numberOf(d.Channel), active: d.Active}
		if d.Suppressed != "" {
			g.suppress(uint32(i), d.Suppressed)
		}
	}
	for i := range m.Recipients {
		r := &m.Recipients[i]
		card := a.texts.addCard(r.Subscriber, r.Name, r.Organization, r.Language)
		g.recipients[i] = gatheredRecipient{card, b.areas.number(r.Areas), b.teams.number(r.Teams), uint32(len(r.Contacts)), r.Shared}
		g.contacts = append(g.contacts, r.Contacts...)
	}
	return g
}

func (g *gathered) suppress(i uint32, reason string) {
	if g.suppressed == nil {
		g.suppressed = map[uint32]string{}
	}
	g.suppressed[i] = reason
}

// sizes are how many bytes a part's texts take, and how many contacts its recipients have.
func sizes(m *alerting.Manifest) (bytes, rungs int) {
	for i := range m.Deliveries {
		bytes += len(m.Deliveries[i].Address)
	}
	for i := range m.Recipients {
		r := &m.Recipients[i]
		bytes += cardLength(r.Subscriber) + cardLength(r.Name) + cardLength(r.Organization) + cardLength(r.Language)
		rungs += len(r.Contacts)
	}
	return bytes, rungs
}
