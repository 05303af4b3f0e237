package subscribers_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"revere/alerting"
	"revere/subscribers"
)

const someTowns = `slug,name,kind,counties
ma.boston,Boston,city,suffolk
ma.chelsea,Chelsea,city,suffolk
ma.quincy,Quincy,city,norfolk
ma.straddle,Straddle,town,norfolk plymouth
ma.unplaced,Unplaced,town,
vt.stowe,Stowe,town,lamoille
`

func matched(d *subscribers.Directory, severity alerting.Severity, categories []string, areas ...alerting.Area) (ids []string) {
	d.Read(func(v *subscribers.View) {
		for _, m := range v.Match(areas, severity, categories) {
			ids = append(ids, m.ID)
		}
	})
	return ids
}

func TestMatchReachesWhoeverOverlaps(t *testing.T) {
	d := subscribers.NewDirectory()
	importAreas(t, d, someTowns)
	apply(t, d,
		person("boston", "ma.boston").Put(), person("suffolk", "ma.county-suffolk").Put(), person("state", "ma.statewide").Put(),
		person("nation", "us.nationwide").Put(), person("quincy", "ma.quincy").Put(), person("norfolk", "ma.county-norfolk").Put(),
		person("straddle", "ma.straddle").Put(), person("unplaced", "ma.unplaced").Put(), person("stowe", "vt.stowe").Put(),
		person("capitol", "ct.county-capitol").Put(), person("hartford", "ct.county-hartford").Put(), person("rutland", "ny.rutland").Put())
	for _, c := range []struct{ alert, want []string }{
		{[]string{"ma.boston"}, []string{"boston", "nation", "state", "suffolk"}},
		{[]string{"ma.county-suffolk"}, []string{"boston", "nation", "state", "suffolk"}},
		{[]string{"ma.county-plymouth"}, []string{"nation", "state", "straddle"}},
		{[]string{"ma.straddle"}, []string{"nation", "norfolk", "state", "straddle"}},
		{[]string{"ma.unplaced"}, []string{"nation", "state", "unplaced"}},
		{[]string{"ma.statewide"}, []string{"boston", "nation", "norfolk", "quincy", "state", "straddle", "suffolk", "unplaced"}},
		{[]string{"vt.stowe", "ma.quincy"}, []string{"nation", "norfolk", "quincy", "state", "stowe"}},
		{[]string{"vt.statewide", "ma.boston"}, []string{"boston", "nation", "state", "stowe", "suffolk"}},
		{[]string{"ct.county-capitol"}, []string{"capitol", "hartford", "nation"}},
		{[]string{"ny.rutland"}, []string{"nation", "rutland"}},
		{[]string{"us.nationwide"}, []string{"boston", "capitol", "hartford", "nation", "norfolk", "quincy", "rutland", "state", "stowe", "straddle", "suffolk", "unplaced"}},
		{nil, nil},
	} {
		var areas []alerting.Area
		for _, a := range c.alert {
			areas = append(areas, alerting.Area(a))
		}
		assert.Equal(t, c.want, matched(d, alerting.Severe, nil, areas...), "%v", c.alert)
	}
}

func TestMatchNamesASubscriberOnceWithItsOverlappingAreas(t *testing.T) {
	d := subscribers.NewDirectory()
	importAreas(t, d, someTowns)
	apply(t, d, person("desk", "ma.quincy", "ma.chelsea", "ma.boston", "vt.stowe").Put())
	d.Read(func(v *subscribers.View) {
		got := v.Match([]alerting.Area{"ma.county-suffolk", "ma.boston"}, alerting.Severe, nil)
		assert.Len(t, got, 1)
		assert.Equal(t, []alerting.Area{"ma.chelsea", "ma.boston"}, got[0].Areas)
		assert.Equal(t, []alerting.Area{"ma.quincy", "ma.chelsea", "ma.boston", "vt.stowe"}, got[0].Subscriber.Areas)
	})
}

