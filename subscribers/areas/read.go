package areas

import (
	"cmp"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"revere/alerting"
	"revere/subscribers/internal/sheet"
)

// A State is all municipalities of one state, as an import replaces them.
type State struct {
	// Code is the lower-case USPS code.
	Code string
	// Municipalities in the order of their slugs, each with a slug.
	Municipalities []Municipality
}

// Columns are those of an import file, of which name and either slug or geoid are required:
//
//	slug      "boston" or "ma.boston"; empty: SlugsFor makes one
//	name      "Boston city" or "Boston"
//	kind      "city", "town", …; may be empty
//	counties  separated by spaces, as slugs ("suffolk", "county-suffolk") or FIPS codes ("25025");
//	          where empty, a GEOID of 10 digits tells the county
//	geoid     7 digits of a place or 10 of a county subdivision; may be empty
//
// A row's state comes from its slug ("ma.boston") or its GEOID's first two digits.
var Columns = []string{"slug", "name", "kind", "counties", "geoid"}

const (
	maxName = 100 // characters
	maxKind = 40  // characters
)

// Read reads a table of municipalities from CSV: for each state in it all rows, in the order of the
// states' codes. It is all or nothing: the error is an *alerting.Error that names every bad row by
// line and column. Warnings name rows whose counties nobody can know.
func Read(r io.Reader) (states []State, warnings []alerting.Problem, err error) {
	var report, doubts sheet.Report
	file, ok := sheet.Open(r, Columns, []string{"name"}, &report)
	if ok && !file.Has("slug") && !file.Has("geoid") {
		report.Add("/rows/1", alerting.CodeMissing, "line 1: the header has neither slug nor geoid; a row's state comes from one of them")
		ok = false
	}
	if !ok {
		return nil, nil, report.Err(refused)
	}
	byState := map[string][]numbered{}
	for row, more := file.Next(); more; row, more = file.Next() {
		if state, m, ok := readRow(row); ok {
			byState[state] = append(byState[state], numbered{row, m})
		}
	}
	for _, state := range slices.Sorted(maps.Keys(byState)) {
		states = append(states, finish(state, byState[state], &doubts))
	}
	if len(states) == 0 && report.Count() == 0 {
		report.Add("", alerting.CodeMissing, "the file has a header and no rows")
	}
	if err := report.Err(refused); err != nil {
		return nil, nil, err
	}
	return states, doubts.Problems(), nil
}

const refused = "the areas were refused, nothing was changed"

type numbered struct {
	row sheet.Row
	Municipality
}

// readRow judges what one row alone can tell.
func readRow(row sheet.Row) (state string, m Municipality, ok bool) {
	m = Municipality{Name: row.Get("name"), Kind: strings.ToLower(row.Get("kind")), GEOID: row.Get("geoid")}
	ok = checkText(row, "name", m.Name, maxName) && checkText(row, "kind", m.Kind, maxKind)
	if m.Name == "" {
		row.Problem("name", alerting.CodeMissing, "name is required")
		ok = false
	}
	state, m.Slug = "", row.Get("slug")
	if before, after, dotted := strings.Cut(m.Slug, "."); dotted {
		state, m.Slug = before, after
	}
	state, stateKnown := rowState(row, state, m.GEOID)
	if m.Slug != "" && !checkSlug(row, m.Slug) || !stateKnown {
		return "", Municipality{}, false
	}
	m.Counties, stateKnown = rowCounties(row, state, m.GEOID)
	return state, m, ok && stateKnown
}

func checkText(row sheet.Row, column, s string, limit int) bool {
	if strings.ContainsFunc(s, unicode.IsControl) {
		row.Problem(column, alerting.CodeInvalid, "%q has a line break or another control character", sheet.Clip(s))
		return false
	}
	if n := utf8.RuneCountInString(s); n > limit {
		row.Problem(column, alerting.CodeOversized, "%q has %d characters, more than %d", sheet.Clip(s), n, limit)
		return false
	}
	return true
}

func checkSlug(row sheet.Row, slug string) bool {
	if reserved(slug) {
		row.Problem("slug", alerting.CodeInvalid, "%q is reserved (statewide, nationwide, county-…); leave the field empty to have a slug made", slug)
		return false
	}
	if !alerting.ValidSlug(slug) {
		row.Problem("slug", alerting.CodeInvalid, "%q is not a slug of lower-case letters, digits and single hyphens, %d at most; for that name it would be %q", sheet.Clip(slug), alerting.MaxSlug, Slug(slug))
		return false
	}
	return true
}

