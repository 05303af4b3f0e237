package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"revere/alerting/api"
	"revere/alerting/fanout"
	"revere/cmd/revere/client"
)

// previewText is what would be sent to whom, as a person reads it before typing the word.
func previewText(env environment, d api.DryRun) string {
	a, p := d.Alert, d.Preview
	var b strings.Builder
	say := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-14s %s\n", name, plain(fmt.Sprintf(format, args...)))
	}
	say(strings.ToUpper(string(a.Status)), "%s, %s, until %s", strings.ToUpper(string(a.Severity)), a.Title(), env.clock(a.Expires))
	say("for", "%s", joined(a.Areas))
	if !a.Status.ReachesPeople() {
		say("reaches", "nobody: %s is kept and never sent", a.Status)
	} else {
		say("reaches", "%s in %s", reached(p), count(len(p.Jurisdictions), "jurisdiction", "jurisdictions"))
	}
	if len(p.Jurisdictions) > 0 {
		say("jurisdictions", "%s", some(p.Jurisdictions))
	}
	if p.People > 0 {
		say("at once", "%s; %s in reserve", channelCounts(p.Channels), count(p.Reserve, "contact", "contacts"))
		say("last message", "after %s", minutes(p.LastMessage))
	}
	if len(p.Unreachable) > 0 {
		say("NOT REACHED", "%s: their channels are not configured, they opted out, or want graver alerts only", some(p.Unreachable))
	}
	if len(p.Uncovered) > 0 {
		say("NOBODY IN", "%s", some(p.Uncovered))
	}
	for _, w := range d.Warnings {
		say("warning", "%s", client.Line(w))
	}
	return b.String()
}

// reached counts the people whom something is sent to: fewer than it concerns where some can't be reached.
func reached(p fanout.Preview) string {
	people := count(p.People, "person", "people")
	if unreachable := len(p.Unreachable); unreachable > 0 {
		return fmt.Sprintf("%d of %s", p.People-unreachable, people)
	}
	return people
}

// some lists the first few of a list that may be long.
func some[T ~string](list []T) string {
	const shown = 12
	more := ""
	if len(list) > shown {
		more = fmt.Sprintf(" and %d more", len(list)-shown)
		list = list[:shown]
	}
	return strings.ReplaceAll(joined(list), " ", ", ") + more
}

func channelCounts(channels map[string]int) string {
	var parts []string
	for name, n := range channels {
		parts = append(parts, fmt.Sprintf("%s %d", name, n))
	}
	slices.Sort(parts)
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}

// minutes shows how long a sending takes in the unit that a desk thinks in.
func minutes(d time.Duration) string {
	if d < time.Minute {
		return "less than a minute"
	}
	return fmt.Sprintf("%.0f minutes", d.Minutes())
}