func TestMatchKeepsToFloors(t *testing.T) {
	d := subscribers.NewDirectory()
	s := person("s", "ma.boston")
	s.MinSeverity = alerting.Severe
	s.Contacts = []subscribers.Contact{
		{Channel: "sms", Address: "1", MinSeverity: alerting.Extreme},
		{Channel: "email", Address: "2"},
		{Channel: "signal", Address: "3", MinSeverity: alerting.Moderate},
	}
	apply(t, d, s.Put())
	for severity, want := range map[alerting.Severity][]string{
		alerting.Extreme:         {"1", "2", "3"},
		alerting.Severe:          {"2", "3"},
		alerting.UnknownSeverity: {"2", "3"},
		alerting.Moderate:        {"3"},
		alerting.Minor:           nil,
	} {
		var got []string
		d.Read(func(v *subscribers.View) {
			for _, m := range v.Match([]alerting.Area{"ma.boston"}, severity, nil) {
				for _, c := range m.Contacts {
					got = append(got, c.Address)
				}
			}
		})
		assert.Equal(t, want, got, severity)
	}
}

func TestMatchKeepsToCategories(t *testing.T) {
	d := subscribers.NewDirectory()
	fire := person("fire", "ma.boston")
	fire.Categories = []string{"fire", "rescue"}
	apply(t, d, fire.Put(), person("all", "ma.boston").Put())
	assert.Equal(t, []string{"all"}, matched(d, alerting.Severe, []string{"security"}, "ma.boston"))
	assert.Equal(t, []string{"all", "fire"}, matched(d, alerting.Severe, []string{"security", "rescue"}, "ma.boston"))
	assert.Equal(t, []string{"all", "fire"}, matched(d, alerting.Severe, nil, "ma.boston"))
}

func TestUncovered(t *testing.T) {
	d := subscribers.NewDirectory()
	importAreas(t, d, someTowns)
	apply(t, d, person("boston", "ma.boston").Put(), person("county", "ma.county-suffolk").Put(), person("state", "ma.statewide").Put())
	d.Read(func(v *subscribers.View) {
		assert.Empty(t, v.Uncovered([]alerting.Area{"ma.boston"}))
		assert.Equal(t, []alerting.Area{"ma.chelsea"}, v.Uncovered([]alerting.Area{"ma.county-suffolk", "ma.chelsea"}))
		assert.Equal(t, []alerting.Area{"ma.chelsea", "ma.quincy", "ma.straddle", "ma.unplaced"}, v.Uncovered([]alerting.Area{"ma.statewide"}))
		assert.Contains(t, v.Uncovered([]alerting.Area{"us.nationwide"}), alerting.Area("vt.stowe"))
		assert.Equal(t, []alerting.Area{"ny.rutland"}, v.Uncovered([]alerting.Area{"ny.rutland"}), "named by the alert")
	})
}

func TestUnplacedNamesWhomACountysAlertMayConcern(t *testing.T) {
	d := subscribers.NewDirectory()
	importAreas(t, d, someTowns)
	apply(t, d, person("a", "ma.unplaced", "ma.gone", "ma.boston").Put(), person("b", "vt.stowe").Put(),
		person("c", "ny.rutland").Put(), person("d", "ny.county-erie", "ny.statewide").Put())
	d.Read(func(v *subscribers.View) {
		assert.Equal(t, []alerting.Area{"ma.gone", "ma.unplaced"}, v.Unplaced([]alerting.Area{"ma.county-suffolk"}))
		assert.Empty(t, v.Unplaced([]alerting.Area{"vt.county-lamoille"}))
		assert.Equal(t, []alerting.Area{"ny.county-erie"}, v.Unplaced([]alerting.Area{"ny.rutland"}))
		assert.Empty(t, v.Unplaced([]alerting.Area{"ma.statewide"}))
		assert.Empty(t, v.Unplaced([]alerting.Area{"ma.county-suffolk", "ma.gone", "ma.unplaced"}))
	})
}
