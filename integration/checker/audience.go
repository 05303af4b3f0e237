package checker

import (
	"slices"
	"strings"
	"time"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/subscribers"
)

// audience holds whom an alert was sent to against whom it should be.
func (c *check) audience(a *Alert) {
	have := map[string]*tracking.DeliveryView{}
	for i := range a.Deliveries {
		d := &a.Deliveries[i]
		if d.Notice != "" {
			continue
		}
		if have[place(d.Channel, d.Address)] != nil {
			c.violate(Repeated, a, d.Address, "on %s", d.Channel)
		}
		have[place(d.Channel, d.Address)] = d
	}
	if a.Follows {
		return
	}
	allowed := map[string]bool{}
	directory := c.Directory
	if a.Directory != nil {
		directory = a.Directory
	}
	for i := range directory {
		if s := &directory[i]; c.concerns(a, s) {
			c.subscriber(a, s, have, allowed)
		}
	}
	for at, d := range have {
		if !allowed[at] {
			c.violate(Unexpected, a, d.Address, "on %s, for %v", d.Channel, d.Subscribers)
		}
	}
}

func place(channel, address string) string { return channel + " " + address }

// concerns reports whether a subscriber should get an alert.
func (c *check) concerns(a *Alert, s *subscribers.Subscriber) bool {
	alert := &a.Summary.Alert
	if !alert.Status.ReachesPeople() {
		return false
	}
	return slices.ContainsFunc(s.Areas, func(own alerting.Area) bool {
		return slices.ContainsFunc(alert.Areas, func(area alerting.Area) bool { return c.Atlas.Overlaps(own, area) })
	})
}

// subscriber holds one subscriber's contacts against the deliveries: the first must be used, all of
// them when the alert is extreme, and each further one only after the one before brought nothing.
func (c *check) subscriber(a *Alert, s *subscribers.Subscriber, have map[string]*tracking.DeliveryView, allowed map[string]bool) {
	var before *tracking.DeliveryView
	rung := -1
	for _, contact := range s.Contacts {
		floor := contact.MinSeverity
		if floor == "" {
			floor = s.MinSeverity
		}
		if !a.Summary.Alert.Severity.Reaches(floor) {
			continue
		}
		at := place(contact.Channel, contact.Address)
		d := have[at]
		allowed[at] = true
		rung++
		atOnce := a.Summary.Alert.Severity == alerting.Extreme
		switch {
		case d == nil && (rung == 0 || atOnce) && !reopened(a, s, contact.Channel):
			c.violate(Missing, a, contact.Address, "%s should get it on %s", s.ID, contact.Channel)
		case d != nil && rung > 0 && !atOnce && len(d.Subscribers) < 2:
			c.reserve(a, d, before)
		}
		if d != nil {
			before = d
		}
	}
}

// reserve says whether a contact was used without need.
func (c *check) reserve(a *Alert, d, before *tracking.DeliveryView) {
	due := slices.IndexFunc(d.History, func(e tracking.Entry) bool { return e.State == alerting.Queued })
	if before == nil || due < 0 || len(before.History) == 0 { // one that was closed before it was used is not used
		return
	}
	used, first := d.History[due].At, before.History[0].At
	lost := slices.ContainsFunc(before.History, func(e tracking.Entry) bool {
		return (e.State.Dead() || e.State == alerting.Unknown) && e.RetryAt.IsZero() && !e.At.After(used)
	})
	if !lost && !closed(a, before, used) && c.FallbackAfter > 0 && used.Sub(first) < c.FallbackAfter-time.Millisecond {
		c.violate(Early, a, d.Address, "used %s after %s, which had not failed", used.Sub(first), before.Address)
	}
}

// closed reports whether the person had closed a contact with STOP by then; by the zero time, ever.
func closed(a *Alert, d *tracking.DeliveryView, by time.Time) bool {
	return slices.ContainsFunc(a.Summary.Remarks, func(r tracking.RemarkView) bool {
		named := func(name string) bool { return strings.Contains(r.Detail, name) }
		return r.Kind == alerting.RemarkOptOut && r.Channel == d.Channel && (by.IsZero() || !r.At.After(by)) && slices.ContainsFunc(d.Names, named)
	})
}

// reopened reports whether the person opened a contact again with START: where STOP had closed it when
// the alert came, it was passed over then, and is in reserve from then on.
func reopened(a *Alert, s *subscribers.Subscriber, channel string) bool {
	return slices.ContainsFunc(a.Summary.Remarks, func(r tracking.RemarkView) bool {
		return r.Kind == alerting.RemarkOptIn && r.Channel == channel && strings.Contains(r.Detail, s.Name)
	})
}

// answers finds acknowledgements that are gone.
func (c *check) answers(a *Alert) {
	for _, subscriber := range a.Acknowledged {
		if !slices.ContainsFunc(a.People, func(p tracking.PersonView) bool { return p.Subscriber == subscriber && p.Answer != nil }) {
			c.violate(Forgotten, a, subscriber, "it was recorded, and is not shown")
		}
	}
}
