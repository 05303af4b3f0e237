package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"revere/alerting"
)

// alertFields are the parts of an alert that a publication gives and an update may give anew.
type alertFields struct {
	Severity    string   `placeholder:"SEVERITY" help:"How grave: extreme, severe, moderate, minor or unknown (ranks as severe)."`
	Urgency     string   `placeholder:"URGENCY" help:"When to act: immediate, expected, future, past or unknown."`
	Certainty   string   `placeholder:"CERTAINTY" help:"How sure: observed, likely, possible, unlikely or unknown."`
	Event       string   `placeholder:"TEXT" help:"What is happening."`
	Description string   `placeholder:"TEXT" help:"More about it; mail and Signal carry it whole."`
	Instruction string   `placeholder:"TEXT" help:"What to do."`
	Expires     string   `placeholder:"6h|TIME" help:"Until when: how long from now, or an RFC 3339 time."`
	Response    []string `sep:"none" placeholder:"KEY=LABEL" help:"An answer to offer besides ACK: 1=\"On it\". May be repeated."`
	Category    []string `placeholder:"CATEGORY" help:"Kind of event in CAP's words: security, infra, safety, …. May be repeated."`
	SenderName  string   `placeholder:"TEXT" help:"Who is speaking; opens every message."`
	Contact     string   `placeholder:"TEXT" help:"Whom to ask; closes mail."`
	Web         string   `placeholder:"URL" help:"Where to read more."`
	Language    string   `placeholder:"TAG" help:"Language of the text, such as en-US."`
	TLP         string   `name:"tlp" placeholder:"LABEL" help:"Traffic Light Protocol label: CLEAR or GREEN."`
}

// fields are the JSON fields of an alert that were given. problems are everything that is wrong with
// them, whatever now is.
func (f *alertFields) fields(now time.Time) (fields map[string]any, problems []string) {
	fields = map[string]any{}
	choose(fields, "severity", f.Severity, alerting.Severities, &problems)
	choose(fields, "urgency", f.Urgency, alerting.Urgencies, &problems)
	choose(fields, "certainty", f.Certainty, alerting.Certainties, &problems)
	for name, value := range map[string]string{
		"event": f.Event, "description": f.Description, "instruction": f.Instruction, "sender_name": f.SenderName,
		"contact": f.Contact, "web": f.Web, "language": f.Language, "tlp": strings.ToUpper(f.TLP),
	} {
		if value != "" {
			fields[name] = value
		}
	}
	if len(f.Category) > 0 {
		fields["category"] = f.Category
	}
	if f.Expires != "" {
		expires, err := moment(f.Expires, now)
		if err != nil {
			problems = append(problems, "--expires "+err.Error())
		}
		fields["expires"] = expires
	}
	if len(f.Response) > 0 {
		fields["responses"] = responses(f.Response, &problems)
	}
	return fields, problems
}

// choose sets a field that has a set of values.
func choose[T ~string](fields map[string]any, name, value string, allowed []T, problems *[]string) {
	if value == "" {
		return
	}
	if !slices.Contains(allowed, T(value)) {
		*problems = append(*problems, fmt.Sprintf("--%s %q is not one of %s", name, value, strings.ReplaceAll(joined(allowed), " ", ", ")))
	}
	fields[name] = value
}

// moment reads a time that is given as such or as a distance from now.
func moment(s string, now time.Time) (string, error) {
	if d, err := time.ParseDuration(s); err == nil {
		if d <= 0 {
			return "", fmt.Errorf("%q is not after now", s)
		}
		return now.Add(d).Truncate(time.Second).Format(time.RFC3339), nil
	}
	if _, err := time.Parse(time.RFC3339, s); err != nil {
		return "", fmt.Errorf("%q is neither a time from now such as 90m or 6h nor an RFC 3339 time such as 2026-11-04T07:12:00-05:00", s)
	}
	return s, nil
}

func responses(given []string, problems *[]string) []alerting.Response {
	var list []alerting.Response
	for _, pair := range given {
		key, label, found := strings.Cut(pair, "=")
		if !found || key == "" || label == "" {
			*problems = append(*problems, fmt.Sprintf("--response %q is not a key and a label such as 1=\"On it\"", pair))
		}
		list = append(list, alerting.Response{Key: key, Label: label})
	}
	return list
}

// refused is nil without problems, else the usage error that names all of them.
func refused(problems []string) error {
	if len(problems) == 0 {
		return nil
	}
	return usageError(strings.Join(problems, "\n  "))
}

// statusOf reads the status of an alert's JSON as the server will: by exact name, the last of
// several. It is empty where it can't be read; the server refuses such an alert.
func statusOf(body []byte) alerting.Status {
	var fields map[string]json.RawMessage
	var status alerting.Status
	if json.Unmarshal(body, &fields) != nil || json.Unmarshal(fields["status"], &status) != nil {
		return ""
	}
	return status
}
