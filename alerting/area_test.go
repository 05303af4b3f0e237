package alerting_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
)

func TestParseArea(t *testing.T) {
	longest := strings.Repeat("x", alerting.MaxSlug)
	for key, want := range map[string]struct {
		area alerting.Area
		kind alerting.AreaKind
	}{
		"us":                    {"us.nationwide", alerting.KindNation},
		"us.nationwide":         {"us.nationwide", alerting.KindNation},
		"ma":                    {"ma.statewide", alerting.KindState},
		"ma.statewide":          {"ma.statewide", alerting.KindState},
		"pr.statewide":          {"pr.statewide", alerting.KindState},
		"ma.county-suffolk":     {"ma.county-suffolk", alerting.KindCounty},
		"ma.boston":             {"ma.boston", alerting.KindMunicipality},
		"in.jackson-township-1": {"in.jackson-township-1", alerting.KindMunicipality},
		"ma." + longest:         {alerting.Area("ma." + longest), alerting.KindMunicipality},
		"ma.county-" + longest:  {alerting.Area("ma.county-" + longest), alerting.KindCounty},
	} {
		area, err := alerting.ParseArea(key)
		require.NoError(t, err, key)
		assert.Equal(t, want.area, area)
		assert.Equal(t, want.kind, area.Kind(), key)
	}
}

func TestParseAreaRefuses(t *testing.T) {
	for _, key := range []string{
		"", ".", "boston", "MA", "MA.boston", "xx.boston", "ma.", "ma.Boston", "ma.bos ton", "ma.-boston", "ma.boston-", "ma.bos--ton",
		"ma.county-", "ma.boston.north", "ma.*", "ma.>", "us.boston", "us.", "ma.nationwide", "ma.böston", "ma.statewide.",
		"ma." + strings.Repeat("x", alerting.MaxSlug+1),
	} {
		area, err := alerting.ParseArea(key)
		assert.Equal(t, alerting.CodeUnknownArea, alerting.CodeOf(err), key)
		assert.Empty(t, area, key)
	}
}

func TestAreaOfSubjectRefuses(t *testing.T) {
	for _, subject := range []string{
		"", "alerts", "alerts.", "alerts.ma", "alerts.us", "alerts.ma.boston.north", "alert.ma.boston", "Alerts.ma.boston", "alerts.ma.", "alerts..boston",
	} {
		_, err := alerting.AreaOfSubject(subject)
		assert.Equal(t, alerting.CodeUnknownArea, alerting.CodeOf(err), subject)
	}
}

func TestAreaParts(t *testing.T) {
	assert.Equal(t, alerting.Area("ma.statewide"), alerting.StateArea("ma"))
	county := alerting.CountyArea("ma", "suffolk")
	assert.Equal(t, "ma", county.State())
	assert.Equal(t, "county-suffolk", county.Slug())
	assert.Equal(t, "alerts.ma.county-suffolk", county.Subject())
}

func TestEveryStateHasItsOwnCodes(t *testing.T) {
	codes, fips := map[string]bool{}, map[string]bool{}
	for _, s := range alerting.USStates {
		codes[s.Code], fips[s.FIPS] = true, true
		found, ok := alerting.StateByCode(s.Code)
		assert.True(t, ok)
		assert.Equal(t, s, found)
	}
	assert.Len(t, codes, 56) // 50 states, the District of Columbia and five territories
	assert.Len(t, fips, 56)
	_, ok := alerting.StateByCode(alerting.Nation)
	assert.False(t, ok)
}

func TestUnionOfAreas(t *testing.T) {
	many := make([]alerting.Area, 100)
	for i := range many {
		many[i] = alerting.Area(fmt.Sprint("ma.town-", i))
	}
	for name, test := range map[string]struct{ x, y, want []alerting.Area }{
		"nothing":         {nil, nil, nil},
		"of one":          {nil, []alerting.Area{"ma.b", "ma.a", "ma.b"}, []alerting.Area{"ma.b", "ma.a"}},
		"what both have":  {[]alerting.Area{"ma.b", "ma.a"}, []alerting.Area{"ma.a", "ma.c"}, []alerting.Area{"ma.b", "ma.a", "ma.c"}},
		"many":            {many[:60], many[40:], many},
		"many in reverse": {many[40:], many[:60], append(slices.Clone(many[40:]), many[:40]...)},
	} {
		t.Run(name, func(t *testing.T) {
			before := slices.Clone(test.x)
			got := alerting.UnionAreas(test.x, test.y)
			assert.Equal(t, test.want, got)
			_ = append(got, "ma.z")
			assert.Equal(t, before, test.x)
			assert.Equal(t, test.want, got)
		})
	}
}
