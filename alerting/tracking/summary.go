package tracking

import (
	"sort"

	"revere/alerting"
)

// Summary returns an alert with everything counted.
func (b *Board) Summary(key alerting.Key) (Summary, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	a := b.alerts[key]
	if a == nil {
		return Summary{}, false
	}
	return a.summary(), true
}

func (a *alert) summary() Summary {
	s := a.head()
	s.States, s.Channels, s.Responses = Counts{}, map[string]Counts{}, map[string]int{}
	s.Uncovered = append([]alerting.Area{}, a.uncovered...)
	s.Finished = a.manifested
	a.countDeliveries(&s)
	a.countPeople(&s)
	s.Gaps = a.gaps()
	s.Remarks = make([]RemarkView, 0, len(a.remarks))
	for _, r := range a.remarks {
		s.Remarks = append(s.Remarks, RemarkView{r.at, r.Kind, r.Channel, r.Detail})
	}
	return s
}

func (a *alert) countDeliveries(s *Summary) {
	for i := range a.deliveries {
		d := &a.deliveries[i]
		if !d.state.Final() && (d.active || d.state != alerting.Queued) && !(d.state == alerting.Unknown && d.retryAt.IsZero()) {
			s.Finished = false
		}
		if d.notice != nil || d.reserve() {
			continue
		}
		s.Deliveries++
		s.States[d.state]++
		if s.Channels[d.channel] == nil {
			s.Channels[d.channel] = Counts{}
		}
		s.Channels[d.channel][d.state]++
	}
}

// reserve reports whether the contact has not been used.
func (d *delivery) reserve() bool { return !d.active && d.state == alerting.Queued }

func (a *alert) countPeople(s *Summary) {
	areas, teams := map[alerting.Area]*AreaSummary{}, map[string]*TeamSummary{}
	for i := range a.recipients {
		p := a.person(uint32(i))
		first := a.firstAnswer(uint32(i))
		s.Reached += one(p.Reached)
		s.Delivered += one(p.Delivered)
		s.Acknowledged += one(p.Answer != nil)
		if p.Answer != nil {
			s.Responses[responseKey(p.Answer)]++
		}
		for _, area := range p.Areas {
			if areas[area] == nil {
				areas[area] = &AreaSummary{Area: area}
			}
			x := areas[area]
			x.People++
			x.Reached += one(p.Reached)
			x.Delivered += one(p.Delivered)
			x.Acknowledged += one(p.Answer != nil)
			x.First = earlier(x.First, first)
		}
		for _, team := range a.recipients[i].Teams {
			if teams[team] == nil {
				teams[team] = &TeamSummary{Team: team}
			}
			x := teams[team]
			x.People++
			x.Reached += one(p.Reached)
			x.Acknowledged += one(p.Answer != nil)
			x.First = earlier(x.First, first)
		}
	}
	s.Areas = make([]AreaSummary, 0, len(areas))
	for _, x := range areas {
		s.Areas = append(s.Areas, *x)
	}
	sort.Slice(s.Areas, func(i, j int) bool { return s.Areas[i].Area < s.Areas[j].Area })
	for _, x := range teams {
		s.Teams = append(s.Teams, *x)
	}
	sort.Slice(s.Teams, func(i, j int) bool { return s.Teams[i].Team < s.Teams[j].Team })
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func responseKey(a *AnswerView) string {
	if a.Response == "" {
		return "ack"
	}
	return a.Response
}

func earlier(x, y *AnswerView) *AnswerView {
	if x == nil || (y != nil && y.At.Before(x.At)) {
		return y
	}
	return x
}

// gaps lists the people whom nothing can reach any more. One who has answered is none.
func (a *alert) gaps() []Gap {
	gaps := []Gap{}
	for i := range a.recipients {
		r := &a.recipients[i]
		if r.answered() != nil {
			continue
		}
		if detail := a.gap(r); detail != "" {
			gaps = append(gaps, Gap{r.Subscriber, r.Name, r.Areas, detail})
		}
	}
	return gaps
}

func (a *alert) gap(r *recipient) string {
	if len(r.contacts) == 0 {
		return "no contact that this alert may use"
	}
	reason := ""
	for _, c := range r.contacts {
		d := &a.deliveries[c]
		if !d.lost() {
			return ""
		}
		reason = d.channel + " " + d.state.String()
		if d.optedOut {
			reason = d.channel + " opted out (STOP)"
			continue
		}
		if n := len(d.history); n > 0 && d.history[n-1].Reason != "" {
			reason += ": " + d.history[n-1].Reason
		}
	}
	return reason
}

// firstAnswer is the first answer of a recipient, nil while there is none.
func (a *alert) firstAnswer(i uint32) *AnswerView {
	r := &a.recipients[i]
	given := r.first()
	if given == nil {
		return nil
	}
	view := a.answerView(r, given)
	return &view
}
