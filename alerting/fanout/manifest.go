package fanout

import (
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

// How a manifest is cut into records: each is small enough to write and read without a pause, and
// with the alert itself beside it fits into one of the engine's messages.
const (
	partSize  = 500
	partBytes = 200 << 10 // of its recipients, about
)

// records cuts the plan into the manifest's parts. There is always one, even of an empty plan.
func (p *plan) records(template alerting.Record) []alerting.Record {
	var digest []byte
	var deliveries [][]alerting.Planned
	var recipients [][]alerting.Recipient
	alerting.Together(
		func() { digest = Digest(p.deliveries, p.recipients) },
		func() { deliveries = cut(p.deliveries, func(alerting.Planned) int { return 0 }) },
		func() { recipients = cut(p.recipients, weight) },
	)
	uncovered := cut(p.uncovered, func(alerting.Area) int { return 0 })
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
