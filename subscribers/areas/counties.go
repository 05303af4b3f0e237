package areas

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"sync"

	"revere/alerting"
)

// A county is a county or what the Census Bureau counts as one: parish, borough, census area,
// independent city, municipio, district, island, and Connecticut's planning regions.
type county struct {
	Area alerting.Area
	Name string
	Kind string
	// FIPS are its five-digit codes: the current one, then those it had before (a county that was
	// only renamed keeps its ground, so that its old code still names it).
	FIPS []string
}

// counties.csv is made from the county rows of opencivicdata/ocd-division-ids (CC0, vintage 2012),
// brought up to date: the independent cities, the District of Columbia and the island territories
// are added; Alaska has Chugach and Copper River for Valdez-Cordova, and Kusilvak for Wade Hampton;
// South Dakota has Oglala Lakota for Shannon; Connecticut has its nine planning regions beside the
// eight counties, which weather alerts and people go on using.
//
// The rule of its slugs: the name without its kind, accents dropped, in lower case, with hyphens
// for spaces; periods and apostrophes vanish (st-louis, prince-georges). Where two in a state would
// be the same, the county keeps that slug and the other one's carries its kind: baltimore is the
// county, baltimore-city the city. A slug, once published, never changes.
//
//go:embed counties.csv
var countiesCSV string

// A countyTable is the built-in part of the atlas. It never changes.
type countyTable struct {
	byArea  map[alerting.Area]*county
	byFIPS  map[string]*county
	byState map[string][]*county // in the order of their keys
	terms   map[string][]term    // by state
}

var counties = sync.OnceValue(func() *countyTable {
	rows, err := csv.NewReader(strings.NewReader(countiesCSV)).ReadAll()
	if err != nil {
		panic(fmt.Sprintf("the embedded counties.csv is damaged: %v", err))
	}
	t := &countyTable{
		byArea:  make(map[alerting.Area]*county, len(rows)),
		byFIPS:  make(map[string]*county, len(rows)),
		byState: make(map[string][]*county, len(alerting.USStates)),
		terms:   make(map[string][]term, len(alerting.USStates)),
	}
	for _, row := range rows[1:] {
		state := row[3] // the columns are slug, name, kind, state, fips
		c := &county{Area: alerting.CountyArea(state, row[0]), Name: row[1], Kind: row[2], FIPS: strings.Fields(row[4])}
		t.byArea[c.Area] = c
		for _, fips := range c.FIPS {
			t.byFIPS[fips] = c
		}
		t.byState[state] = append(t.byState[state], c)
		t.terms[state] = append(t.terms[state], term{c.Area.Slug(), c.Area}, term{row[0], c.Area}, term{Slug(c.Name), c.Area})
	}
	return t
})

// system tells apart the two ways in which Connecticut is divided. Counties of one system never
// have ground in common.
func (c *county) system() string {
	if c.Kind == planningRegion {
		return planningRegion
	}
	return "county"
}

const planningRegion = "planning region"

// regionCounties are the counties on whose ground a Connecticut planning region lies, by the towns
// that are members of its council of governments (87 FR 34235, 6 June 2022).
var regionCounties = map[alerting.Area][]alerting.Area{
	"ct.county-capitol":                        {"ct.county-hartford", "ct.county-tolland"},
	"ct.county-greater-bridgeport":             {"ct.county-fairfield"},
	"ct.county-lower-connecticut-river-valley": {"ct.county-middlesex", "ct.county-new-london"},
	"ct.county-naugatuck-valley":               {"ct.county-fairfield", "ct.county-hartford", "ct.county-litchfield", "ct.county-new-haven"},
	"ct.county-northeastern-connecticut":       {"ct.county-new-london", "ct.county-tolland", "ct.county-windham"},
	"ct.county-northwest-hills":                {"ct.county-hartford", "ct.county-litchfield"},
	"ct.county-south-central-connecticut":      {"ct.county-new-haven"},
	"ct.county-southeastern-connecticut":       {"ct.county-new-london", "ct.county-windham"},
	"ct.county-western-connecticut":            {"ct.county-fairfield", "ct.county-litchfield"},
}

// shareGround reports whether a planning region and a county, in either order, have towns in common.
func shareGround(a, b alerting.Area) bool {
	return slices.Contains(regionCounties[a], b) || slices.Contains(regionCounties[b], a)
}

// sharingGround lists the counties of the other system that have towns in common with c.
func sharingGround(c alerting.Area) []alerting.Area {
	if c.State() != "ct" {
		return nil
	}
	if inside, ok := regionCounties[c]; ok {
		return inside
	}
	var regions []alerting.Area
	for _, other := range counties().byState["ct"] {
		if slices.Contains(regionCounties[other.Area], c) {
			regions = append(regions, other.Area)
		}
	}
	return regions
}
