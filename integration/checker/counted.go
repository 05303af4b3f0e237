package checker

import (
	"cmp"
	"maps"
	"slices"

	"revere/alerting"
	"revere/alerting/tracking"
)

// counted holds the summary against the records, counted one by one.
func (c *check) counted(a *Alert, k *reckoning) {
	s := &a.Summary
	differs(c, a, "", "phase", s.Phase, k.phase())
	differs(c, a, "", "opened", moment(s.Opened), moment(k.openedAt))
	differs(c, a, "", "expanded", s.Expanded, k.expanded)
	differs(c, a, "", "finished", s.Finished, k.expanded && !slices.ContainsFunc(k.tallies, (*tally).busy))
	replaced := alerting.Key("")
	if k.withdrawn != nil {
		replaced = k.withdrawn.By
	}
	differs(c, a, "", "replaced by", s.ReplacedBy, replaced)

	all := k.count(k.people)
	differs(c, a, "people", "people", s.People, all.People)
	differs(c, a, "people", "reached", s.Reached, all.Reached)
	differs(c, a, "people", "delivered", s.Delivered, all.Delivered)
	differs(c, a, "people", "acknowledged", s.Acknowledged, all.Acknowledged)
	c.counts(a, k)
	c.groups(a, k)
	c.remarked(a, k)
}

// busy reports whether a delivery is due or under way.
func (t *tally) busy() bool {
	return !t.state.Final() && !t.reserve() && (t.state != alerting.Unknown || !t.retryAt.IsZero())
}

// counts holds what is counted by state, by channel and by answer.
func (c *check) counts(a *Alert, k *reckoning) {
	states, channels, responses, total := tracking.Counts{}, map[string]tracking.Counts{}, map[string]int{}, 0
	for _, t := range k.tallies {
		if t.notice != "" || t.reserve() {
			continue
		}
		if channels[t.channel] == nil {
			channels[t.channel] = tracking.Counts{}
		}
		total, states[t.state], channels[t.channel][t.state] = total+1, states[t.state]+1, channels[t.channel][t.state]+1
	}
	for _, p := range k.people {
		if x := p.counts(); x != nil {
			responses[cmp.Or(x.Response, "ack")]++
		}
	}
	s := &a.Summary
	differs(c, a, "deliveries", "how many", s.Deliveries, total)
	if !maps.Equal(s.States, states) || !maps.EqualFunc(s.Channels, channels, maps.Equal) {
		c.violate(Unfolded, a, "deliveries", "they are counted as %v and %v, and on record are %v and %v", s.States, s.Channels, states, channels)
	}
	if !maps.Equal(s.Responses, responses) {
		c.violate(Unfolded, a, "responses", "they are counted as %v, and on record are %v", s.Responses, responses)
	}
}

// count counts some people, and finds their first answer that stands.
func (k *reckoning) count(people []*person) (s tracking.AreaSummary) {
	for _, p := range people {
		s.People++
		s.Reached += one(p.reached())
		s.Delivered += one(p.delivered())
		s.Acknowledged += one(p.counts() != nil)
		if x := p.first(); x != nil && (s.First == nil || moment(x.at).Before(s.First.At)) {
			view := p.view(x, k)
			s.First = &view
		}
	}
	return s
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// groups holds what is counted by jurisdiction, by team, and of those whom nothing can reach.
func (c *check) groups(a *Alert, k *reckoning) {
	areas, teams, gaps := map[alerting.Area][]*person{}, map[string][]*person{}, []string(nil)
	for _, p := range k.people {
		for _, area := range p.Areas {
			areas[area] = append(areas[area], p)
		}
		for _, team := range p.Teams {
			teams[team] = append(teams[team], p)
		}
		if p.gap() && p.counts() == nil {
			gaps = append(gaps, p.Subscriber)
		}
	}
	s := &a.Summary
	differs(c, a, "areas", "how many", len(s.Areas), len(areas))
	for _, shown := range s.Areas {
		c.group(a, string(shown.Area), shown, k.count(areas[shown.Area]))
	}
	differs(c, a, "teams", "how many", len(s.Teams), len(teams))
	for _, x := range s.Teams {
		want := k.count(teams[x.Team])
		want.Delivered = 0 // is not shown of a team
		c.group(a, x.Team, tracking.AreaSummary{People: x.People, Reached: x.Reached, Acknowledged: x.Acknowledged, First: x.First}, want)
	}
	var shown []string
	for _, g := range s.Gaps {
		shown = append(shown, g.Subscriber)
	}
	if !sameSet(shown, gaps) {
		c.violate(Unfolded, a, "gaps", "shown are %v, and on record %v", shown, gaps)
	}
}

func (c *check) group(a *Alert, name string, shown, counted tracking.AreaSummary) {
	var first, want tracking.AnswerView
	if shown.First != nil {
		first = given(*shown.First)
	}
	if counted.First != nil {
		want = *counted.First
	}
	differs(c, a, name, "the first answer", first, want)
	shown.Area, shown.First, counted.First = "", nil, nil
	differs(c, a, name, "counts", shown, counted)
}

func (c *check) remarked(a *Alert, k *reckoning) {
	plain := func(all []tracking.RemarkView) (own []tracking.RemarkView) {
		for _, r := range all {
			r.At = moment(r.At)
			own = append(own, r)
		}
		return own
	}
	if !slices.Equal(plain(a.Summary.Remarks), plain(k.remarks)) {
		c.violate(Unfolded, a, "remarks", "shown are %v, and on record %v", a.Summary.Remarks, k.remarks)
	}
}
