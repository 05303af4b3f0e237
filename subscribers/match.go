package subscribers

import (
	"slices"

	"revere/alerting"
)

// A Matched is a subscriber whom an alert reaches.
type Matched struct {
	*Subscriber
	// Areas are those of the subscriber's areas that the alert overlaps, in the subscriber's order.
	Areas []alerting.Area
	// Contacts are those that the alert's severity reaches, in the order of preference; at least one.
	Contacts []Contact
}

// Match returns whom an alert reaches, in the order of the subscribers' ids: everyone with an area
// that overlaps one of the alert's, a contact whose floor lets the severity through, and, where
// both the alert and the subscriber name categories, one in common. It looks at the subscribers of
// the overlapping areas only. Opt-outs are not its business: the manifest shows them as suppressed.
func (v *View) Match(alert []alerting.Area, severity alerting.Severity, categories []string) []Matched {
	choices := v.choices(severity, categories)
	members := slices.DeleteFunc(v.within(alert), func(m member) bool { return len(choices[m.profile]) == 0 })
	matched, subscribers := make([]Matched, len(members)), make([]Subscriber, len(members))
	for i, m := range members {
		s := &subscribers[i]
		m.unpackInto(s, v.profiles[m.profile], m.set.areas)
		matched[i] = Matched{Subscriber: s, Areas: m.areas, Contacts: s.chosen(choices[m.profile])}
	}
	return matched
}

// chosen returns the contacts with some indexes: the list itself where those are all, which is usual.
func (s *Subscriber) chosen(indexes []int) []Contact {
	if len(indexes) == len(s.Contacts) {
		return s.Contacts
	}
	contacts := make([]Contact, len(indexes))
	for i, at := range indexes {
		contacts[i] = s.Contacts[at]
	}
	return contacts
}

// Choices are for each profile the contacts that an alert reaches, by their index; none where it does
// not reach the subscriber.
type choices [][]int

func (v *View) choices(severity alerting.Severity, categories []string) choices {
	all := make(choices, len(v.profiles))
	for i, p := range v.profiles {
		if p.interestedIn(categories) {
			all[i] = p.reachedBy(severity)
		}
	}
	return all
}

func (p *profile) interestedIn(categories []string) bool {
	if len(p.categories) == 0 || len(categories) == 0 {
		return true
	}
	return slices.ContainsFunc(categories, func(c string) bool { return slices.Contains(p.categories, c) })
}

func (p *profile) reachedBy(severity alerting.Severity) []int {
	var reached []int
	for i, c := range p.contacts {
		if severity.Reaches(p.floorOf(c)) {
			reached = append(reached, i)
		}
	}
	return reached
}

// floorOf is the least severity that reaches one of the contacts.
func (p *profile) floorOf(c Contact) alerting.Severity {
	if c.MinSeverity != "" {
		return c.MinSeverity
	}
	return p.floor
}

// Uncovered lists the municipalities within an alert's areas to which nobody has subscribed, in the
// order of their keys: those that the atlas knows, and those that the alert itself names. Only a
// subscription to the municipality counts. A county's or state's desk hears of the alert, but
// nobody in the town does, which is what the desk must know.
func (v *View) Uncovered(alert []alerting.Area) []alerting.Area {
	var uncovered []alerting.Area
	consider := func(town alerting.Area) {
		if !v.index.has(town) {
			uncovered = append(uncovered, town)
		}
	}
	for _, area := range alert {
		if area.Kind() == alerting.KindMunicipality {
			consider(area)
			continue
		}
		for _, town := range v.atlas.Municipalities(area) {
			consider(town)
		}
	}
	slices.Sort(uncovered)
	return slices.Compact(uncovered)
}

// Unplaced lists the subscribed municipalities that an alert for some county in areas may concern
// and does not reach, since the atlas does not know in which county they lie; and, for an alert for
// such a municipality, the subscribed counties of its state. It is in the order of the keys. The
// desk is warned: importing the state's municipalities mends it.
func (v *View) Unplaced(alert []alerting.Area) []alerting.Area {
	var unplaced []alerting.Area
	for _, area := range alert {
		for subscribed := range v.index.states[area.State()] {
			town, county := area, subscribed
			if area.Kind() == alerting.KindCounty {
				town, county = subscribed, area
			}
			if town.Kind() == alerting.KindMunicipality && county.Kind() == alerting.KindCounty && !v.atlas.Placed(town, county) {
				unplaced = append(unplaced, subscribed)
			}
		}
	}
	slices.Sort(unplaced)
	unplaced = slices.Compact(unplaced)
	return slices.DeleteFunc(unplaced, v.reach(alert).has)
}
