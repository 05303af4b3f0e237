package checker

import (
	"slices"

	"revere/alerting"
	"revere/alerting/tracking"
)

// A tally is what the ledger's records add up to for one delivery, reckoned without the board.
type tally struct {
	channel, address string
	notice           bool
	text             string // a notice's
	attempts         int
	late             bool         // the only attempt is one that a system before may have made at a contact in reserve
	marked           map[int]bool // attempts that may be duplicates
	results          int
	best             alerting.State // the highest arrival that any record tells of: Delivered or Read, else Queued
}

// ledger reckons an alert's records again, and holds what is shown against them.
func (c *check) ledger(a *Alert) {
	if a.Records == nil {
		return
	}
	tallies, people := reckon(a.Records)
	if a.Summary.People != len(people) {
		c.violate(Unfolded, a, "people", "%d are shown, and %d are on record", a.Summary.People, len(people))
	}
	shown := map[uint32]bool{}
	for i := range a.Deliveries {
		d := &a.Deliveries[i]
		shown[d.Index] = true
		if int(d.Index) >= len(tallies) {
			c.violate(Unfolded, a, d.Address, "delivery %d is shown, and %d are on record", d.Index, len(tallies))
			continue
		}
		c.tally(a, d, tallies[d.Index])
	}
	for i, t := range tallies {
		if t.attempts > 0 && !shown[uint32(i)] {
			c.violate(Unfolded, a, t.address, "%d attempts on %s are on record, and the delivery is not shown", t.attempts, t.channel)
		}
	}
	c.answered(a, people)
}

// tally holds one delivery against its records.
func (c *check) tally(a *Alert, d *tracking.DeliveryView, t *tally) {
	if d.Channel != t.channel || d.Address != t.address || (d.Notice != "") != t.notice {
		c.violate(Unfolded, a, d.Address, "on record it is %s on %s", t.address, t.channel)
		return
	}
	if d.Attempts != t.attempts && !(t.late && d.Attempts == 0) { // it may have become due too late to be used
		c.violate(Unfolded, a, d.Address, "%d attempts are shown, and %d are on record", d.Attempts, t.attempts)
	}
	told := 0
	for _, e := range d.History {
		if e.State == alerting.Attempting && e.PossibleDuplicate != t.marked[e.Attempt] {
			c.violate(Unfolded, a, d.Address, "attempt %d is shown as a possible duplicate: %t; on record: %t", e.Attempt, e.PossibleDuplicate, t.marked[e.Attempt])
		}
		if e.State != alerting.Attempting && (e.State != alerting.Queued || e.Attempt > 0) { // that it became due is no result
			told++
		}
	}
	if told < t.results {
		c.violate(Unfolded, a, d.Address, "%d results are shown, and %d are on record", told, t.results)
	}
	if d.State != t.best && (t.best.Arrived() || d.State.Arrived()) {
		c.violate(Unfolded, a, d.Address, "it is shown as %s, and the highest on record is %s", d.State, t.best)
	}
}

// answered finds answers on record that are not shown. One that was taken back is none.
func (c *check) answered(a *Alert, people []string) {
	answered := map[uint32]bool{}
	for i := range a.Records {
		for _, x := range a.Records[i].Answers {
			for _, r := range x.Recipients {
				if !x.Retracted && x.Via != alerting.ViaReaction {
					answered[r] = true
				}
			}
		}
	}
	shown := map[string]bool{}
	for _, p := range a.People {
		shown[p.Subscriber] = p.Answer != nil
	}
	for r := range answered {
		if int(r) >= len(people) || !shown[people[r]] {
			c.violate(Forgotten, a, "", "an answer of recipient %d is on record, and is not shown", r)
		}
	}
}

// reckon adds records up. Deliveries and people are numbered in the order in which records introduce
// them, an address and a person once each.
func reckon(records []alerting.Record) (tallies []*tally, people []string) {
	numbered, known := map[string]bool{}, map[string]bool{}
	for i := range records {
		r := &records[i]
		if r.Manifest != nil {
			for _, p := range r.Manifest.Deliveries {
				if at := place(p.Channel, p.Address); !numbered[at] {
					numbered[at] = true
					tallies = append(tallies, &tally{channel: p.Channel, address: p.Address, marked: map[int]bool{}})
				}
			}
			for _, p := range r.Manifest.Recipients {
				if !known[p.Subscriber] {
					known[p.Subscriber] = true
					people = append(people, p.Subscriber)
				}
			}
		}
		for _, n := range r.Notices {
			tallies = append(tallies, &tally{channel: n.Channel, address: n.Address, notice: true, text: n.Text, marked: map[int]bool{}})
		}
		doubt(tallies, r)
		for _, x := range r.Attempts {
			if t := at(tallies, x.Delivery); t != nil {
				t.late = false
				t.attempts, t.marked[x.Attempt] = max(t.attempts, x.Attempt), x.PossibleDuplicate
			}
		}
		for _, x := range r.Results {
			if t := at(tallies, x.Delivery); t != nil {
				t.results++
				if x.State.Arrived() && x.State.Outranks(t.best) {
					t.best = x.State
				}
			}
		}
	}
	return tallies, people
}

// doubt counts what a system before may have sent of what becomes due by a record.
func doubt(tallies []*tally, r *alerting.Record) {
	if r.InDoubt.IsZero() {
		return
	}
	one := func(t *tally, late bool) {
		if t != nil && t.attempts == 0 {
			t.attempts, t.results, t.late = 1, t.results+1, late
		}
	}
	if r.Manifest != nil {
		for _, p := range r.Manifest.Deliveries {
			if !p.Active {
				continue
			}
			one(tallies[slices.IndexFunc(tallies, func(t *tally) bool { return !t.notice && t.channel == p.Channel && t.address == p.Address })], false)
		}
	}
	for i := range r.Notices {
		one(tallies[len(tallies)-len(r.Notices)+i], false)
	}
	for _, x := range r.Activated {
		one(at(tallies, x.Delivery), true)
	}
}

func at(tallies []*tally, i uint32) *tally {
	if int(i) < len(tallies) {
		return tallies[i]
	}
	return nil
}
