package subscribers

import (
	"maps"
	"slices"
	"sync"

	"revere/alerting"
)

// An index finds subscribers by a subscribed area: state, then area, then whoever subscribed to it.
// An entry knows its positions, so that adding and removing cost the same however many there are.
type index map[string]map[alerting.Area][]*entry

func (x index) add(e *entry) {
	e.places = make([]int32, len(e.Areas))
	for i, area := range e.Areas {
		state := x[area.State()]
		if state == nil {
			state = map[alerting.Area][]*entry{}
			x[area.State()] = state
		}
		e.places[i] = int32(len(state[area]))
		state[area] = append(state[area], e)
	}
}

// remove takes the entry out; the last one of each list moves into its place.
func (x index) remove(e *entry) {
	for i, area := range e.Areas {
		state := x[area.State()]
		list := state[area]
		last := list[len(list)-1]
		place := e.places[i]
		list[place] = last
		last.places[slices.Index(last.Areas, area)] = place
		list[len(list)-1] = nil
		if list = list[:len(list)-1]; len(list) == 0 {
			delete(state, area)
			continue
		}
		state[area] = list
	}
}

func (x index) at(area alerting.Area) []*entry { return x[area.State()][area] }

// sortedIDs keeps the ids of all subscribers in order. Changes only note what is to be done;
// whoever next asks for the order pays for it, once for all of them.
type sortedIDs struct {
	mu      sync.Mutex // readers, of which there are many at once, settle
	settled []string
	added   map[string]bool
	removed map[string]bool
}

func (s *sortedIDs) add(id string) {
	if s.removed[id] {
		delete(s.removed, id)
		return
	}
	if s.added == nil {
		s.added = map[string]bool{}
	}
	s.added[id] = true
}

func (s *sortedIDs) remove(id string) {
	if s.added[id] {
		delete(s.added, id)
		return
	}
	if s.removed == nil {
		s.removed = map[string]bool{}
	}
	s.removed[id] = true
}

// all returns the ids in order, not to be changed.
func (s *sortedIDs) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.added) == 0 && len(s.removed) == 0 {
		return s.settled
	}
	added := slices.Sorted(maps.Keys(s.added))
	merged := make([]string, 0, len(s.settled)+len(added)-len(s.removed))
	for _, id := range s.settled {
		if s.removed[id] {
			continue
		}
		for len(added) > 0 && added[0] < id {
			merged, added = append(merged, added[0]), added[1:]
		}
		merged = append(merged, id)
	}
	s.settled, s.added, s.removed = append(merged, added...), nil, nil
	return s.settled
}
