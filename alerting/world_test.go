package alerting_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"revere/alerting"
)

// now is when the tests' alerts are judged.
var now = time.Date(2026, 11, 3, 12, 15, 0, 0, time.UTC)

// An atlas knows three municipalities of Massachusetts and none of any other state.
type atlas struct{}

func (atlas) Resolve(name string) (alerting.Area, bool, error) {
	if name == "025025" {
		return "ma.county-suffolk", true, nil
	}
	area, err := alerting.ParseArea(name)
	if err != nil {
		return "", false, err
	}
	if area.Kind() != alerting.KindMunicipality {
		return area, true, nil
	}
	switch area {
	case "ma.boston", "ma.chelsea", "ma.salem":
		return area, true, nil
	}
	if area.State() == "ma" {
		return "", false, alerting.Errorf(alerting.CodeUnknownArea, "%q is no municipality of Massachusetts; the nearest is %q", name, "ma.boston")
	}
	return area, false, nil
}

func (atlas) Name(a alerting.Area) string             { return string(a) }
func (atlas) Covers(outer, inner alerting.Area) bool  { return outer == inner }
func (atlas) Overlaps(a, b alerting.Area) bool        { return a == b }
func (atlas) Narrowest([]alerting.Area) alerting.Area { return alerting.Nationwide }

func intake() alerting.Intake {
	return alerting.Intake{Now: now, Atlas: atlas{}, Subject: "ma.boston", DefaultID: "a42", DefaultSent: now.Add(-time.Second)}
}

// fields returns the JSON object of a good alert with some fields set anew; nil leaves one out.
func fields(t testing.TB, set map[string]any) []byte {
	t.Helper()
	alert := map[string]any{
		"id": "01JD", "sender": "soc@sec.state.ma.us", "sent": "2026-11-03T07:12:00-05:00", "status": "actual",
		"event": "Credential phishing", "urgency": "immediate", "severity": "severe", "certainty": "observed",
		"headline": "Phishing against election clerks",
	}
	for field, value := range set {
		if value == nil {
			delete(alert, field)
			continue
		}
		alert[field] = value
	}
	raw, err := json.Marshal(alert)
	require.NoError(t, err)
	return raw
}

// problem is a Problem without its words.
type problem struct{ pointer, code string }

func problemsOf(t testing.TB, err error) []problem {
	t.Helper()
	var e *alerting.Error
	require.ErrorAs(t, err, &e)
	var all []problem
	for _, p := range e.Problems {
		all = append(all, problem{p.Pointer, p.Code})
	}
	return all
}
