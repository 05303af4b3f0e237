package subscribers

import (
	"cmp"
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
// the overlapping areas only, unless those are a good part of all. Opt-outs are not its business: the manifest shows them as suppressed.
func (v *View) Match(alert []alerting.Area, severity alerting.Severity, categories []string) []Matched {
	reach := v.reach(alert)
	var matched []Matched
	for _, e := range v.within(reach) {
		if !interested(e.Subscriber, categories) {
			continue
		}
		if contacts := e.reachedBy(severity); len(contacts) > 0 {
			matched = append(matched, Matched{Subscriber: e.Subscriber, Areas: reach.of(e.Areas), Contacts: contacts})
		}
	}
	return matched
}

func interested(s *Subscriber, categories []string) bool {
	if len(s.Categories) == 0 || len(categories) == 0 {
		return true
	}
	return slices.ContainsFunc(categories, func(c string) bool { return slices.Contains(s.Categories, c) })
}

func (s *Subscriber) reachedBy(severity alerting.Severity) []Contact {
	return filter(s.Contacts, func(c Contact) bool { return severity.Reaches(s.floor(c)) })
}

// A reach is every area that overlaps some given ones.
type reach struct {
	nation bool // then everything
	states map[string]bool
	areas  map[alerting.Area]bool
}

func (v *View) reach(given []alerting.Area) reach {
	r := reach{states: map[string]bool{}, areas: map[alerting.Area]bool{}}
	for _, area := range given {
		r.areas[alerting.Nationwide] = true
		switch area.Kind() {
		case alerting.KindNation:
			r.nation = true
		case alerting.KindState:
			r.states[area.State()] = true
		default:
			r.areas[alerting.StateArea(area.State())] = true
			for _, touching := range v.atlas.Touching(area) {
				r.areas[touching] = true
			}
		}
	}
	return r
}

func (r reach) has(area alerting.Area) bool {
	return r.nation || r.areas[area] || len(r.states) > 0 && r.states[area.State()]
}

func (r reach) of(subscribed []alerting.Area) []alerting.Area { return filter(subscribed, r.has) }

// filter returns what keep accepts: the list itself where that is everything, which is usual.
func filter[T any](list []T, keep func(T) bool) []T {
	for i := range list {
		if keep(list[i]) {
			continue
		}
		kept := slices.Clone(list[:i])
		for _, item := range list[i+1:] {
			if keep(item) {
				kept = append(kept, item)
			}
		}
		return kept
	}
	return list
}

// within returns everyone who is subscribed within the reach, once, in the order of the ids.
func (v *View) within(r reach) []*entry {
	var found []*entry
	for code, state := range v.index {
		if !r.nation && !r.states[code] {
			continue
		}
		for _, list := range state {
			found = append(found, list...)
		}
	}
	for area := range r.areas {
		if !r.nation && !r.states[area.State()] {
			found = append(found, v.index.at(area)...)
		}
	}
	if len(found) > len(v.subscribers)/4 {
		return v.walk(r)
	}
	slices.SortFunc(found, func(a, b *entry) int { return cmp.Compare(a.ID, b.ID) })
	return slices.Compact(found)
}

// walk is within for a reach that most subscribers are in: to go through all of them, whose order is
// kept, is then cheaper than to sort those found.
func (v *View) walk(r reach) []*entry {
	var found []*entry
	for _, id := range v.sorted.all() {
		if e := v.subscribers[id]; slices.ContainsFunc(e.Areas, r.has) {
			found = append(found, e)
		}
	}
	return found
}

// Uncovered lists the municipalities within an alert's areas to which nobody has subscribed, in the
// order of their keys: those that the atlas knows, and those that the alert itself names. Only a
// subscription to the municipality counts. A county's or state's desk hears of the alert, but
// nobody in the town does, which is what the desk must know.
func (v *View) Uncovered(alert []alerting.Area) []alerting.Area {
	var uncovered []alerting.Area
	consider := func(town alerting.Area) {
		if len(v.index.at(town)) == 0 {
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
		for subscribed := range v.index[area.State()] {
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
