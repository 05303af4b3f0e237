package wording_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/wording"
)

// country is an Atlas of four levels in a straight line, and a few towns beside them.
type country struct{}

var names = map[alerting.Area]string{
	"ma.boston": "Boston", "ma.chelsea": "Chelsea", "ma.revere": "Revere", "ma.cambridge": "Cambridge", "ma.county-suffolk": "Suffolk County",
	"ma.county-middlesex": "Middlesex County", "ma.statewide": "Massachusetts", "us.nationwide": "United States", "hi.honolulu": "Honolulu",
}

var within = map[alerting.Area]alerting.Area{
	"ma.boston": "ma.county-suffolk", "ma.chelsea": "ma.county-suffolk", "ma.revere": "ma.county-suffolk", "ma.cambridge": "ma.county-middlesex",
	"ma.county-suffolk": "ma.statewide", "ma.county-middlesex": "ma.statewide", "ma.statewide": "us.nationwide", "hi.honolulu": "us.nationwide",
}

func (country) Resolve(name string) (alerting.Area, bool, error) {
	area, err := alerting.ParseArea(name)
	return area, true, err
}

func (country) Name(a alerting.Area) string { return names[a] }

func (country) Covers(outer, inner alerting.Area) bool {
	for ; inner != ""; inner = within[inner] {
		if inner == outer {
			return true
		}
	}
	return false
}

func (c country) Overlaps(a, b alerting.Area) bool      { return c.Covers(a, b) || c.Covers(b, a) }
func (country) Narrowest([]alerting.Area) alerting.Area { return alerting.Nationwide }

func moment(t testing.TB, s string) time.Time {
	at, err := time.Parse(time.RFC3339, s)
	require.NoError(t, err)
	return at.UTC()
}

func desk() wording.Desk {
	return wording.Desk{SenderName: "MA State SOC", Phone: "+16175550100", Atlas: country{}}
}

// phishing is DESIGN.md's alert, as a town clerk of Boston gets it.
func phishing(t testing.TB) wording.Context {
	return wording.Context{
		Code:   "K7Q",
		Areas:  []alerting.Area{"ma.boston"},
		AckURL: "https://alerts.example.org/a/t0ken",
		Alert: &alerting.Alert{
			ID: "01JD", Sender: "soc@sec.state.ma.us", Sent: moment(t, "2026-11-03T07:12:00-05:00"), Expires: moment(t, "2026-11-04T07:12:00-05:00"),
			Status: alerting.StatusActual, Type: alerting.TypeAlert, Event: "Credential phishing against election clerks",
			Urgency: "immediate", Severity: alerting.Severe, Certainty: "observed", Areas: []alerting.Area{"ma.boston", "ma.county-suffolk"},
			Headline:    "Phishing against election clerks",
			Description: "Mails titled “Invoice 4471” carry a false sign-in page.\n\nThey come from <billing@example.net> & ask for your password.",
			Instruction: "Do not open invoice mail.",
			Language:    "en-US", TLP: "GREEN", Web: "https://example.org/advisory/4471", Contact: "SOC duty officer, soc@sec.state.ma.us",
			Responses: []alerting.Response{{Key: "2", Label: "you got it too"}},
		},
	}
}

// corrected is a correction of the sample, made as a copy of it under another code.
func corrected(t testing.TB, by alerting.MessageType) wording.Context {
	original := phishing(t)
	c := phishing(t)
	c.Code = "K8R"
	c.Corrects = []wording.Corrected{{Alert: original.Alert, Code: original.Code}}
	c.Alert.Type = by
	c.Alert.Sent = moment(t, "2026-11-03T07:40:00-05:00")
	if by == alerting.TypeUpdate {
		c.Alert.Headline = "Phishing against clerks and poll workers"
	}
	return c
}

func compose(d wording.Desk, f alerting.Format, c wording.Context) string {
	_, text, _ := d.Compose(f, c)
	return text
}

func sms(c wording.Context) string { return compose(desk(), alerting.Short, c) }

func upper(s alerting.Status) string { return strings.ToUpper(string(s)) }
