package subscribers

import (
	"slices"
	"unique"

	"revere/alerting"
)

// An index finds subscribers by a subscribed area. Those who are subscribed to the same areas are
// kept together: what an alert has in common with the areas is then looked at once for all of them.
type index struct {
	sets   map[unique.Handle[string]]*areaSet // by the joined areas
	states map[string]map[alerting.Area][]*areaSet
}

// An areaSet is everyone who is subscribed to exactly these areas. It has at least one member. Sets
// and members know their positions, so that adding and removing cost the same however many there are.
type areaSet struct {
	key     unique.Handle[string]
	areas   []alerting.Area // never changed
	places  []uint32        // the set's, in the list of each of the areas
	members []*entry
	ranks   []uint32 // of the members, kept here so that they are read in a run
}

func (x *index) add(e *entry, areas unique.Handle[string], rank uint32) {
	e.set = x.sets[areas]
	if e.set == nil {
		e.set = x.found(areas)
	}
	e.place = uint32(len(e.set.members))
	e.set.members, e.set.ranks = append(e.set.members, e), append(e.set.ranks, rank)
}

func (x *index) found(key unique.Handle[string]) *areaSet {
	areas := areaList(key)
	set := &areaSet{key: key, areas: slices.Clip(areas), places: make([]uint32, len(areas))}
	x.sets[key] = set
	for i, area := range areas {
		state := x.states[area.State()]
		if state == nil {
			state = map[alerting.Area][]*areaSet{}
			x.states[area.State()] = state
		}
		set.places[i] = uint32(len(state[area]))
		state[area] = append(state[area], set)
	}
	return set
}

// remove takes the entry out of its set; the last member moves into its place.
func (x *index) remove(e *entry) {
	set, last := e.set, len(e.set.members)-1
	moved := set.members[last]
	moved.place = e.place
	set.members[e.place], set.ranks[e.place] = moved, set.ranks[last]
	set.members[last], e.set = nil, nil
	set.members, set.ranks = set.members[:last], set.ranks[:last]
	if last == 0 {
		x.dissolve(set)
	}
}

// dissolve takes out a set without members; the last one of each list moves into its place.
func (x *index) dissolve(set *areaSet) {
	delete(x.sets, set.key)
	for i, area := range set.areas {
		state := x.states[area.State()]
		list := state[area]
		moved := list[len(list)-1]
		list[set.places[i]] = moved
		moved.places[slices.Index(moved.areas, area)] = set.places[i]
		list[len(list)-1] = nil
		if list = list[:len(list)-1]; len(list) == 0 {
			delete(state, area)
			continue
		}
		state[area] = list
	}
}

func (x *index) has(area alerting.Area) bool { return len(x.states[area.State()][area]) > 0 }

// within returns the sets that have an area within the reach, each once.
func (x *index) within(r reach) []*areaSet {
	var found []*areaSet
	take := func(area alerting.Area, sets []*areaSet) {
		for _, set := range sets {
			// A set with several such areas is taken at the first.
			if len(set.areas) == 1 || set.areas[slices.IndexFunc(set.areas, r.has)] == area {
				found = append(found, set)
			}
		}
	}
	for code, state := range x.states {
		if !r.nation && !r.states[code] {
			continue
		}
		for area, sets := range state {
			take(area, sets)
		}
	}
	for area := range r.areas {
		if !r.nation && !r.states[area.State()] {
			take(area, x.states[area.State()][area])
		}
	}
	return found
}
