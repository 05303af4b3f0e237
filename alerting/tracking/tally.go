package tracking

import (
	"revere/alerting"
)

// A tally is an alert counted: it is kept in step with every change, so that to look costs little
// however large the alert is.
type tally struct {
	states    [][alerting.StateCount]int32 // by channel in the board's list
	busy      int                          // deliveries that are due or under way
	everyone  group
	responses map[string]int
	areas     map[alerting.Area]*group
	teams     map[string]*group
	gaps      map[uint32]struct{} // recipients whom nothing can reach any more
}

// unclear counts the deliveries of whose newest attempt nobody knows what came of it.
func (t *tally) unclear() (n int) {
	for _, counts := range t.states {
		n += int(counts[alerting.Attempting] + counts[alerting.Unknown])
	}
	return n
}

// A group is some people: everyone, those of one jurisdiction, or of one team.
type group struct {
	people, reached, delivered, acknowledged int
	first                                    *first
}

// first is the first answer that came from a group and was not taken back.
type first struct {
	recipient uint32
	answer    *answer
}

func newTally() tally {
	return tally{responses: map[string]int{}, areas: map[alerting.Area]*group{}, teams: map[string]*group{}, gaps: map[uint32]struct{}{}}
}

// A standing is how a delivery counts.
type standing struct {
	state alerting.State
	shown bool // among the alert's deliveries: no notice, and not in reserve
	busy  bool
	due   bool
}

func (d *delivery) standing() standing {
	reserve := d.reserve()
	return standing{
		state: d.state, shown: !reserve && !d.traits.has(orphan), due: d.due(),
		busy: !d.state.Final() && !reserve && !(d.state == alerting.Unknown && d.retryAt == 0),
	}
}

// recount counts a delivery and its people anew after a change; before is how it counted until then.
func (b *Board) recount(a *alert, i uint32, before standing) {
	d := &a.deliveries[i]
	if after := d.standing(); after != before {
		b.count(a, d, before, -1)
		b.count(a, d, after, 1)
	}
	for _, r := range a.behind(i) {
		b.weigh(a, r)
	}
}

func (b *Board) count(a *alert, d *delivery, s standing, by int) {
	t := &a.tally
	for len(t.states) <= int(d.channel) {
		t.states = append(t.states, [alerting.StateCount]int32{})
	}
	if s.shown {
		t.states[d.channel][s.state] += int32(by)
	}
	if s.busy {
		t.busy += by
	}
	if s.due && !a.asleep {
		b.countDue(a, d, by)
	}
}

func (b *Board) countDue(a *alert, d *delivery, by int) {
	b.outbox(b.channel(d)).backlog[b.lane(a, d)] += by
}

// weigh brings a recipient's status, and all that counts it, in step with their deliveries.
func (b *Board) weigh(a *alert, i uint32) {
	r := &a.recipients[i]
	before := r.status
	var now status
	lost := true
	for _, c := range a.rungs(r) {
		d := &a.deliveries[c]
		lost = lost && d.lost()
		switch d.state {
		case alerting.Accepted, alerting.Sent:
			now |= reached
		case alerting.Delivered, alerting.Read:
			now |= reached | arrived
		}
	}
	if lost {
		now |= gapped
	}
	r.status = before&^(reached|arrived|gapped) | now
	if r.status == before {
		return
	}
	b.counts(a, r, before)
	a.noteGap(i, r.status)
}

// noteGap keeps the list of people whom nothing can reach. One who has answered is none.
func (a *alert) noteGap(i uint32, s status) {
	if s.has(gapped) && !s.has(answered) {
		a.tally.gaps[i] = struct{}{}
	} else {
		delete(a.tally.gaps, i)
	}
}

// counts brings everything that counts people in step with a recipient's status; before is what it was.
func (b *Board) counts(a *alert, r *recipient, before status) {
	t := &a.tally
	t.everyone.recount(before, r.status)
	for _, area := range b.areas.all[r.areas] {
		t.areas[area].recount(before, r.status)
	}
	for _, team := range b.teams.all[r.teams] {
		t.teams[team].recount(before, r.status)
	}
}

func (g *group) recount(before, now status) {
	g.count(before, -1)
	g.count(now, 1)
}

func (g *group) count(s status, by int) {
	if s.has(reached) {
		g.reached += by
	}
	if s.has(arrived) {
		g.delivered += by
	}
	if s.has(answered) {
		g.acknowledged += by
	}
}

// enter adds a recipient to the groups of their areas and teams.
func (b *Board) enter(a *alert, r *recipient, areas []alerting.Area, teams []string) {
	for _, area := range areas {
		enter(a.tally.areas, area, r.status)
	}
	for _, team := range teams {
		enter(a.tally.teams, team, r.status)
	}
}

func enter[T comparable](groups map[T]*group, name T, s status) {
	g := groups[name]
	if g == nil {
		g = &group{}
		groups[name] = g
	}
	g.people++
	g.count(s, 1)
}

// groupsOf are those that a recipient belongs to.
func (b *Board) groupsOf(a *alert, r *recipient) []*group {
	var groups []*group
	for _, area := range b.areas.all[r.areas] {
		groups = append(groups, a.tally.areas[area])
	}
	for _, team := range b.teams.all[r.teams] {
		groups = append(groups, a.tally.teams[team])
	}
	return groups
}
