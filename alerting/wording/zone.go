package wording

import (
	"fmt"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // local times must not depend on what the machine has installed

	"revere/alerting"
)

// stateZones gives each state one IANA time zone: that of most of its people, where it has several.
var stateZones = map[string]string{
	"America/New_York":             "ct dc de fl ga ky ma md me nc nh nj ny oh pa ri sc va vt wv",
	"America/Detroit":              "mi",
	"America/Indiana/Indianapolis": "in",
	"America/Chicago":              "al ar ia il ks la mn mo ms nd ne ok sd tn tx wi",
	"America/Denver":               "co mt nm ut wy",
	"America/Boise":                "id",
	"America/Phoenix":              "az",
	"America/Los_Angeles":          "ca nv or wa",
	"America/Anchorage":            "ak",
	"Pacific/Honolulu":             "hi",
	"America/Puerto_Rico":          "pr vi",
	"Pacific/Pago_Pago":            "as",
	"Pacific/Guam":                 "gu mp",
}

var zones = sync.OnceValue(func() map[string]*time.Location {
	byState := make(map[string]*time.Location, len(alerting.USStates))
	for name, states := range stateZones {
		location, err := time.LoadLocation(name)
		if err != nil {
			panic(fmt.Sprintf("wording: the embedded time zones lack %s: %v", name, err))
		}
		for state := range strings.FieldsSeq(states) {
			byState[state] = location
		}
	}
	return byState
})

// ZoneOf returns the time zone of the area's state; that of most of its people, where the state has
// several. ok is false for the whole country.
func ZoneOf(a alerting.Area) (location *time.Location, ok bool) {
	location, ok = zones()[a.State()]
	return location, ok
}

// location is the time zone in which the recipients read: that of the first area with one, the
// recipients' own first, else the desk's.
func (d Desk) location(c Context) *time.Location {
	for _, areas := range [][]alerting.Area{c.Areas, c.Alert.Areas} {
		for _, a := range areas {
			if location, ok := ZoneOf(a); ok {
				return location
			}
		}
	}
	if d.Location != nil {
		return d.Location
	}
	return time.UTC
}

// clock is a time of day, "07:14". It carries the date where that is another day than the one that
// the reader has in mind, and the zone where it is nobody's local time.
func clock(t, dayInMind time.Time, location *time.Location) string {
	t, dayInMind = t.In(location), dayInMind.In(location)
	text := t.Format("15:04")
	if location.String() == "UTC" {
		text += " UTC"
	}
	if t.YearDay() != dayInMind.YearDay() || t.Year() != dayInMind.Year() {
		text += t.Format(" on 2 Jan")
	}
	return text
}

// dateTime is a time in full: "Tue 3 Nov 2026, 07:12 EST".
func dateTime(t time.Time, location *time.Location) string {
	return t.In(location).Format("Mon 2 Jan 2006, 15:04 MST")
}
