package areas_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/subscribers/areas"
)

// massachusetts has one town in one county, one across two, one whose counties nobody gave.
const massachusetts = `slug,name,kind,counties,geoid
ma.boston,Boston city,city,suffolk,2507000
ma.quincy,Quincy city,city,county-norfolk,2555745
ma.straddle,Straddle town,town,25021 25023,
ma.nowhere,Nowhere town,town,,
`

func importedTable(t testing.TB, csv string) *areas.Table {
	t.Helper()
	table := areas.New()
	states, _, err := areas.Read(strings.NewReader(csv))
	require.NoError(t, err)
	for _, s := range states {
		table.Replace(s.Code, s.Municipalities)
	}
	return table
}

func TestResolve(t *testing.T) {
	table := importedTable(t, massachusetts)
	for name, want := range map[string]alerting.Area{
		"us":                 alerting.Nationwide,
		"000000":             alerting.Nationwide,
		"ma":                 "ma.statewide",
		"25":                 "ma.statewide",
		"025000":             "ma.statewide",
		"25000":              "ma.statewide",
		"ma.county-suffolk":  "ma.county-suffolk",
		"25025":              "ma.county-suffolk",
		"025025":             "ma.county-suffolk",
		"ma.boston":          "ma.boston",
		"2507000":            "ma.boston",
		"24510":              "md.county-baltimore-city",
		"24005":              "md.county-baltimore",
		"29510":              "mo.county-st-louis-city",
		"29189":              "mo.county-st-louis",
		"32510":              "nv.county-carson-city",
		"51600":              "va.county-fairfax-city",
		"51059":              "va.county-fairfax",
		"51760":              "va.county-richmond-city",
		"51540":              "va.county-charlottesville",
		"51036":              "va.county-charles-city",
		"11001":              "dc.county-district-of-columbia",
		"02063":              "ak.county-chugach",
		"02158":              "ak.county-kusilvak",
		"02270":              "ak.county-kusilvak",
		"02110":              "ak.county-juneau",
		"46102":              "sd.county-oglala-lakota",
		"46113":              "sd.county-oglala-lakota",
		"09110":              "ct.county-capitol",
		"09003":              "ct.county-hartford",
		"22059":              "la.county-lasalle",
		"35013":              "nm.county-dona-ana",
		"72127":              "pr.county-san-juan",
		"78030":              "vi.county-st-thomas",
		"60010":              "as.county-eastern",
		"66010":              "gu.county-guam",
		"69110":              "mp.county-saipan",
		"24033":              "md.county-prince-georges",
		"md.county-st-marys": "md.county-st-marys",
	} {
		area, known, err := table.Resolve(name)
		require.NoError(t, err, name)
		assert.True(t, known, name)
		assert.Equal(t, want, area, name)
	}
}

func TestResolveTakesWellFormedSlugsOfStatesThatWereNotImported(t *testing.T) {
	area, known, err := areas.New().Resolve("vt.stowe")
	require.NoError(t, err)
	assert.Equal(t, alerting.Area("vt.stowe"), area)
	assert.False(t, known)
}

func TestResolveRefusesAndNamesTheNearest(t *testing.T) {
	table := importedTable(t, massachusetts)
	for name, nearest := range map[string]string{
		"ma.bostn":            `"ma.boston" (Boston)`,
		"ma.quincy-city":      `"ma.quincy" (Quincy)`,
		"ma.county-sufolk":    `"ma.county-suffolk" (Suffolk County)`,
		"ma.suffolk":          `"ma.county-suffolk"`,
		"ma.statwide":         `"ma.statewide" (Massachusetts)`,
		"MA.Boston":           `"ma.boston"`,
		"Boston":              `"ma.boston"`,
		"MA":                  `"ma.statewide"`,
		"vt.county-chitenden": `"vt.county-chittenden"`,
		"25026":               `"ma.county-suffolk"`,
		"125025":              `"025025"`,
		"2599999":             "revere areas find",
		"5014875":             "revere areas import",
		"99":                  "GEOID",
		"99001":               `"99"`,
		"0123":                "GEOID",
		"mars":                "USPS",
		"ma.":                 "slug",
		"":                    "USPS",
		"us.boston":           "us.nationwide",
	} {
		_, known, err := table.Resolve(name)
		assert.False(t, known, name)
		assert.Equal(t, alerting.CodeUnknownArea, alerting.CodeOf(err), name)
		assert.ErrorContains(t, err, nearest, name)
	}
}

