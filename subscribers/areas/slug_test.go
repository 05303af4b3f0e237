package areas_test

import (
	"encoding/csv"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/subscribers/areas"
)

func TestSlug(t *testing.T) {
	for name, want := range map[string]string{
		"Boston":                   "boston",
		"St. Mary's":               "st-marys",
		"Coeur d’Alene":            "coeur-dalene",
		"La Cañada Flintridge":     "la-canada-flintridge",
		"Añasco":                   "anasco",
		"  Winston--Salem / East ": "winston-salem-east",
		"Township 10":              "township-10",
		"???":                      "",
	} {
		assert.Equal(t, want, areas.Slug(name), name)
	}
	assert.True(t, alerting.ValidSlug(areas.Slug(strings.Repeat("ab ", 100))))
}

func TestSlugsFor(t *testing.T) {
	rows := []areas.Municipality{
		{Name: "Boston city", Kind: "city"},
		{Name: "Madison city", Kind: "city"},
		{Name: "Madison", Kind: "town"},
		{Name: "Madison City", Kind: "village"}, // what madison-city would collide with
		{Name: "Jackson township", Kind: "township", Counties: []alerting.Area{"in.county-allen"}},
		{Name: "Jackson township", Kind: "township", Counties: []alerting.Area{"in.county-boone"}},
		{Name: "Liberty borough", Kind: "borough", GEOID: "4243064"},
		{Name: "Liberty borough", Kind: "borough", GEOID: "4243128"},
		{Name: "County Line town", Kind: "town"},
		{Slug: "kept", Name: "Salem"},
		{Name: "Kept", Kind: "town"},
	}
	assert.Equal(t, []string{
		"boston", "madison-city", "madison-town", "madison-city-village", "jackson-township-allen", "jackson-township-boone",
		"liberty-borough-4243064", "liberty-borough-4243128", "town-of-county-line", "kept", "kept-town",
	}, areas.SlugsFor(rows))
}

// divisions reads the table of real divisions that lies beside the repository.
func divisions(t testing.TB) map[string][]areas.Municipality {
	t.Helper()
	file, err := os.Open(geoFile(t))
	require.NoError(t, err)
	defer file.Close()
	reader := csv.NewReader(file)
	reader.Comma, reader.LazyQuotes = '\t', true
	rows, err := reader.ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 39243)
	table := areas.New()
	states := map[string][]areas.Municipality{}
	for _, row := range rows[1:] { // geoid kind usps statefp county_geoid name base_name lsad …
		state := strings.ToLower(row[2])
		m := areas.Municipality{GEOID: row[0], Name: row[5], Kind: row[7]}
		if row[4] != "" && row[4] != "02261" { // Valdez-Cordova, since divided
			county, known, err := table.Resolve(row[4])
			require.NoError(t, err)
			require.True(t, known)
			m.Counties = []alerting.Area{county}
		}
		if row[1] != "county" {
			states[state] = append(states[state], m)
		}
	}
	return states
}

// geoFile is the table's path: REVERE_GEO, or shared/geo beside the repository. Where there is none
// the test is skipped, but not in CI, which always has it.
func geoFile(t testing.TB) string {
	t.Helper()
	path := os.Getenv("REVERE_GEO")
	if path == "" {
		path = filepath.Join("..", "..", "..", "shared", "geo")
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, "us_divisions.tsv")
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing; set REVERE_GEO to the table of divisions", path)
		}
		t.Skipf("%s is missing; set REVERE_GEO to the table of divisions", path)
	}
	return path
}

func TestSlugsOfAllDivisionsAreUniqueAndDoNotDependOnTheOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	total := 0
	for state, rows := range divisions(t) {
		total += len(rows)
		byGEOID := map[string]string{}
		seen := map[string]bool{}
		for i, slug := range areas.SlugsFor(rows) {
			area, err := alerting.ParseArea(state + "." + slug)
			require.NoError(t, err)
			require.Equal(t, alerting.KindMunicipality, area.Kind())
			require.False(t, seen[slug], "%s %s", state, slug)
			seen[slug] = true
			byGEOID[rows[i].GEOID] = slug
		}
		random.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		for i, slug := range areas.SlugsFor(rows) {
			require.Equal(t, byGEOID[rows[i].GEOID], slug)
		}
		if state == "in" {
			assert.Equal(t, "jackson-township-allen", byGEOID["1800336738"])
			assert.Equal(t, "madison-city", byGEOID["1845990"])
		}
		if state == "ma" {
			assert.Equal(t, "boston", byGEOID["2507000"])
		}
	}
	assert.Equal(t, 39242-3178, total)
}

func TestAllDivisionsCanBeImported(t *testing.T) {
	var file strings.Builder
	writer := csv.NewWriter(&file)
	require.NoError(t, writer.Write(areas.Columns))
	for _, rows := range divisions(t) {
		for _, m := range rows {
			county := ""
			if len(m.Counties) > 0 {
				county = m.Counties[0].Slug()
			}
			require.NoError(t, writer.Write([]string{"", m.Name, m.Kind, county, m.GEOID}))
		}
	}
	writer.Flush()
	table := importedTable(t, file.String())
	assert.Len(t, table.Municipalities(alerting.Nationwide), 39242-3178)
	names := map[string]alerting.Area{}
	for _, area := range table.Municipalities("in.statewide") {
		name := table.Name(area)
		require.Empty(t, names[name], "%s is the name of %s too", name, area)
		names[name] = area
	}
	area, known, err := table.Resolve("1800336738")
	require.NoError(t, err)
	assert.True(t, known)
	assert.True(t, table.Covers("in.county-allen", area))
	assert.Equal(t, "Jackson township, Allen County", table.Name(area))
}
