package areas

import (
	"slices"

	"revere/alerting"
)

// Covers implements alerting.Atlas: the nation covers everything, a state all that is in it, a
// county the municipalities that lie in no other county, and every area itself.
func (t *Table) Covers(outer, inner alerting.Area) bool {
	switch {
	case outer == inner, outer == alerting.Nationwide:
		return true
	case outer.State() != inner.State():
		return false
	case outer.Kind() == alerting.KindState:
		return true
	case outer.Kind() == alerting.KindCounty && inner.Kind() == alerting.KindMunicipality:
		return t.liesOnlyIn(outer, inner)
	default:
		return false
	}
}

// liesOnlyIn reports whether the municipality names the county and no other. A town in Connecticut
// that names its planning region beside its county lies wholly in both.
func (t *Table) liesOnlyIn(county, town alerting.Area) bool {
	m := t.municipality(town)
	if m == nil || !slices.Contains(m.Counties, county) {
		return false
	}
	system := systemOf(county)
	for _, other := range m.Counties {
		if other != county && systemOf(other) == system {
			return false
		}
	}
	return true
}

func systemOf(county alerting.Area) string {
	if c := counties().byArea[county]; c != nil {
		return c.system()
	}
	return ""
}

// Overlaps implements alerting.Atlas. It is symmetrical.
func (t *Table) Overlaps(a, b alerting.Area) bool {
	return t.Covers(a, b) || t.Covers(b, a) || shareGround(a, b) || t.names(a, b) || t.names(b, a)
}

// names reports whether a municipality lies in the county, at least partly.
func (t *Table) names(town, county alerting.Area) bool {
	m := t.municipality(town)
	return m != nil && slices.Contains(m.Counties, county)
}

// Narrowest implements alerting.Atlas: the one area given, or a county that covers them all, or
// their state, or the nation. Of no areas at all it is empty.
func (t *Table) Narrowest(given []alerting.Area) alerting.Area {
	if len(given) == 0 {
		return ""
	}
	coversAll := func(outer alerting.Area) bool {
		return !slices.ContainsFunc(given, func(a alerting.Area) bool { return !t.Covers(outer, a) })
	}
	first := given[0]
	candidates := []alerting.Area{first}
	if m := t.municipality(first); m != nil {
		candidates = append(candidates, m.Counties...)
	}
	candidates = append(candidates, given[1:]...) // one of them may be a county or state that holds the rest
	for _, candidate := range candidates {
		if kind := candidate.Kind(); kind != alerting.KindState && kind != alerting.KindNation && coversAll(candidate) {
			return candidate
		}
	}
	if state := alerting.StateArea(first.State()); first != alerting.Nationwide && coversAll(state) {
		return state
	}
	return alerting.Nationwide
}

// Touching lists the counties and municipalities that overlap a county or a municipality, itself
// among them and in the order of their keys. That its state and the nation overlap it goes without
// saying; for those two, whose Touching would be whole tables, it is nil.
func (t *Table) Touching(a alerting.Area) []alerting.Area {
	touching := []alerting.Area{a}
	switch a.Kind() {
	case alerting.KindMunicipality:
		if m := t.municipality(a); m != nil {
			touching = append(touching, m.Counties...)
		}
	case alerting.KindCounty:
		touching = append(touching, sharingGround(a)...)
		if m := t.of(a.State()); m != nil {
			touching = append(touching, m.byCounty[a]...)
		}
	default:
		return nil
	}
	slices.Sort(touching)
	return touching
}

// Municipalities lists the imported municipalities that overlap the area, in the order of their keys.
func (t *Table) Municipalities(a alerting.Area) []alerting.Area {
	switch a.Kind() {
	case alerting.KindNation:
		var all []alerting.Area
		for _, state := range alerting.USStates {
			all = append(all, t.Municipalities(alerting.StateArea(state.Code))...)
		}
		return all
	case alerting.KindMunicipality:
		if t.municipality(a) == nil {
			return nil
		}
		return []alerting.Area{a}
	}
	m := t.of(a.State())
	switch {
	case m == nil:
		return nil
	case a.Kind() == alerting.KindCounty:
		return slices.Clone(m.byCounty[a])
	default:
		return slices.Clone(m.sorted)
	}
}

// Placed reports whether it is known how a municipality lies to a county of its state: whether it
// was imported with a county of the same system (Connecticut has two).
func (t *Table) Placed(town, county alerting.Area) bool {
	m := t.municipality(town)
	if m == nil {
		return false
	}
	system := systemOf(county)
	return slices.ContainsFunc(m.Counties, func(c alerting.Area) bool { return systemOf(c) == system })
}
