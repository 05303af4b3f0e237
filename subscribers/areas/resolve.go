package areas

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/agext/levenshtein"

	"revere/alerting"
	"revere/subscribers/internal/sheet"
)

// Resolve implements alerting.Atlas. Besides keys ("ma.boston", "ma" for "ma.statewide") it takes
// codes: a state's FIPS code "25", a county's "25025", the six-digit SAME codes "025025", "025000"
// and "000000" (47 CFR 11.31: a leading digit other than 0 means part of a county, which no area
// is), and the GEOID of an imported municipality.
func (t *Table) Resolve(name string) (area alerting.Area, known bool, err error) {
	if isCode(name) {
		area, err = t.resolveCode(name)
		return area, err == nil, err
	}
	area, err = alerting.ParseArea(name)
	if err != nil {
		return "", false, t.malformed(name, err)
	}
	there, listed := t.has(area)
	if !there {
		return "", false, t.unknown(name, area)
	}
	return area, listed, nil
}

// Lookup is Resolve for who needs no reason where there is no such area, which takes far longer to
// find than that there is none.
func (t *Table) Lookup(name string) (area alerting.Area, known, ok bool) {
	if isCode(name) {
		area, err := t.resolveCode(name)
		return area, err == nil, err == nil
	}
	area, err := alerting.ParseArea(name)
	if err != nil {
		return "", false, false
	}
	if there, listed := t.has(area); there {
		return area, listed, true
	}
	return "", false, false
}

// has reports whether an area that is well formed may be named, and whether it is in the tables:
// of a state that nobody imported every municipality may be named, and none is.
func (t *Table) has(area alerting.Area) (there, listed bool) {
	switch area.Kind() {
	case alerting.KindCounty:
		listed = counties().byArea[area] != nil
	case alerting.KindMunicipality:
		if !t.Imported(area.State()) {
			return true, false
		}
		listed = t.municipality(area) != nil
	default:
		listed = true
	}
	return listed, listed
}

func isCode(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func (t *Table) resolveCode(code string) (alerting.Area, error) {
	switch len(code) {
	case 2:
		if state, ok := stateByFIPS(code); ok {
			return alerting.StateArea(state.Code), nil
		}
	case 5:
		return t.resolveCounty(code, code)
	case 6:
		if code == "000000" {
			return alerting.Nationwide, nil
		}
		if code[0] != '0' {
			return "", alerting.Errorf(alerting.CodeUnknownArea, "SAME code %q means a part of a county (its first digit is not 0); Revere knows whole counties only: use %q", code, "0"+code[1:])
		}
		return t.resolveCounty(code, code[1:])
	case 7, 10:
		return t.resolveGEOID(code)
	}
	return "", alerting.Errorf(alerting.CodeUnknownArea, "%q is not a code of an area: give a state's FIPS code such as \"25\", a county's \"25025\", a SAME code \"025025\", or a municipality's GEOID of 7 or 10 digits", sheet.Clip(code))
}

func (t *Table) resolveCounty(code, fips string) (alerting.Area, error) {
	state, ok := stateByFIPS(fips[:2])
	if !ok {
		return "", alerting.Errorf(alerting.CodeUnknownArea, "code %q: no state has FIPS code %q", code, fips[:2])
	}
	if fips[2:] == "000" {
		return alerting.StateArea(state.Code), nil
	}
	if c := counties().byFIPS[fips]; c != nil {
		return c.Area, nil
	}
	nearest := nearestCode(fips, counties().byState[state.Code])
	return "", alerting.Errorf(alerting.CodeUnknownArea, "code %q is no county of %s; the nearest is %q, %q (%s)", code, state.Name, nearest.FIPS[0], nearest.Area, nearest.Name)
}

// nearestCode returns the county whose code is the nearest number.
func nearestCode(fips string, in []*county) *county {
	number := func(code string) int {
		n, _ := strconv.Atoi(code) // digits only
		return n
	}
	return slices.MinFunc(in, func(a, b *county) int {
		return cmp.Compare(abs(number(a.FIPS[0])-number(fips)), abs(number(b.FIPS[0])-number(fips)))
	})
}

func (t *Table) resolveGEOID(geoid string) (alerting.Area, error) {
	state, ok := stateByFIPS(geoid[:2])
	if !ok {
		return "", alerting.Errorf(alerting.CodeUnknownArea, "GEOID %q: no state has FIPS code %q", geoid, geoid[:2])
	}
	m := t.of(state.Code)
	if m == nil {
		return "", alerting.Errorf(alerting.CodeUnknownArea, "GEOID %q names a municipality of %s, whose municipalities have not been imported (revere areas import); use its key, %q and its name", geoid, state.Name, state.Code+".")
	}
	if area, ok := m.byGEOID[geoid]; ok {
		return area, nil
	}
	return "", alerting.Errorf(alerting.CodeUnknownArea, "no imported municipality of %s has GEOID %q; look for its name with revere areas find", state.Name, geoid)
}

func stateByFIPS(fips string) (alerting.USState, bool) {
	for _, s := range alerting.USStates {
		if s.FIPS == fips {
			return s, true
		}
	}
	return alerting.USState{}, false
}

// malformed adds to ParseArea's error which area was probably meant: "MA.Boston", "boston".
func (t *Table) malformed(name string, cause error) error {
	state, slug, found := strings.Cut(strings.ToLower(name), ".")
	_, isState := alerting.StateByCode(state)
	switch {
	case isState && found:
		return suggest(cause.Error(), t, t.nearest(state, slug))
	case isState:
		return suggest(cause.Error(), t, alerting.StateArea(state))
	}
	if hits := t.Find(name, 1); len(hits) == 1 {
		return suggest(cause.Error(), t, hits[0].Area)
	}
	return alerting.Errorf(alerting.CodeUnknownArea, "%s", cause.Error())
}

func (t *Table) unknown(name string, area alerting.Area) error {
	state, _ := alerting.StateByCode(area.State())
	what := "municipality"
	if area.Kind() == alerting.KindCounty {
		what = "county"
	}
	return suggest(`"`+name+`" is no `+what+" of "+state.Name, t, t.nearest(state.Code, area.Slug()))
}

func suggest(problem string, t *Table, nearest alerting.Area) error {
	return alerting.Errorf(alerting.CodeUnknownArea, "%s; the nearest is %q (%s)", problem, nearest, t.Name(nearest))
}

// A term is one thing that an area is called, as a slug.
type term struct {
	text string
	area alerting.Area
}

// nearest returns the state's area whose slug or name takes the fewest edits from what was given.
func (t *Table) nearest(state, given string) alerting.Area {
	wanted := Slug(given)
	best, distance := alerting.StateArea(state), levenshtein.Distance(wanted, "statewide", nil)
	below := levenshtein.NewParams() // ends each comparison where it can't be the best any more
	consider := func(terms []term) {
		for _, term := range terms {
			// The lengths' difference is a lower bound, and spares most of the work.
			if abs(len(term.text)-len(wanted)) >= distance {
				continue
			}
			if d := levenshtein.Distance(wanted, term.text, below.MaxCost(distance-1)); d < distance {
				best, distance = term.area, d
			}
		}
	}
	if m := t.of(state); m != nil {
		consider(m.terms)
	}
	consider(counties().terms[state])
	return best
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
