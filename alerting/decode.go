package alerting

import (
	"bytes"
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

// An Intake reads alerts as they come in, with what is needed to judge them.
type Intake struct {
	// Now is when the alert is judged.
	Now time.Time
	// Atlas knows the areas.
	Atlas Atlas
	// Subject is the area that the alert was published on. Empty over HTTP, where the areas decide.
	Subject Area
	// DefaultID and DefaultSent stand in for an absent id and sent.
	DefaultID   string
	DefaultSent time.Time
	// MayAddress reports whether the producer may publish for an area. Nil: it may for all.
	MayAddress func(Area) bool
}

// Decode reads one alert and judges all of it: on failure the error is an *Error that names every
// problem at once. Warnings are what the producer should hear although the alert was taken.
func (in Intake) Decode(raw []byte) (alert Alert, warnings []Problem, err error) {
	if len(raw) > MaxAlertBytes {
		return Alert{}, nil, Errorf(CodeOversized, "the alert is %d bytes, more than the %d that one may have; shorten the description", len(raw), MaxAlertBytes)
	}
	if !utf8.Valid(raw) {
		return Alert{}, nil, Errorf(CodeMalformed, "the alert is not UTF-8 text")
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		return Alert{}, nil, Errorf(CodeMalformed, "the alert is not a JSON object%s", because(err))
	}
	d := &decoder{Intake: in, fields: fields}
	alert = d.alert()
	return alert, d.warnings, d.problems.Err("the alert was refused")
}

func because(err error) string {
	if err == nil {
		return ""
	}
	return ": " + err.Error()
}

type decoder struct {
	Intake
	fields   map[string]json.RawMessage
	problems Problems
	warnings Problems
}

func (d *decoder) alert() Alert {
	a := Alert{
		ID:          d.line("id", 200),
		Sender:      d.required("sender", 200),
		SenderName:  d.line("sender_name", 60),
		Sent:        d.time("sent", d.DefaultSent),
		Status:      value(d, "status", Statuses, ""),
		Type:        value(d, "type", MessageTypes, TypeAlert),
		References:  d.strings("references"),
		Category:    d.categories(),
		Event:       d.required("event", 400),
		Urgency:     value(d, "urgency", Urgencies, ""),
		Severity:    value(d, "severity", Severities, ""),
		Certainty:   value(d, "certainty", Certainties, ""),
		Headline:    d.line("headline", 400),
		Description: d.text("description"),
		Instruction: d.text("instruction"),
		Language:    d.language(),
		TLP:         value(d, "tlp", TLPs, "CLEAR"),
		Web:         d.line("web", 2000),
		Contact:     d.line("contact", 400),
		Responses:   d.responses(),
	}
	if a.ID == "" {
		a.ID = d.DefaultID
	}
	a.Areas = d.areas()
	a.Expires = d.time("expires", a.Sent.Add(DefaultLife))
	d.judge(&a)
	return a
}

// judge checks what no single field can tell.
func (d *decoder) judge(a *Alert) {
	if a.Headline == "" && a.Description == "" && !d.has("headline") && !d.has("description") {
		d.problems.Add("/headline", CodeMissing, "give a headline or a description: one of them is what people read")
	}
	if a.Type.Corrects() && len(a.References) == 0 {
		d.problems.Add("/references", CodeMissing, "type %q needs references: the id or key of the alert that it corrects", a.Type)
	}
	if slices.Contains(TLPs[2:], a.TLP) {
		d.problems.Add("/tlp", CodeTLP, "TLP %s can't be enforced on SMS, email and Signal; publish what may be shared as CLEAR or GREEN", a.TLP)
	}
	if d.problems.has("/sent") || d.problems.has("/expires") {
		return
	}
	if a.Sent.After(d.Now.Add(MaxAhead)) {
		d.problems.Add("/sent", CodeFuture, "sent %s is more than %s ahead of now (%s); check the producer's clock", a.Sent.Format(time.RFC3339), MaxAhead, d.Now.UTC().Format(time.RFC3339))
	}
	switch {
	case !a.Expires.After(a.Sent):
		d.problems.Add("/expires", CodeInvalid, "expires %s is not after sent %s", a.Expires.Format(time.RFC3339), a.Sent.Format(time.RFC3339))
	case a.Expires.Sub(a.Sent) > MaxLife:
		d.problems.Add("/expires", CodeInvalid, "expires %s is more than %d days after sent; publish again when it comes nearer", a.Expires.Format(time.RFC3339), int(MaxLife.Hours()/24))
	case !a.Expires.After(d.Now):
		d.problems.Add("/expires", CodeExpired, "the alert expired at %s; it is %s", a.Expires.Format(time.RFC3339), d.Now.UTC().Format(time.RFC3339))
	}
}

func (p Problems) has(pointer string) bool {
	return slices.ContainsFunc(p, func(q Problem) bool { return q.Pointer == pointer })
}

func (d *decoder) has(field string) bool {
	raw, ok := d.fields[field]
	return ok && !bytes.Equal(raw, []byte("null"))
}

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
	if i := strings.IndexFunc(s, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\n\r\t", r) }); i >= 0 {
		d.problems.Add("/"+field, CodeInvalid, "%s has a control character (%q) at byte %d", field, s[i], i)
	}
	return strings.TrimSpace(s)
}

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
	if err != nil || t.Year() < 2000 || t.Year() > 2200 {
		d.problems.Add("/"+field, CodeInvalid, "%s %q is not an RFC 3339 time with an offset, such as 2026-11-03T07:12:00-05:00", field, clip(s))
		return fallback
	}
	return t.UTC().Truncate(time.Millisecond)
}

func (d *decoder) strings(field string) []string {
	var list []string
	d.read(field, "a list of strings", &list)
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
	d.read("responses", `a list such as [{"key": "1", "label": "On it"}]`, &given)
	if len(given) > MaxResponses {
		d.problems.Add("/responses", CodeOversized, "%d responses are more than the %d that a phone screen holds", len(given), MaxResponses)
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
		if r.Label == "" || utf8.RuneCountInString(r.Label) > 60 || strings.ContainsAny(r.Label, "\r\n") {
			d.problems.Add(at+"/label", CodeInvalid, "response %q needs a label of one line, 60 characters at most", r.Key)
		}
		seen[r.Key] = true
	}
	return given
}

func (d *decoder) areas() []Area {
	var names []string
	d.read("areas", `a list of area keys such as ["ma.boston"]`, &names)
	if len(names) > MaxAreas {
		d.problems.Add("/areas", CodeOversized, "%d areas are more than %d; publish for the county, the state or the country", len(names), MaxAreas)
		return nil
	}
	if len(names) == 0 {
		if d.problems.has("/areas") {
			return nil
		}
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
		d.problems.Add("/areas", CodeOutsideArea, "areas %s do not contain the area of the subject, %q", list(areas), d.Subject)
	}
	return areas
}

func (p Problems) hasUnder(prefix string) bool {
	return slices.ContainsFunc(p, func(q Problem) bool { return strings.HasPrefix(q.Pointer, prefix) })
}

func (d *decoder) area(i int, name string) (Area, bool) {
	at := "/areas/" + strconv.Itoa(i)
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
