package fanout

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"revere/alerting"
)

// A plan is a manifest in the making: everyone whom an alert goes to, in sending order.
type plan struct {
	deliveries []alerting.Planned
	recipients []alerting.Recipient
	uncovered  []alerting.Area
	revision   uint64
}

// newPlan orders the candidates breadth first: on each channel, every jurisdiction's first message
// goes before any jurisdiction's second. With atOnce all contacts of everyone are used together;
// else the first that may be, and the others are in reserve.
func newPlan(candidates []alerting.Candidate, atOnce bool) *plan {
	p := &plan{recipients: make([]alerting.Recipient, len(candidates))}
	uses := make([]use, 0, len(candidates))
	for i, c := range candidates {
		p.recipients[i] = c.Recipient
		p.recipients[i].Contacts = make([]uint32, len(c.Contacts))
		found := false
		for j, contact := range c.Contacts {
			contact.Active = contact.Suppressed == "" && (contact.Active || atOnce || !found)
			found = found || contact.Active
			uses = append(uses, use{contact, i, j})
		}
	}
	p.place(breadthFirst(uses, candidates))
	return p
}

// A use is one contact of one candidate.
type use struct {
	contact   alerting.Planned
	candidate int
	rung      int
}

// breadthFirst sorts the active contacts into rounds: in round n are those that are their
// jurisdiction's n-th on their channel. Contacts in reserve follow behind.
func breadthFirst(uses []use, candidates []alerting.Candidate) []use {
	type lane struct {
		area    alerting.Area
		channel string
	}
	before := map[lane]*int{}
	var rounds [][]use
	var reserve []use
	var counts []*int
	for _, u := range uses {
		if !u.contact.Active {
			reserve = append(reserve, u)
			continue
		}
		round := -1
		counts = counts[:0]
		for _, a := range candidates[u.candidate].Recipient.Areas {
			at := lane{a, u.contact.Channel}
			n := before[at]
			if n == nil {
				n = new(int)
				before[at] = n
			}
			counts = append(counts, n)
			if round < 0 || *n < round {
				round = *n
			}
		}
		round = max(round, 0)
		for _, n := range counts {
			*n++
		}
		for len(rounds) <= round {
			rounds = append(rounds, nil)
		}
		rounds[round] = append(rounds[round], u)
	}
	ordered := make([]use, 0, len(uses))
	for _, r := range rounds {
		ordered = append(ordered, r...)
	}
	return append(ordered, reserve...)
}

// place gives each address one delivery: those who share an address share its message.
func (p *plan) place(uses []use) {
	type address struct{ channel, address string }
	places := make(map[address]uint32, len(uses))
	p.deliveries = make([]alerting.Planned, 0, len(uses))
	for _, u := range uses {
		at := address{u.contact.Channel, u.contact.Address}
		i, shared := places[at]
		if !shared {
			i = uint32(len(p.deliveries))
			places[at] = i
			p.deliveries = append(p.deliveries, u.contact)
		} else if u.contact.Active {
			p.deliveries[i].Active = true
		}
		p.recipients[u.candidate].Contacts[u.rung] = i
	}
}

// How a manifest is cut into records: each is small enough to write and read without a pause, and
// with the alert itself beside it fits into one of the engine's messages.
const (
	partSize  = 500
	partBytes = 200 << 10 // of its recipients, about
)

// records cuts the plan into the manifest's parts. There is always one, even of an empty plan.
func (p *plan) records(template alerting.Record) []alerting.Record {
	deliveries := cut(p.deliveries, func(alerting.Planned) int { return 0 })
	recipients := cut(p.recipients, weight)
	uncovered := cut(p.uncovered, func(alerting.Area) int { return 0 })
	digest := Digest(p.deliveries, p.recipients)
	records := make([]alerting.Record, max(len(deliveries), len(recipients), len(uncovered), 1))
	for i := range records {
		records[i] = template
		records[i].Manifest = &alerting.Manifest{
			Revision: p.revision, Hash: digest, Part: i, Parts: len(records),
			Deliveries: at(deliveries, i), Recipients: at(recipients, i), Uncovered: at(uncovered, i),
		}
	}
	return records
}

// cut splits a list into parts that are neither too long nor too heavy.
func cut[T any](all []T, weight func(T) int) (parts [][]T) {
	begin, bytes := 0, 0
	for i, x := range all {
		w := weight(x)
		if i > begin && (i-begin == partSize || bytes+w > partBytes) {
			parts = append(parts, all[begin:i])
			begin, bytes = i, 0
		}
		bytes += w
	}
	if begin < len(all) {
		parts = append(parts, all[begin:])
	}
	return parts
}

// at is the i-th part, of which there may be none.
func at[T any](parts [][]T, i int) []T {
	if i < len(parts) {
		return parts[i]
	}
	return nil
}

// weight is about how many bytes a recipient takes in a record.
func weight(r alerting.Recipient) int {
	const overhead = 4 // of each value
	n := len(r.Subscriber) + len(r.Name) + len(r.Organization) + len(r.Language) + 2*overhead*len(r.Contacts) + 8*overhead
	for _, a := range r.Areas {
		n += len(a) + overhead
	}
	for _, t := range r.Teams {
		n += len(t) + overhead
	}
	return n
}

// Digest covers who gets what and in which order, so that a manifest can be checked against what was
// written down later. It is the Hash of a manifest of these deliveries and recipients, all parts
// together.
func Digest(deliveries []alerting.Planned, recipients []alerting.Recipient) []byte {
	h := sha256.New()
	var row []byte
	for i := range deliveries {
		d := &deliveries[i]
		row = number(text(row[:0], d.Channel, d.Address, d.Suppressed), flag(d.Active))
		h.Write(row)
	}
	for i := range recipients {
		row = text(row[:0], recipients[i].Subscriber)
		for _, c := range recipients[i].Contacts {
			row = number(row, c)
		}
		h.Write(row)
	}
	return h.Sum(nil)[:16]
}

func text(row []byte, parts ...string) []byte {
	for _, s := range parts {
		row = append(number(row, uint32(len(s))), s...)
	}
	return row
}

func number(row []byte, n uint32) []byte { return binary.BigEndian.AppendUint32(row, n) }

func flag(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

// jurisdictions lists the areas that the plan's recipients answer for.
func (p *plan) jurisdictions() []alerting.Area {
	var areas []alerting.Area
	seen := map[alerting.Area]bool{}
	for _, r := range p.recipients {
		for _, a := range r.Areas {
			if !seen[a] {
				seen[a] = true
				areas = append(areas, a)
			}
		}
	}
	slices.Sort(areas)
	return areas
}
