package areas_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"revere/alerting"
	"revere/subscribers/areas"
)

func TestFind(t *testing.T) {
	table := importedTable(t, massachusetts)
	keys := func(query string, limit int) (found []alerting.Area) {
		for _, e := range table.Find(query, limit) {
			found = append(found, e.Area)
		}
		return found
	}
	assert.Equal(t, []alerting.Area{"ma.boston"}, keys("Boston", 10))
	assert.Equal(t, []alerting.Area{"ma.boston"}, keys("2507000", 10))
	assert.Equal(t, []alerting.Area{"ma.boston"}, keys("ma.bos", 10))
	assert.Equal(t, []alerting.Area{"ma.county-suffolk"}, keys("025025", 10))
	assert.Equal(t, []alerting.Area{"ma.county-suffolk", "ny.county-suffolk", "va.county-suffolk"}, keys("suffolk", 10))
	assert.Equal(t, []alerting.Area{"ma.county-suffolk"}, keys("suffolk", 1))
	assert.Equal(t, alerting.Area("pr.county-anasco"), keys("Añasco", 1)[0])
	assert.Equal(t, alerting.Area("ma.statewide"), keys("ma", 1)[0])
	assert.Equal(t, alerting.Area("ma.statewide"), keys("massachusetts", 1)[0])
	assert.Equal(t, alerting.Nationwide, keys("united states", 1)[0])
	assert.Empty(t, keys("", 10))
	assert.Empty(t, keys("no such place anywhere", 10))
	assert.Empty(t, keys("99999", 10))
	assert.Empty(t, keys("boston", 0))
}

func TestList(t *testing.T) {
	table := importedTable(t, massachusetts)
	list := table.List("ma")
	assert.Len(t, list, 1+14+4)
	assert.Equal(t, areas.Entry{Area: "ma.boston", Name: "Boston", Kind: "city", Counties: []alerting.Area{"ma.county-suffolk"}, Codes: []string{"2507000"}}, list[15])
	assert.Len(t, table.List(""), 57)
	assert.Empty(t, table.List("mars"))
}
