package tracking

import (
	"maps"
	"slices"

	"revere/alerting"
)

// Summary returns an alert with everything counted.
func (b *Board) Summary(key alerting.Key) (Summary, bool) {
	_ = b.Recall(key)
	b.mu.RLock()
	defer b.mu.RUnlock()
	a := b.alerts[key]
	if a == nil {
		return Summary{}, false
	}
	return b.summary(a), true
}

func (b *Board) summary(a *alert) Summary {
	s, t := a.head(), &a.tally
	s.States, s.Channels = b.states(t)
	for _, n := range s.States {
		s.Deliveries += n
	}
	s.Responses = maps.Clone(t.responses)
	s.Areas = make([]AreaSummary, 0, len(t.areas))
	for _, area := range slices.Sorted(maps.Keys(t.areas)) {
		g := t.areas[area]
		s.Areas = append(s.Areas, AreaSummary{area, g.people, g.reached, g.delivered, g.acknowledged, a.firstOf(g)})
	}
	for _, team := range slices.Sorted(maps.Keys(t.teams)) {
		g := t.teams[team]
		s.Teams = append(s.Teams, TeamSummary{team, g.people, g.reached, g.acknowledged, a.firstOf(g)})
	}
	s.Uncovered = append([]alerting.Area{}, a.uncovered...)
	s.Gaps = b.gaps(a)
	s.Remarks = make([]RemarkView, 0, len(a.remarks))
	for _, r := range a.remarks {
		s.Remarks = append(s.Remarks, RemarkView{r.at, r.Kind, r.Channel, r.Detail})
	}
	return s
}

// states counts deliveries by state, and by channel and state.
func (b *Board) states(t *tally) (all Counts, channels map[string]Counts) {
	all, channels = Counts{}, map[string]Counts{}
	for channel := range t.states {
		counts := Counts{}
		for state, n := range t.states[channel] {
			if n != 0 {
				counts[alerting.State(state)] = int(n)
				all[alerting.State(state)] += int(n)
			}
		}
		if len(counts) > 0 {
			channels[b.channels[channel]] = counts
		}
	}
	return all, channels
}

// firstOf is a group's first answer, nil while there is none.
func (a *alert) firstOf(g *group) *AnswerView {
	if g.first == nil {
		return nil
	}
	view := a.answerView(g.first.recipient, g.first.answer)
	return &view
}

// gaps lists the people whom nothing can reach any more.
func (b *Board) gaps(a *alert) []Gap {
	gaps := make([]Gap, 0, len(a.tally.gaps))
	for _, i := range slices.Sorted(maps.Keys(a.tally.gaps)) {
		r := &a.recipients[i]
		gaps = append(gaps, Gap{a.card(r).subscriber(), a.card(r).name(), b.areas.all[r.areas], b.gap(a, r)})
	}
	return gaps
}

// gap tells why nothing can reach a recipient.
func (b *Board) gap(a *alert, r *recipient) string {
	reason := "no contact that this alert may use"
	for _, c := range a.rungs(r) {
		d := &a.deliveries[c]
		if d.traits.has(optedOut) {
			reason = b.channel(d) + " opted out (STOP)"
			continue
		}
		reason = b.channel(d) + " " + d.state.String()
		if why := a.lastReason(d); why != "" {
			reason += ": " + why
		}
	}
	return reason
}
