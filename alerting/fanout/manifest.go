package fanout

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
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
	rungs := 0
	for i := range candidates {
		rungs += len(candidates[i].Contacts)
	}
	uses, contacts := make([]use, 0, rungs), make([]uint32, rungs)
	for i := range candidates {
		c := &candidates[i]
		p.recipients[i] = c.Recipient
		n := len(c.Contacts)
		p.recipients[i].Contacts, contacts = contacts[:n:n], contacts[n:]
		found := false
		for j := range c.Contacts {
			contact := &c.Contacts[j]
			active := contact.Suppressed == "" && (contact.Active || atOnce || !found)
			found = found || active
			uses = append(uses, use{candidate: uint32(i), rung: uint32(j), active: active})
		}
	}
	p.place(breadthFirst(uses, candidates), candidates)
	return p
}

// A use is one contact of one candidate.
type use struct {
	candidate, rung uint32
	round           uint32
	active          bool
}

// breadthFirst sorts the active contacts into rounds: in round n are those that are their
// jurisdiction's n-th on their channel. Contacts in reserve follow behind.
func breadthFirst(uses []use, candidates []alerting.Candidate) []use {
	before := map[string]map[alerting.Area]uint32{} // by channel, how many contacts of each area came before
	var size []uint32                               // of each round
	for i := range uses {
		u := &uses[i]
		if !u.active {
			continue
		}
		c := &candidates[u.candidate]
		channel := c.Contacts[u.rung].Channel
		seen := before[channel]
		if seen == nil {
			seen = map[alerting.Area]uint32{}
			before[channel] = seen
		}
		u.round = next(seen, c.Recipient.Areas)
		for len(size) <= int(u.round) {
			size = append(size, 0)
		}
		size[u.round]++
	}
	return sorted(uses, size)
}

// next counts a contact of some areas, and returns how many came before in the one that has fewest.
func next(seen map[alerting.Area]uint32, areas []alerting.Area) (round uint32) {
	for i, a := range areas {
		n := seen[a]
		seen[a] = n + 1
		if i == 0 || n < round {
			round = n
		}
	}
	return round
}

// sorted puts each use behind those of earlier rounds, and what is in reserve at the end. Within a
// round the order stays.
func sorted(uses []use, size []uint32) []use {
	begin, sum := make([]uint32, len(size)+1), uint32(0) // where the next of each round goes; the last is the reserve
	for round, n := range size {
		begin[round] = sum
		sum += n
	}
	begin[len(size)] = sum
	ordered := make([]use, len(uses))
	for _, u := range uses {
		round := u.round
		if !u.active {
			round = uint32(len(size))
		}
		ordered[begin[round]] = u
		begin[round]++
	}
	return ordered
}

// place gives each address one delivery: those who share an address share its message.
func (p *plan) place(uses []use, candidates []alerting.Candidate) {
	places := newAddresses(len(uses))
	p.deliveries = make([]alerting.Planned, 0, len(uses))
	for _, u := range uses {
		contact := &candidates[u.candidate].Contacts[u.rung]
		i, shared := places.find(p.deliveries, contact)
		if !shared {
			p.deliveries = append(p.deliveries, *contact)
			p.deliveries[i].Active = false
		}
		p.deliveries[i].Active = p.deliveries[i].Active || u.active
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
	rows := make([]byte, 0, 2*digestBytes)
	for i := range deliveries {
		d := &deliveries[i]
		rows = digested(h, number(text(rows, d.Channel, d.Address, d.Suppressed), flag(d.Active)))
	}
	for i := range recipients {
		rows = text(rows, recipients[i].Subscriber)
		for _, c := range recipients[i].Contacts {
			rows = number(rows, c)
		}
		rows = digested(h, rows)
	}
	h.Write(rows)
	return h.Sum(nil)[:16]
}

// digestBytes is how much is digested at once.
const digestBytes = 8 << 10

// digested digests rows once there are enough of them, and returns those that wait for more.
func digested(h hash.Hash, rows []byte) []byte {
	if len(rows) < digestBytes {
		return rows
	}
	h.Write(rows)
	return rows[:0]
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
