package api

import (
	"path"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"revere/alerting"
)

// schemaName names a type in the OpenAPI document. Types of other rooms carry the room's name, since
// several rooms have a Summary.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch room := path.Base(t.PkgPath()); room {
	case ".", "alerting", "api":
		return name
	default:
		return strings.ToUpper(room[:1]) + room[1:] + name
	}
}

// Schema describes a value of the example's type.
func (r *Router) Schema(example any) *huma.Schema {
	return r.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(example), true, "")
}

// content describes a JSON body.
func (r *Router) content(example any) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{"application/json": {Schema: r.Schema(example)}}
}

// alertSchema describes an alert as producers write it: alerting.Intake is what judges it. Of a
// correction nothing is required.
func alertSchema(whole bool) *huma.Schema {
	text := func(about string) *huma.Schema { return &huma.Schema{Type: huma.TypeString, Description: about} }
	when := func(about string) *huma.Schema {
		return &huma.Schema{Type: huma.TypeString, Format: "date-time", Description: about}
	}
	texts := func(about string) *huma.Schema {
		return &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeString}, Description: about}
	}
	s := &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: true,
		Description: "A CAP 1.2 alert in JSON. Fields beyond these are allowed and kept. 256 KiB at most.",
		Properties: map[string]*huma.Schema{
			"id":          text("The producer's own id: the same id with the same content is the same alert. Absent: one is given."),
			"sender":      text("Who says it, such as soc@sec.state.ma.us."),
			"sender_name": text("Opens every message; absent: the installation's."),
			"sent":        when("Absent: now. At most five minutes ahead."),
			"status":      oneOf(alerting.Statuses, "draft and system never reach people."),
			"type":        oneOf(alerting.MessageTypes, "Absent: alert."),
			"references":  texts("What an update or cancel corrects: ids, keys, or sender,identifier,sent."),
			"category":    texts("CAP's categories: " + strings.Join(alerting.Categories, ", ") + "."),
			"event":       text("What kind of thing happens."),
			"urgency":     oneOf(alerting.Urgencies, ""),
			"severity":    oneOf(alerting.Severities, "unknown ranks as severe."),
			"certainty":   oneOf(alerting.Certainties, ""),
			"areas":       texts("Area keys such as ma.boston, ma.county-suffolk, ma, us; FIPS, SAME codes and GEOIDs are taken too."),
			"headline":    text("One line. A headline or a description is required."),
			"description": text("What happened."),
			"instruction": text("What to do."),
			"expires":     when("Absent: 24 h after sent. At most 30 days after it."),
			"language":    text("A tag such as en-US, which is what absent means."),
			"tlp":         oneOf(alerting.TLPs, "AMBER and above is refused: it can't be enforced on SMS, email and Signal."),
			"web":         text("A page with more."),
			"contact":     text("Closes mail."),
			"responses": {Type: huma.TypeArray, Description: "Answers beside a plain ACK, nine at most.", Items: &huma.Schema{
				Type: huma.TypeObject, Required: []string{"key", "label"},
				Properties: map[string]*huma.Schema{"key": text("A number from 1 to 99."), "label": text("What it means, 60 characters at most.")},
			}},
		},
	}
	if whole {
		s.Required = []string{"sender", "status", "event", "urgency", "severity", "certainty", "areas"}
	}
	return s
}

func oneOf[T ~string](values []T, about string) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString, Description: about}
	for _, v := range values {
		s.Enum = append(s.Enum, string(v))
	}
	return s
}
