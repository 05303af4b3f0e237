// Package areas is the atlas: which areas there are, how they lie in each other, and what else
// they are called. States and counties are built in; a state's municipalities are imported.
//
// What it can't know it does not assume. A municipality whose counties nobody has told (its state
// not imported, or its row without counties) lies in its state and in the nation only: an alert for
// a county does not reach it, since a message to the wrong people is a defect as well. The publisher
// is warned (Resolve's known), and the directory lists the subscriptions in question.
package areas

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"revere/alerting"
)

var _ alerting.Atlas = (*Table)(nil)

// A Table is an alerting.Atlas that a state's municipalities can be imported into. It is safe for
// concurrent use: readers see a state's rows as they were before an import or after it, whole.
type Table struct {
	writing sync.Mutex
	states  atomic.Pointer[map[string]*municipalities]
}

// New returns an atlas of the nation, its states and their counties.
func New() *Table {
	t := &Table{}
	t.states.Store(&map[string]*municipalities{})
	return t
}

// Snapshot returns the atlas as it is now; later imports into t do not change it.
func (t *Table) Snapshot() *Table {
	frozen := &Table{}
	frozen.states.Store(t.states.Load())
	return frozen
}

// Replace sets the municipalities of one state, all at once; with no rows the state is as if it
// had never been imported. The rows must be Read's, or have been at some time.
func (t *Table) Replace(state string, rows []Municipality) {
	t.writing.Lock()
	defer t.writing.Unlock()
	next := make(map[string]*municipalities, len(alerting.USStates))
	for code, m := range *t.states.Load() {
		next[code] = m
	}
	delete(next, state)
	if len(rows) > 0 {
		next[state] = index(state, rows)
	}
	t.states.Store(&next)
}

// Imported reports whether the state's municipalities are known.
func (t *Table) Imported(state string) bool { return t.of(state) != nil }

func (t *Table) of(state string) *municipalities { return (*t.states.Load())[state] }

// municipality returns the row of an area, nil where none was imported.
func (t *Table) municipality(a alerting.Area) *municipality {
	if m := t.of(a.State()); m != nil {
		return m.byArea[a]
	}
	return nil
}

// Name implements alerting.Atlas. A municipality that nobody imported is named after its slug.
func (t *Table) Name(a alerting.Area) string {
	switch a.Kind() {
	case alerting.KindNation:
		return "United States"
	case alerting.KindState:
		if s, ok := alerting.StateByCode(a.State()); ok {
			return s.Name
		}
	case alerting.KindCounty:
		if c := counties().byArea[a]; c != nil {
			return c.Name
		}
	case alerting.KindMunicipality:
		if m := t.municipality(a); m != nil {
			return m.display
		}
	}
	return fromSlug(a.Slug())
}

func fromSlug(slug string) string {
	words := strings.Split(slug, "-")
	for i, w := range words {
		if w != "" {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, " ")
}

// A Municipality is one row of an imported table.
type Municipality struct {
	// Slug is the key without its state: "boston".
	Slug string `json:"slug"`
	// Name as the Census Bureau gives it, with or without the kind: "Boston city" or "Boston".
	Name string `json:"name"`
	// Kind is the legal form in lower case: "city", "town", "charter township". It may be empty.
	Kind string `json:"kind,omitempty"`
	// Counties it lies in, at least partly, in the order of their keys; empty when not known.
	Counties []alerting.Area `json:"counties,omitempty"`
	// GEOID is the Census Bureau's code: 7 digits for a place, 10 for a county subdivision, or empty.
	GEOID string `json:"geoid,omitempty"`
}

// municipalities are one state's imported rows. They never change.
type municipalities struct {
	byArea   map[alerting.Area]*municipality
	byGEOID  map[string]alerting.Area
	byCounty map[alerting.Area][]alerting.Area
	sorted   []alerting.Area
	terms    []term
}

type municipality struct {
	Municipality
	display string
}

func index(state string, rows []Municipality) *municipalities {
	m := &municipalities{
		byArea:   make(map[alerting.Area]*municipality, len(rows)),
		byGEOID:  make(map[string]alerting.Area, len(rows)),
		byCounty: map[alerting.Area][]alerting.Area{},
	}
	names := displayNames(rows)
	for i, row := range rows {
		area := alerting.Area(state + "." + row.Slug)
		m.byArea[area] = &municipality{Municipality: row, display: names[i]}
		m.sorted = append(m.sorted, area)
		if row.GEOID != "" {
			m.byGEOID[row.GEOID] = area
		}
	}
	slices.Sort(m.sorted)
	for _, area := range m.sorted {
		row := m.byArea[area]
		for _, county := range row.Counties {
			m.byCounty[county] = append(m.byCounty[county], area)
		}
		m.terms = append(m.terms, term{row.Slug, area}, term{Slug(row.Name), area})
	}
	return m
}

// displayNames gives each row the shortest name that no other row of its state has: "Boston",
// else "Madison town", else "Jackson township, Allen County".
func displayNames(rows []Municipality) []string {
	names := make([]string, len(rows))
	seen := map[string]int{}
	for i, row := range rows {
		names[i] = row.baseName()
		seen[names[i]]++
	}
	longer := func(longerName func(Municipality, string) string) {
		next := map[string]int{}
		for i, row := range rows {
			if seen[names[i]] > 1 {
				names[i] = longerName(row, names[i])
			}
			next[names[i]]++
		}
		seen = next
	}
	longer(func(row Municipality, name string) string { return strings.TrimSpace(name + " " + row.Kind) })
	longer(func(row Municipality, name string) string {
		for _, county := range row.Counties {
			if c := counties().byArea[county]; c != nil {
				name += ", " + c.Name
			}
		}
		return name
	})
	return names
}

// baseName is the name without the kind that the Census Bureau appends in lower case: "Kansas City
// city" is "Kansas City", whose own City is part of the name.
func (m Municipality) baseName() string {
	if m.Kind == "" {
		return m.Name
	}
	if base, ok := strings.CutSuffix(m.Name, " "+strings.ToLower(m.Kind)); ok && base != "" {
		return base
	}
	return m.Name
}
