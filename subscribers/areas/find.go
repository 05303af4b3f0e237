package areas

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"revere/alerting"
)

// An Entry is an area as it is listed for people and programs.
type Entry struct {
	Area alerting.Area `json:"area"`
	Name string        `json:"name"`
	// Kind is the legal form: "city", "county", "parish"; "state" or "nation".
	Kind string `json:"kind,omitempty"`
	// Counties that a municipality lies in.
	Counties []alerting.Area `json:"counties,omitempty"`
	// Codes are the FIPS codes or the GEOID by which Resolve also finds it.
	Codes []string `json:"codes,omitempty"`
}

// Entry describes one area; ok is false where the atlas does not know it.
func (t *Table) Entry(a alerting.Area) (e Entry, ok bool) {
	e = Entry{Area: a, Name: t.Name(a), Kind: string(a.Kind())}
	switch a.Kind() {
	case alerting.KindNation:
		return e, true
	case alerting.KindState:
		state, ok := alerting.StateByCode(a.State())
		e.Codes = []string{state.FIPS}
		return e, ok
	case alerting.KindCounty:
		c := counties().byArea[a]
		if c == nil {
			return e, false
		}
		e.Kind, e.Codes = c.Kind, slices.Clone(c.FIPS)
		return e, true
	}
	m := t.municipality(a)
	if m == nil {
		return e, false
	}
	e.Kind, e.Counties = m.Kind, slices.Clone(m.Counties)
	if m.GEOID != "" {
		e.Codes = []string{m.GEOID}
	}
	return e, true
}

// List returns a state, its counties and its imported municipalities, each kind in the order of its
// keys. With an empty state it returns the nation and the states.
func (t *Table) List(state string) []Entry {
	var list []alerting.Area
	if state == "" || state == alerting.Nation {
		list = append(list, alerting.Nationwide)
		for _, s := range alerting.USStates {
			list = append(list, alerting.StateArea(s.Code))
		}
	} else if _, ok := alerting.StateByCode(state); ok {
		list = t.inState(state)
	}
	entries := make([]Entry, 0, len(list))
	for _, area := range list {
		if e, ok := t.Entry(area); ok {
			entries = append(entries, e)
		}
	}
	return entries
}

func (t *Table) inState(state string) []alerting.Area {
	list := []alerting.Area{alerting.StateArea(state)}
	for _, c := range counties().byState[state] {
		list = append(list, c.Area)
	}
	if m := t.of(state); m != nil {
		list = append(list, m.sorted...)
	}
	return list
}

// Find returns at most limit areas that the query means: a key or a code exactly, else those whose
// slug or name is the query, begins with it or contains it; better matches first, then wider areas,
// then the order of the keys. "ma.bos" looks in one state. Case and accents do not matter.
func (t *Table) Find(query string, limit int) []Entry {
	query = strings.ToLower(strings.TrimSpace(query))
	if limit <= 0 {
		return nil
	}
	if isCode(query) {
		return t.findCode(query)
	}
	states := alerting.USStates
	if state, rest, dotted := strings.Cut(query, "."); dotted {
		if s, ok := alerting.StateByCode(state); ok {
			states, query = []alerting.USState{s}, rest
		}
	}
	hits := t.search(Slug(query), states)
	entries := make([]Entry, 0, min(limit, len(hits)))
	for _, h := range hits[:cap(entries)] {
		if e, ok := t.Entry(h.area); ok {
			entries = append(entries, e)
		}
	}
	return entries
}

func (t *Table) findCode(code string) []Entry {
	area, _, err := t.Resolve(code)
	if err != nil {
		return nil
	}
	e, _ := t.Entry(area)
	return []Entry{e}
}

// A hit is an area that Find found. It is better the less it has of each.
type hit struct {
	rank  int // 0 the whole text matches, 1 its beginning, 2 its inside
	width int // 0 the nation, then ever narrower
	area  alerting.Area
}

func (t *Table) search(slug string, states []alerting.USState) []hit {
	best := map[alerting.Area]hit{}
	consider := func(width int, terms ...term) {
		for _, term := range terms {
			h := hit{rank: 2, width: width, area: term.area}
			switch {
			case slug == "" || !strings.Contains(term.text, slug):
				continue
			case term.text == slug:
				h.rank = 0
			case strings.HasPrefix(term.text, slug):
				h.rank = 1
			}
			if earlier, found := best[h.area]; !found || h.rank < earlier.rank {
				best[h.area] = h
			}
		}
	}
	if len(states) > 1 {
		consider(0, nationTerms...)
	}
	for _, s := range states {
		consider(1, term{s.Code, alerting.StateArea(s.Code)}, term{Slug(s.Name), alerting.StateArea(s.Code)})
		consider(2, counties().terms[s.Code]...)
		if m := t.of(s.Code); m != nil {
			consider(3, m.terms...)
		}
	}
	return slices.SortedFunc(maps.Values(best), func(a, b hit) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.width, b.width), cmp.Compare(a.area, b.area))
	})
}

var nationTerms = []term{
	{alerting.Nation, alerting.Nationwide},
	{alerting.Nationwide.Slug(), alerting.Nationwide},
	{"united-states", alerting.Nationwide},
}