func TestRelations(t *testing.T) {
	table := importedTable(t, massachusetts)
	for _, c := range []struct {
		outer, inner     alerting.Area
		covers, overlaps bool
	}{
		{"ma.boston", "ma.boston", true, true},
		{"ma.boston", "ma.quincy", false, false},
		{"ma.county-suffolk", "ma.boston", true, true},
		{"ma.county-norfolk", "ma.boston", false, false},
		{"ma.county-middlesex", "ma.straddle", false, false},
		{"ma.county-norfolk", "ma.straddle", false, true},
		{"ma.county-plymouth", "ma.straddle", false, true},
		{"ma.county-suffolk", "ma.nowhere", false, false},
		{"ma.statewide", "ma.nowhere", true, true},
		{"ma.statewide", "ma.county-suffolk", true, true},
		{"ma.statewide", "ma.statewide", true, true},
		{"ma.statewide", "vt.stowe", false, false},
		{"vt.statewide", "vt.stowe", true, true},
		{"vt.county-lamoille", "vt.stowe", false, false},
		{"us.nationwide", "vt.stowe", true, true},
		{"us.nationwide", "us.nationwide", true, true},
		{"ma.county-suffolk", "ny.county-suffolk", false, false},
		{"ct.county-capitol", "ct.county-hartford", false, true},
		{"ct.county-capitol", "ct.county-fairfield", false, false},
		{"ct.county-capitol", "ct.county-northwest-hills", false, false},
	} {
		assert.Equal(t, c.covers, table.Covers(c.outer, c.inner), "%s covers %s", c.outer, c.inner)
		assert.Equal(t, c.overlaps, table.Overlaps(c.outer, c.inner), "%s overlaps %s", c.outer, c.inner)
		assert.Equal(t, c.overlaps, table.Overlaps(c.inner, c.outer), "%s overlaps %s", c.inner, c.outer)
		if c.outer != c.inner {
			assert.False(t, table.Covers(c.inner, c.outer), "%s covers %s", c.inner, c.outer)
		}
	}
}

func TestATownOfConnecticutLiesWhollyInItsCountyAndInItsRegion(t *testing.T) {
	table := importedTable(t, "slug,name,counties\nct.hartford,Hartford,hartford capitol\n")
	assert.True(t, table.Covers("ct.county-hartford", "ct.hartford"))
	assert.True(t, table.Covers("ct.county-capitol", "ct.hartford"))
	assert.True(t, table.Placed("ct.hartford", "ct.county-windham"), "known not to lie there")

	table = importedTable(t, "slug,name,counties\nct.hartford,Hartford,hartford\n")
	assert.True(t, table.Placed("ct.hartford", "ct.county-windham"))
	assert.False(t, table.Placed("ct.hartford", "ct.county-capitol"))
}

func TestTouchingIsWhatOverlapsBelowTheState(t *testing.T) {
	table := importedTable(t, massachusetts)
	all := []alerting.Area{"ma.county-norfolk", "ma.county-plymouth", "ma.county-suffolk", "ma.boston", "ma.quincy", "ma.straddle", "ma.nowhere",
		"ct.county-capitol", "ct.county-hartford", "ct.county-fairfield"}
	for _, a := range all {
		touching := table.Touching(a)
		assert.True(t, slices.IsSorted(touching), "%v", touching)
		for _, b := range all {
			assert.Equal(t, table.Overlaps(a, b), slices.Contains(touching, b), "%s and %s", a, b)
		}
	}
}

func TestNarrowest(t *testing.T) {
	table := importedTable(t, massachusetts+"ma.milton,Milton,town,norfolk,\n")
	for _, c := range []struct {
		given []alerting.Area
		want  alerting.Area
	}{
		{nil, ""},
		{[]alerting.Area{"ma.boston"}, "ma.boston"},
		{[]alerting.Area{"ma.boston", "ma.boston"}, "ma.boston"},
		{[]alerting.Area{"ma.quincy", "ma.milton"}, "ma.county-norfolk"},
		{[]alerting.Area{"ma.quincy", "ma.county-norfolk"}, "ma.county-norfolk"},
		{[]alerting.Area{"ma.quincy", "ma.boston"}, "ma.statewide"},
		{[]alerting.Area{"ma.quincy", "ma.straddle"}, "ma.statewide"},
		{[]alerting.Area{"ma.nowhere", "ma.quincy"}, "ma.statewide"},
		{[]alerting.Area{"ma.boston", "ma.statewide"}, "ma.statewide"},
		{[]alerting.Area{"ma.boston", "vt.stowe"}, "us.nationwide"},
		{[]alerting.Area{"us.nationwide", "vt.stowe"}, "us.nationwide"},
		{[]alerting.Area{"vt.stowe", "vt.barre"}, "vt.statewide"},
	} {
		got := table.Narrowest(c.given)
		assert.Equal(t, c.want, got, "%v", c.given)
		for _, a := range c.given {
			assert.True(t, table.Covers(got, a))
		}
	}
}

