package alerting

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// read decodes one field; an absent or null field leaves into alone.
func (d *decoder) read(field, want string, into any) bool {
	if !d.has(field) {
		return false
	}
	if err := json.Unmarshal(d.fields[field], into); err != nil {
		d.problems.Add("/"+field, CodeInvalid, "%s must be %s, not %s", field, want, clip(string(d.fields[field])))
		return false
	}
	return true
}

// text is a string of any length; white space around it is dropped, control characters but line
// breaks and tabs are refused since no phone shows them.
func (d *decoder) text(field string) string {
	var s string
	if !d.read(field, "a string", &s) {
		return ""
	}
	if i := strings.IndexFunc(s, isUnprintable); i >= 0 {
		r, _ := utf8.DecodeRuneInString(s[i:])
		d.problems.Add("/"+field, CodeInvalid, "%s has a control character (%U) at byte %d", field, r, i)
	}
	return strings.TrimSpace(s)
}

func isUnprintable(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\n\r\t", r) }

// line is a text on one line, of at most limit characters.
func (d *decoder) line(field string, limit int) string {
	s := d.text(field)
	if strings.ContainsAny(s, "\r\n") {
		d.problems.Add("/"+field, CodeInvalid, "%s must be one line", field)
	}
	if n := utf8.RuneCountInString(s); n > limit {
		d.problems.Add("/"+field, CodeOversized, "%s has %d characters, more than %d", field, n, limit)
	}
	return s
}

func (d *decoder) required(field string, limit int) string {
	s := d.line(field, limit)
	if s == "" && !d.problems.has("/"+field) {
		d.problems.Add("/"+field, CodeMissing, "%s is required", field)
	}
	return s
}

func value[T ~string](d *decoder, field string, allowed []T, fallback T) T {
	var s string
	if !d.has(field) && fallback == "" {
		d.problems.Add("/"+field, CodeMissing, "%s is required: one of %s", field, list(allowed))
		return ""
	}
	if !d.read(field, "a string", &s) {
		return fallback
	}
	if !slices.Contains(allowed, T(s)) {
		d.problems.Add("/"+field, CodeInvalid, "%s %q is not one of %s", field, clip(s), list(allowed))
	}
	return T(s)
}

func (d *decoder) time(field string, fallback time.Time) time.Time {
	var s string
	if !d.read(field, "an RFC 3339 time with an offset", &s) {
		return fallback.UTC().Truncate(time.Millisecond)
	}
	t, err := time.Parse(time.RFC3339, s)
	t = t.UTC()
	if err != nil || t.Year() < 2000 || t.Year() > 2200 {
		d.problems.Add("/"+field, CodeInvalid, "%s %q is not an RFC 3339 time with an offset, such as 2026-11-03T07:12:00-05:00", field, clip(s))
		return fallback
	}
	return t.Truncate(time.Millisecond)
}

// strings is a list of at most MaxListed strings; nil when it is empty.
func (d *decoder) strings(field string) []string {
	var list []string
	if !d.read(field, "a list of strings", &list) || len(list) == 0 {
		return nil
	}
	if len(list) > MaxListed {
		d.problems.Add("/"+field, CodeOversized, "%s has %d entries, more than %d", field, len(list), MaxListed)
		return nil
	}
	for i, s := range list {
		if strings.TrimSpace(s) == "" || len(s) > 500 {
			d.problems.Add(fmt.Sprintf("/%s/%d", field, i), CodeInvalid, "%s %d is empty or longer than 500 bytes", field, i+1)
		}
	}
	return list
}

func (d *decoder) categories() []string {
	given := d.strings("category")
	for i, c := range given {
		given[i] = strings.ToLower(c)
		if d.problems.has(fmt.Sprintf("/category/%d", i)) {
			continue
		}
		if !slices.Contains(Categories, given[i]) {
			d.problems.Add(fmt.Sprintf("/category/%d", i), CodeInvalid, "category %q is not one of %s", clip(c), list(Categories))
		}
	}
	return given
}

var languageTag = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$`)

func (d *decoder) language() string {
	s := d.line("language", 35)
	if s == "" {
		return "en-US"
	}
	if !languageTag.MatchString(s) {
		d.problems.Add("/language", CodeInvalid, "language %q is not a tag such as en-US (RFC 5646)", clip(s))
	}
	return s
}

var responseKey = regexp.MustCompile(`^[1-9][0-9]?$`)

func (d *decoder) responses() []Response {
	var given []Response
	if !d.read("responses", `a list such as [{"key": "1", "label": "On it"}]`, &given) || len(given) == 0 {
		return nil
	}
	if len(given) > MaxResponses {
		d.problems.Add("/responses", CodeOversized, "%d responses are more than the %d that a phone screen holds", len(given), MaxResponses)
		return nil
	}
	seen := map[string]bool{}
	for i := range given {
		r, at := &given[i], fmt.Sprintf("/responses/%d", i)
		r.Key, r.Label = strings.TrimSpace(r.Key), strings.TrimSpace(r.Label)
		switch {
		case !responseKey.MatchString(r.Key):
			d.problems.Add(at+"/key", CodeInvalid, "response key %q is not a number from 1 to 99", clip(r.Key))
		case seen[r.Key]:
			d.problems.Add(at+"/key", CodeDuplicate, "response key %q is given twice", r.Key)
		}
		if r.Label == "" || utf8.RuneCountInString(r.Label) > 60 || strings.ContainsFunc(r.Label, unicode.IsControl) {
			d.problems.Add(at+"/label", CodeInvalid, "response %q needs a label of one line, 60 characters at most", clip(r.Key))
		}
		seen[r.Key] = true
	}
	return given
}

func (d *decoder) areas() []Area {
	var names []string
	if d.has("areas") && !d.read("areas", `a list of area keys such as ["ma.boston"]`, &names) {
		return nil
	}
	if len(names) > MaxAreas {
		d.problems.Add("/areas", CodeOversized, "%d areas are more than %d; publish for the county, the state or the country", len(names), MaxAreas)
		return nil
	}
	if len(names) == 0 {
		if d.Subject == "" {
			d.problems.Add("/areas", CodeMissing, "areas is required: whom does it concern, such as [\"ma.boston\"]")
			return nil
		}
		names = []string{string(d.Subject)}
	}
	var areas []Area
	for i, name := range names {
		if area, ok := d.area(i, name); ok && !slices.Contains(areas, area) {
			areas = append(areas, area)
		}
	}
	if d.Subject != "" && !d.problems.hasUnder("/areas") && !slices.Contains(areas, d.Subject) {
		d.problems.Add("/areas", CodeOutsideArea, "areas %s do not contain the area of the subject, %q", clip(list(areas)), d.Subject)
	}
	return areas
}

func (p Problems) hasUnder(prefix string) bool {
	return slices.ContainsFunc(p, func(q Problem) bool { return strings.HasPrefix(q.Pointer, prefix) })
}

// maxAreaName bounds what is looked up, in bytes: a state, a dot, "county-" and a slug.
const maxAreaName = 3 + len(countyPrefix) + MaxSlug

func (d *decoder) area(i int, name string) (Area, bool) {
	at := "/areas/" + strconv.Itoa(i)
	if len(name) > maxAreaName {
		d.problems.Add(at, CodeUnknownArea, "%q is longer than any area's key", clip(name))
		return "", false
	}
	area, known, err := d.Atlas.Resolve(name)
	if err != nil {
		d.problems.Add(at, CodeUnknownArea, "%s", err.Error())
		return "", false
	}
	if !known {
		d.warnings.Add(at, CodeUnknownArea, "%q is taken as given: the municipalities of %q have not been imported (revere areas import)", area, area.State())
	}
	if d.MayAddress != nil && !d.MayAddress(area) {
		d.problems.Add(at, CodeOutsideArea, "this producer may not publish for %q", area)
		return "", false
	}
	return area, true
}

func clip(s string) string {
	const limit = 60
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit]) + "…"
}
