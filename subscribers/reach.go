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

// A member is subscribed within some reach, with those of the areas that lie in it.
type member struct {
	*entry
	areas []alerting.Area
}

// within lists everyone who is subscribed within the reach of some areas, once and in the order of the ids.
func (v *View) within(given []alerting.Area) []member {
	reach := v.reach(given)
	sets, n := v.index.within(reach), 0
	areas := make([][]alerting.Area, len(sets))
	for i, set := range sets {
		areas[i] = reach.of(set.areas)
		n += len(set.members)
	}
	members := make([]member, 0, n)
	if n < v.Len()/fewOf {
		for i, set := range sets {
			for _, e := range set.members {
				members = append(members, member{e, areas[i]})
			}
		}
		slices.SortFunc(members, func(a, b member) int { return compareIDs(a.entry, b.entry) })
		return members
	}
	ordered := v.order.all() // which settles the ranks
	for rank, mark := range marks(sets, len(ordered)) {
		if mark > 0 {
			members = append(members, member{ordered[rank], areas[mark-1]})
		}
	}
	return members
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
