package checker

import (
	"maps"

	"revere/alerting"
	"revere/alerting/tracking"
)

// counters counts an alert's deliveries and people again.
func (c *check) counters(a *Alert) {
	states, channels, total := tracking.Counts{}, map[string]tracking.Counts{}, 0
	for i := range a.Deliveries {
		d := &a.Deliveries[i]
		if d.Notice != "" {
			continue
		}
		total++
		states[d.State]++
		if channels[d.Channel] == nil {
			channels[d.Channel] = tracking.Counts{}
		}
		channels[d.Channel][d.State]++
	}
	s := &a.Summary
	if s.Deliveries != total {
		c.violate(Miscounted, a, "deliveries", "%d are counted, and there are %d", s.Deliveries, total)
	}
	if !maps.Equal(s.States, states) {
		c.violate(Miscounted, a, "states", "they are counted as %v, and are %v", s.States, states)
	}
	if !maps.EqualFunc(s.Channels, channels, maps.Equal) {
		c.violate(Miscounted, a, "channels", "they are counted as %v, and are %v", s.Channels, channels)
	}
	c.people(a)
}

// people counts those who were reached by the states of their deliveries.
func (c *check) people(a *Alert) {
	reached, delivered, answered := map[string]bool{}, map[string]bool{}, 0
	for i := range a.Deliveries {
		d := &a.Deliveries[i]
		for _, subscriber := range d.Subscribers {
			reached[subscriber] = reached[subscriber] || d.State.Arrived() || d.State == alerting.Accepted || d.State == alerting.Sent
			delivered[subscriber] = delivered[subscriber] || d.State.Arrived()
		}
	}
	for _, p := range a.People {
		if p.Answer != nil {
			answered++
		}
	}
	s := &a.Summary
	for _, counter := range []struct {
		name       string
		says, true int
	}{
		{"people", s.People, len(a.People)}, {"reached", s.Reached, yes(reached)},
		{"delivered", s.Delivered, yes(delivered)}, {"acknowledged", s.Acknowledged, answered},
	} {
		if counter.says != counter.true {
			c.violate(Miscounted, a, counter.name, "%d are counted, and there are %d", counter.says, counter.true)
		}
	}
}

func yes(set map[string]bool) int {
	n := 0
	for _, in := range set {
		if in {
			n++
		}
	}
	return n
}
