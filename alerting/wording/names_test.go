package wording_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"revere/alerting"
	"revere/alerting/wording"
)

func TestPlaces(t *testing.T) {
	type areas = []alerting.Area
	for _, test := range []struct {
		own, alert areas
		want       string
	}{
		{areas{"ma.boston"}, areas{"ma.boston"}, "Boston"},
		{areas{"ma.boston"}, areas{"ma.boston", "ma.county-suffolk"}, "Boston"},
		{areas{"ma.chelsea"}, areas{"ma.boston", "ma.county-suffolk"}, "Chelsea"},
		{areas{"ma.boston"}, areas{"ma.statewide"}, "Boston"},
		{areas{"ma.boston"}, areas{"us.nationwide"}, "Boston"},
		{areas{"ma.statewide"}, areas{"ma.boston"}, "Boston"},
		{areas{"ma.statewide"}, areas{"ma.boston", "ma.county-suffolk"}, "Suffolk County"},
		{areas{"ma.statewide", "ma.boston"}, areas{"ma.county-suffolk"}, "Suffolk County"},
		{areas{"ma.revere", "ma.boston", "ma.chelsea"}, areas{"ma.county-suffolk"}, "Revere and 2 more"},
		{areas{"ma.chelsea"}, areas{"ma.boston", "ma.chelsea", "ma.cambridge"}, "Chelsea and 2 more"},
		{areas{"hi.honolulu"}, areas{"ma.statewide"}, "Massachusetts"},
		{nil, areas{"ma.county-middlesex", "ma.boston"}, "Middlesex County and 1 more"},
		{nil, areas{"us.nationwide"}, "United States"},
		{nil, areas{"nh.keene"}, "nh.keene"},
	} {
		c := phishing(t)
		c.Areas, c.Alert.Areas = test.own, test.alert
		assert.Contains(t, sms(c), "SEVERE, "+test.want+": Phishing", "%+v", test)
	}
}

func TestMailNamesEveryPlace(t *testing.T) {
	c := phishing(t)
	c.Areas, c.Alert.Areas = []alerting.Area{"ma.chelsea"}, []alerting.Area{"ma.boston", "ma.chelsea", "ma.county-middlesex"}
	assert.Contains(t, compose(desk(), alerting.Mail, c), "WHERE\nChelsea, Boston, Middlesex County\n")
}

// A withdrawal reminds of the alert in a word or three.
func TestTopics(t *testing.T) {
	for headline, topic := range map[string]string{
		"Phishing against election clerks":                 "phishing",
		"Phishing Against Election Clerks":                 "phishing",
		"PHISHING AGAINST CLERKS":                          "phishing",
		"Phishing":                                         "phishing",
		"Credential phishing: do not log in":               "credential phishing",
		"Tornado warning for Suffolk":                      "tornado warning",
		"DDoS attack on county sites":                      "DDoS attack",
		"FBI warns of ransomware":                          "FBI warns",
		"The dam has burst":                                "dam",
		"An active shooter, Elm Street":                    "active shooter",
		"Large chemical spill fire burning":                "large chemical spill",
		"At risk: water supply":                            "at risk",
		"The":                                              "The",
		"!?":                                               "!?",
		"Überflutung der Innenstadt möglich":               "überflutung der innenstadt",
		"Donaudampfschifffahrtsgesellschaftskapitänsmütze": "donaudampfschifffahrtsgesel...",
	} {
		c := corrected(t, alerting.TypeCancel)
		c.Corrects[0].Alert.Headline = headline
		assert.Contains(t, sms(c), "withdraws K7Q (Boston, "+topic+", 07:12). ", headline)
	}
}

func TestEveryStateHasAZone(t *testing.T) {
	noon := moment(t, "2026-01-15T12:00:00Z")
	hours := map[string]float64{"ma": -5, "mi": -5, "in": -5, "tx": -6, "tn": -6, "id": -7, "az": -7, "ca": -8, "ak": -9, "hi": -10, "pr": -4, "as": -11, "gu": 10, "mp": 10}
	for _, state := range alerting.USStates {
		zone, ok := wording.ZoneOf(alerting.StateArea(state.Code))
		if assert.True(t, ok, state.Name) {
			_, offset := noon.In(zone).Zone()
			if want, known := hours[state.Code]; known {
				assert.InDelta(t, want, float64(offset)/3600, 0, state.Name)
			}
		}
	}
	_, ok := wording.ZoneOf(alerting.Nationwide)
	assert.False(t, ok)
}

func TestTimesAreLocal(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	assert.NoError(t, err)
	for _, test := range []struct {
		own, alert  alerting.Area
		zone        *time.Location
		short, long string
	}{
		{"hi.honolulu", "us.nationwide", nil, "02:12", "Wed 4 Nov 2026, 02:12 HST"},
		{"us.nationwide", "ma.boston", nil, "07:12", "Wed 4 Nov 2026, 07:12 EST"},
		{"us.nationwide", "us.nationwide", nil, "12:12 UTC", "Wed 4 Nov 2026, 12:12 UTC"},
		{"us.nationwide", "us.nationwide", tokyo, "21:12", "Wed 4 Nov 2026, 21:12 JST"},
	} {
		d, c := desk(), corrected(t, alerting.TypeCancel)
		d.Location = test.zone
		c.Areas = []alerting.Area{test.own}
		c.Alert.Areas = []alerting.Area{test.alert}
		assert.Contains(t, compose(d, alerting.Short, c), ", phishing, "+test.short+"). ")
		c.Alert.Type = alerting.TypeUpdate
		assert.Contains(t, compose(d, alerting.Mail, c), "UNTIL\n"+test.long+"\n")
	}
}
