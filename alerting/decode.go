package alerting

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
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
	fields, err := fieldsOf(raw)
	if err != nil {
		return Alert{}, nil, err
	}
	d := &decoder{Intake: in, fields: fields}
	d.refuseRepeated(raw)
	alert = d.alert()
	return alert, d.warnings.most(), d.problems.most().Err("the alert was refused")
}

// fieldsOf takes a message apart, or says why it is no alert.
func fieldsOf(raw []byte) (map[string]json.RawMessage, error) {
	if len(raw) > MaxAlertBytes {
		return nil, Errorf(CodeOversized, "the alert is %d bytes, more than the %d that one may have; shorten the description", len(raw), MaxAlertBytes)
	}
	if !utf8.Valid(raw) {
		return nil, Errorf(CodeMalformed, "the alert is not UTF-8 text")
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		return nil, Errorf(CodeMalformed, "the alert is not a JSON object%s", because(raw, err))
	}
	return fields, nil
}

// most bounds what is told of one alert, so that the answer to the worst of them still fits into a
// message of its own.
func (p Problems) most() Problems {
	const limit = 200
	if len(p) <= limit {
		return p
	}
	rest := len(p) - limit
	p = p[:limit:limit]
	p.Add("", p[0].Code, "and %d problems more", rest)
	return p
}

// refuseRepeated refuses fields that stand twice: whoever looked at the alert on its way may have
// seen another severity than the one that would count here (RFC 8259 section 4).
func (d *decoder) refuseRepeated(raw []byte) {
	names := json.NewDecoder(bytes.NewReader(raw))
	seen := make(map[string]bool, len(d.fields))
	_, _ = names.Token() // the brace: it is an object
	for names.More() {
		token, err := names.Token()
		name, isName := token.(string)
		var value json.RawMessage
		if err != nil || !isName || names.Decode(&value) != nil {
			return // it was read before, and can be read again
		}
		if seen[name] {
			d.problems.Add("/"+name, CodeDuplicate, "%q stands twice in the alert; give it once", name)
		}
		seen[name] = true
	}
}

// because says what is wrong and where: a file that somebody wrote by hand has many lines.
func because(raw []byte, err error) string {
	if err == nil {
		return ""
	}
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return ": " + err.Error()
	}
	before := raw[:min(int(syntax.Offset), len(raw))]
	inLine := before[1+bytes.LastIndexByte(before, '\n'):]
	return fmt.Sprintf(": line %d, character %d: %v", 1+bytes.Count(before, []byte("\n")), utf8.RuneCount(inLine), err)
}

// maxID bounds a producer's id, in characters.
const maxID = 200

type decoder struct {
	Intake
	fields   map[string]json.RawMessage
	problems Problems
	warnings Problems
}

func (d *decoder) alert() Alert {
	a := Alert{
		ID:          d.line("id", maxID),
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
	if a.Headline == "" && a.Description == "" && !d.problems.has("/headline") && !d.problems.has("/description") {
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
