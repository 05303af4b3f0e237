package engine

import (
	"errors"

	"revere/alerting"
)

// The form of a manifest, after a version: revision, hash, part and parts; the channels; the deliveries, each its
// channel's place with two flags, its address and why it is suppressed; the lists of areas, the lists
// of teams, the languages; the recipients, each its id, name and organization, places in those
// tables, a flag and its contacts; the areas that are uncovered.
const manifestVersion = 1

// The flags of a delivery, below its channel, and that of a recipient.
const (
	flagActive     = 1
	flagSuppressed = 2
	deliveryFlags  = 2 // bits

	flagShared = 1
)

func (p *packing) manifest(m *alerting.Manifest) []byte {
	begin := len(p.data)
	p.number(manifestVersion)
	p.number(m.Revision)
	p.text(string(m.Hash))
	p.number(uint64(m.Part))
	p.number(uint64(m.Parts))
	p.deliveries(m.Deliveries)
	p.recipients(m.Recipients)
	texts(&p.packer, m.Uncovered)
	return p.data[begin:]
}

func (p *packing) deliveries(all []alerting.Planned) {
	rows, channels := p.begin(len(all)), &p.tables[0]
	for i := range all {
		d := &all[i]
		head := place(channels, d.Channel) << deliveryFlags
		if d.Active {
			head |= flagActive
		}
		if d.Suppressed != "" {
			head |= flagSuppressed
		}
		rows.number(head)
		rows.text(d.Address)
		if d.Suppressed != "" {
			rows.text(d.Suppressed)
		}
	}
	p.end(rows, 1)
}

func (p *packing) recipients(all []alerting.Recipient) {
	rows, areas, teams, languages := p.begin(len(all)), &p.tables[0], &p.tables[1], &p.tables[2]
	for i := range all {
		r := &all[i]
		rows.text(r.Subscriber)
		rows.text(r.Name)
		rows.text(r.Organization)
		rows.number(place(areas, r.Areas...))
		rows.number(place(teams, r.Teams...))
		rows.number(place(languages, r.Language))
		rows.flag(r.Shared, flagShared)
		rows.number(uint64(len(r.Contacts)))
		for _, c := range r.Contacts {
			rows.number(uint64(c))
		}
	}
	p.end(rows, 3)
}

// unpackManifest reads what a packing wrote.
func unpackManifest(data packedText) (m *alerting.Manifest, err error) {
	u := unpacker{rest: string(data)}
	if u.number() != manifestVersion {
		return nil, errors.New("the packed manifest is of another version")
	}
	m = &alerting.Manifest{Revision: u.number(), Hash: []byte(u.text()), Part: int(u.number()), Parts: int(u.number())}
	m.Deliveries = u.deliveries()
	m.Recipients = u.recipients()
	m.Uncovered = read[alerting.Area](&u)
	if u.damaged || u.rest != "" {
		return nil, errPacked
	}
	return m, nil
}

func (u *unpacker) deliveries() []alerting.Planned {
	channels := lists[string](u)
	n := u.count()
	if n == 0 {
		return nil
	}
	all := make([]alerting.Planned, n)
	for i := range all {
		head := u.number()
		all[i] = alerting.Planned{Channel: only(pick(u, channels, head>>deliveryFlags)), Active: head&flagActive != 0, Address: u.text()}
		if head&flagSuppressed != 0 {
			all[i].Suppressed = u.text()
		}
	}
	return all
}

func (u *unpacker) recipients() []alerting.Recipient {
	areas, teams, languages := lists[alerting.Area](u), lists[string](u), lists[string](u)
	n := u.count()
	if n == 0 {
		return nil
	}
	all, contacts := make([]alerting.Recipient, n), make([]uint32, 0, 2*n)
	for i := range all {
		all[i] = alerting.Recipient{
			Subscriber: u.text(), Name: u.text(), Organization: u.text(),
			Areas: pick(u, areas, u.number()), Teams: pick(u, teams, u.number()), Language: only(pick(u, languages, u.number())), Shared: u.number() == flagShared,
		}
		from := len(contacts)
		for range u.count() {
			contacts = append(contacts, uint32(u.number()))
		}
		if len(contacts) > from {
			all[i].Contacts = contacts[from:len(contacts):len(contacts)]
		}
	}
	return all
}
