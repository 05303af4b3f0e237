package subscribers

import (
	"slices"

	"revere/alerting"
)

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

// of returns those of a list that are within the reach: the list itself where that is all, which is
// usual.
func (r reach) of(subscribed []alerting.Area) []alerting.Area {
	if !slices.ContainsFunc(subscribed, func(a alerting.Area) bool { return !r.has(a) }) {
		return subscribed
	}
	return slices.DeleteFunc(slices.Clone(subscribed), func(a alerting.Area) bool { return !r.has(a) })
}

// fewOf is the share of all subscribers below which it is cheaper to sort those in reach than to mark
// them in the order of all.
const fewOf = 256

// within calls f with everyone who is subscribed within the reach of some areas, once and in the
// order of the ids, and with those of the areas that lie in it. expect is told
// before how many there are.
func (v *View) within(given []alerting.Area, expect func(n int), f func(e *entry, areas []alerting.Area)) {
	reach := v.reach(given)
	sets, n := v.index.within(reach), 0
	areas := make([][]alerting.Area, len(sets))
	for i, set := range sets {
		areas[i] = reach.of(set.areas)
		n += len(set.members)
	}
	expect(n)
	if n < v.Len()/fewOf {
		sorted(sets, n, func(e *entry, set int) { f(e, areas[set]) })
		return
	}
	ordered := v.order.all() // which settles the ranks
	for rank, mark := range marks(sets, len(ordered)) {
		if mark > 0 {
			f(ordered[rank], areas[mark-1])
		}
	}
}

// marks says for each rank which of the sets it is in, counted from one.
func marks(sets []*areaSet, n int) []uint32 {
	marks := make([]uint32, n)
	for i, set := range sets {
		for _, rank := range set.ranks {
			marks[rank] = uint32(i + 1)
		}
	}
	return marks
}

// sorted calls f with the n members of some sets in the order of their ids.
func sorted(sets []*areaSet, n int, f func(e *entry, set int)) {
	type member struct {
		*entry
		set int
	}
	all := make([]member, 0, n)
	for i, set := range sets {
		for _, e := range set.members {
			all = append(all, member{e, i})
		}
	}
	slices.SortFunc(all, func(a, b member) int { return compareIDs(a.entry, b.entry) })
	for _, m := range all {
		f(m.entry, m.set)
	}
}