// rowState finds the row's state, and whether slug and GEOID agree about it.
func rowState(row sheet.Row, fromSlug, geoid string) (string, bool) {
	if fromSlug != "" {
		if _, ok := alerting.StateByCode(fromSlug); !ok {
			row.Problem("slug", alerting.CodeUnknownArea, "%q is not a lower-case USPS state code such as \"ma\"", sheet.Clip(fromSlug))
			return "", false
		}
	}
	if geoid == "" {
		if fromSlug == "" {
			row.Problem("slug", alerting.CodeMissing, "the row's state is not known: write the slug as \"ma.boston\", or give the geoid")
		}
		return fromSlug, fromSlug != ""
	}
	if !isCode(geoid) || len(geoid) != 7 && len(geoid) != 10 {
		row.Problem("geoid", alerting.CodeInvalid, "%q is not a GEOID of 7 digits (a place) or 10 (a county subdivision); a spreadsheet may have dropped a leading 0", sheet.Clip(geoid))
		return "", false
	}
	state, ok := stateByFIPS(geoid[:2])
	switch {
	case !ok:
		row.Problem("geoid", alerting.CodeUnknownArea, "%q begins with %q, which is no state's FIPS code", geoid, geoid[:2])
		return "", false
	case fromSlug != "" && fromSlug != state.Code:
		row.Problem("geoid", alerting.CodeInvalid, "%q lies in %q, but the slug says %q", geoid, state.Code, fromSlug)
		return "", false
	}
	return state.Code, true
}

func rowCounties(row sheet.Row, state, geoid string) (found []alerting.Area, ok bool) {
	ok = true
	for _, name := range strings.Fields(row.Get("counties")) {
		area, err := findCounty(state, name)
		if err != nil {
			row.Problem("counties", alerting.CodeUnknownArea, "%s", err.Error())
			ok = false
			continue
		}
		found = append(found, area)
	}
	if len(found) == 0 && ok && len(geoid) == 10 {
		if c := counties().byFIPS[geoid[:5]]; c != nil {
			found = append(found, c.Area)
		}
	}
	slices.Sort(found)
	return slices.Compact(found), ok
}

// findCounty reads a county as people write it in a table of one state.
func findCounty(state, name string) (alerting.Area, error) {
	atlas := New()
	key := name
	if !isCode(name) {
		slug := strings.TrimPrefix(strings.TrimPrefix(name, state+"."), countyPrefix)
		key = string(alerting.CountyArea(state, slug))
	}
	area, _, err := atlas.Resolve(key)
	switch {
	case err != nil:
		return "", err
	case area.Kind() != alerting.KindCounty:
		return "", alerting.Errorf(alerting.CodeUnknownArea, "%q is not a county", name)
	case area.State() != state:
		return "", alerting.Errorf(alerting.CodeUnknownArea, "%q is %s, which is not in %q", name, area, state)
	}
	return area, nil
}

// finish gives every row a slug, and judges what only all rows of a state can tell.
func finish(state string, rows []numbered, doubts *sheet.Report) State {
	s := State{Code: state}
	for _, r := range rows {
		s.Municipalities = append(s.Municipalities, r.Municipality)
	}
	slugLine, geoidLine := map[string]int{}, map[string]int{}
	for i, slug := range SlugsFor(s.Municipalities) {
		m, row := &s.Municipalities[i], rows[i].row
		m.Slug = slug
		if slug == "" {
			row.Problem("name", alerting.CodeInvalid, "no slug can be made of %q; give one", m.Name)
		}
		noteTwice(row, "slug", slug, slugLine)
		noteTwice(row, "geoid", m.GEOID, geoidLine)
		if len(m.Counties) == 0 {
			p := row.Locate("counties", alerting.Problem{Code: alerting.CodeMissing, Detail: "no county is given for " + state + "." + slug + ": alerts for its county will not reach it"})
			doubts.Append([]alerting.Problem{p})
		}
	}
	slices.SortFunc(s.Municipalities, func(a, b Municipality) int { return cmp.Compare(a.Slug, b.Slug) })
	return s
}

func noteTwice(row sheet.Row, column, value string, lines map[string]int) {
	if value == "" {
		return
	}
	if line, twice := lines[value]; twice {
		row.Problem(column, alerting.CodeDuplicate, "%q is on line %d already", value, line)
		return
	}
	lines[value] = row.Line
}
