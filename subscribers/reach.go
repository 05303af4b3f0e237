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

// A found subscriber is one within a reach, with those of the areas that lie in it.
type found struct {
	*entry
	areas []alerting.Area
}

// fewOf is the share of all subscribers below which it is cheaper to sort those found than to go
// through the order of all.
const fewOf = 256

// within returns everyone who is subscribed within the reach of some areas and whom keep accepts,
// once, in the order of the ids.
func (v *View) within(given []alerting.Area, keep func(*entry) bool) []found {
	reach := v.reach(given)
	sets, areas, most := v.index.within(reach), [][]alerting.Area{}, 0
	for _, set := range sets {
		areas = append(areas, reach.of(set.areas))
		most += len(set.members)
	}
	all := make([]found, 0, most)
	if most < v.Len()/fewOf {
		for i, set := range sets {
			for _, e := range set.members {
				if keep(e) {
					all = append(all, found{e, areas[i]})
				}
			}
		}
		slices.SortFunc(all, func(a, b found) int { return compareIDs(a.entry, b.entry) })
		return all
	}
	ordered := v.order.all() // settles the ranks, too
	marks := v.marks(sets, keep)
	for rank, e := range ordered {
		if set := marks[rank]; set > 0 {
			all = append(all, found{e, areas[set-1]})
		}
	}
	return all
}

// marks says of each rank in which of the sets it is, counted from one.
func (v *View) marks(sets []*areaSet, keep func(*entry) bool) []uint32 {
	marks := make([]uint32, v.Len())
	for i, set := range sets {
		for _, e := range set.members {
			if keep(e) {
				marks[e.rank] = uint32(i + 1)
			}
		}
	}
	return marks
}
