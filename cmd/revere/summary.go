package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"revere/alerting"
	"revere/alerting/tracking"
)

// summaryText is an alert as the desk reads it: what it says, how far it came, jurisdiction by
// jurisdiction, and what needs a person.
func summaryText(env environment, s tracking.Summary) string {
	var b strings.Builder
	a := s.Alert
	fmt.Fprintf(&b, "%s %s  %s, %s: %s\n", s.Key, s.Code, strings.ToUpper(string(a.Status)), strings.ToUpper(string(a.Severity)), plain(a.Title()))
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "  %-13s %s\n", name, plain(fmt.Sprintf(format, args...)))
	}
	line("for", "%s", some(a.Areas))
	line("from", "%s (id %s, token %s)", a.Sender, a.ID, s.Producer)
	line("opened", "%s, expires %s", env.clock(s.Opened), env.clock(a.Expires))
	if how := ended(s); how != "" {
		line("ended", "%s", how)
	}
	if len(s.Corrects) > 0 {
		line("corrects", "%s", joined(s.Corrects))
	}
	line("people", "%d: %d reached, %d delivered, %d acknowledged%s", s.People, s.Reached, s.Delivered, s.Acknowledged, responseCounts(s))
	for _, name := range slices.Sorted(maps.Keys(s.Channels)) {
		line(name, "%s", stateCounts(s.Channels[name]))
	}
	switch {
	case !s.Expanded && slices.ContainsFunc(s.Remarks, func(r tracking.RemarkView) bool { return r.Kind == alerting.RemarkUnexpanded }):
		line("given up", "nobody is told; what it corrects is withdrawn")
	case !s.Expanded:
		line("under way", "nobody has been told yet: the people of what it corrects are not known again; what it corrects is withdrawn")
	case !s.Finished:
		line("under way", "not everything has gone out yet")
	}
	b.WriteString(areaTable(s.Areas))
	b.WriteString(teamTable(s.Teams))
	b.WriteString(attention(env, s))
	return b.String()
}

// responseCounts breaks the answers down, where the alert offered more than ACK.
func responseCounts(s tracking.Summary) string {
	if len(s.Alert.Responses) == 0 || s.Acknowledged == 0 {
		return ""
	}
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(s.Responses)) {
		name := key
		if offered, ok := s.Alert.Response(key); ok {
			name = offered.Label
		}
		parts = append(parts, fmt.Sprintf("%s %d", name, s.Responses[key]))
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

func stateCounts(counts tracking.Counts) string {
	var parts []string
	for _, state := range alerting.States() {
		if n := counts[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", state, n))
		}
	}
	return strings.Join(parts, ", ")
}

func areaTable(areas []tracking.AreaSummary) string {
	if len(areas) == 0 {
		return ""
	}
	t := newTable("JURISDICTION", "PEOPLE", "REACHED", "DELIVERED", "ACK", "FIRST ANSWER", "AFTER")
	for _, x := range areas {
		t.add(string(x.Area), fmt.Sprint(x.People), fmt.Sprint(x.Reached), fmt.Sprint(x.Delivered), fmt.Sprint(x.Acknowledged),
			whoAnswered(x.First), afterText(x.First))
	}
	return "\n" + t.String()
}

func teamTable(teams []tracking.TeamSummary) string {
	if len(teams) == 0 {
		return ""
	}
	t := newTable("TEAM", "PEOPLE", "REACHED", "ACK", "FIRST ANSWER", "AFTER")
	for _, x := range teams {
		t.add(x.Team, fmt.Sprint(x.People), fmt.Sprint(x.Reached), fmt.Sprint(x.Acknowledged), whoAnswered(x.First), afterText(x.First))
	}
	return "\n" + t.String()
}

func whoAnswered(a *tracking.AnswerView) string {
	if a == nil {
		return "-"
	}
	who := a.Name
	if a.Label != "" {
		who += " (" + a.Label + ")"
	}
	return who
}

func afterText(a *tracking.AnswerView) string {
	if a == nil {
		return "-"
	}
	return span(a.After)
}

// attention lists what a person at the desk must see to.
func attention(env environment, s tracking.Summary) string {
	const gapsShown = 12
	var lines []string
	for _, g := range s.Gaps[:min(len(s.Gaps), gapsShown)] {
		lines = append(lines, fmt.Sprintf("can't be reached: %s (%s) for %s: %s", g.Name, g.Subscriber, joined(g.Areas), g.Detail))
	}
	if more := len(s.Gaps) - gapsShown; more > 0 {
		lines = append(lines, fmt.Sprintf("can't be reached: %d more; `revere alerts show %s --unanswered` names them", more, s.Key))
	}
	if len(s.Uncovered) > 0 {
		lines = append(lines, "nobody is subscribed in: "+some(s.Uncovered))
	}
	for _, r := range s.Remarks {
		if r.Kind == alerting.RemarkGap {
			continue // the gaps that are left stand above
		}
		lines = append(lines, fmt.Sprintf("%s %s: %s", r.At.In(env.zone).Format("15:04:05"), strings.ReplaceAll(string(r.Kind), "_", " "), r.Detail))
	}
	if waiting := s.People - s.Acknowledged; waiting > 0 && s.Phase == tracking.Open {
		lines = append(lines, fmt.Sprintf("no answer yet from %s: `revere alerts show %s --unanswered` is the call sheet", count(waiting, "person", "people"), s.Key))
	}
	if len(lines) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\n")
	for _, l := range lines {
		b.WriteString("! " + plain(l) + "\n")
	}
	return b.String()
}