func TestName(t *testing.T) {
	table := importedTable(t, "slug,name,kind,counties\n"+
		"ma.boston,Boston city,city,suffolk\n"+
		"in.madison-city,Madison city,city,jefferson\n"+
		"in.jackson-township-allen,Jackson township,township,allen\n"+
		"in.jackson-township-boone,Jackson township,township,boone\n"+
		"in.madison-township,Madison township,township,boone\n"+
		"mo.kansas-city,Kansas City city,city,jackson\n")
	for area, want := range map[alerting.Area]string{
		"us.nationwide":             "United States",
		"ma.statewide":              "Massachusetts",
		"ma.county-suffolk":         "Suffolk County",
		"la.county-orleans":         "Orleans Parish",
		"md.county-baltimore-city":  "Baltimore city",
		"ma.boston":                 "Boston",
		"mo.kansas-city":            "Kansas City",
		"in.madison-city":           "Madison city",
		"in.madison-township":       "Madison township",
		"in.jackson-township-allen": "Jackson township, Allen County",
		"nh.north-conway":           "North Conway",
	} {
		assert.Equal(t, want, table.Name(area), area)
	}
}

func TestEveryStateHasCountiesWithTheirOwnCodes(t *testing.T) {
	table := areas.New()
	total := 0
	for _, state := range alerting.USStates {
		entries := table.List(state.Code)
		require.Greater(t, len(entries), 1, state.Name)
		assert.Equal(t, alerting.StateArea(state.Code), entries[0].Area)
		for _, e := range entries[1:] {
			total++
			assert.True(t, alerting.ValidSlug(e.Area.Slug()), e.Area)
			for _, fips := range e.Codes {
				assert.True(t, strings.HasPrefix(fips, state.FIPS), "%s %s", e.Area, fips)
				area, known, err := table.Resolve(fips)
				require.NoError(t, err)
				assert.True(t, known)
				assert.Equal(t, e.Area, area)
			}
		}
	}
	assert.Equal(t, 3143+9+78+13, total, "counties of 2023 less Connecticut's, with both of its systems, Puerto Rico and the islands")
}

func TestSnapshotAndReaders(t *testing.T) {
	table := areas.New()
	before := table.Snapshot()
	states, _, err := areas.Read(strings.NewReader(massachusetts))
	require.NoError(t, err)

	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for range 200 {
				_, known, err := table.Resolve("ma.boston")
				assert.NoError(t, err)
				if known {
					assert.Equal(t, "Boston", table.Name("ma.boston"))
				}
			}
		})
	}
	table.Replace("ma", states[0].Municipalities)
	readers.Wait()

	assert.True(t, table.Imported("ma"))
	assert.False(t, before.Imported("ma"))
	table.Replace("ma", nil)
	assert.False(t, table.Imported("ma"))
}

func FuzzResolve(f *testing.F) {
	for _, seed := range []string{"ma.boston", "MA", "025025", "2507000", "ma.county-", "us.x", "..", "é.b"} {
		f.Add(seed)
	}
	table := importedTable(f, massachusetts)
	f.Fuzz(func(t *testing.T, name string) {
		area, known, err := table.Resolve(name)
		if err != nil {
			assert.False(t, known)
			assert.Empty(t, area)
			assert.Equal(t, alerting.CodeUnknownArea, alerting.CodeOf(err))
			return
		}
		again, knownAgain, err := table.Resolve(string(area))
		require.NoError(t, err, "a key that Resolve gave resolves")
		assert.Equal(t, area, again)
		assert.Equal(t, known, knownAgain)
	})
}

func TestLookupAgreesWithResolve(t *testing.T) {
	table := importedTable(t, massachusetts)
	for _, name := range []string{"ma", "us", "ma.boston", "ma.bostn", "ma.county-suffolk", "ma.county-sufolk", "nh.conway", "MA.Boston", "boston", "",
		"25", "25025", "025025", "125025", "000000", "25999", "99", "2507000", "2599999", "ma.", "ma.-", "xx.y"} {
		want, wantKnown, err := table.Resolve(name)
		area, known, ok := table.Lookup(name)
		assert.Equal(t, []any{want, wantKnown, err == nil}, []any{area, known, ok}, "%q", name)
	}
}
