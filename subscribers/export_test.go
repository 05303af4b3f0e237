package subscribers_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/subscribers"
)

func randomSubscriber(random *rand.Rand, i int) *subscribers.Subscriber {
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	towns := []alerting.Area{"ma.boston", "ma.quincy", "ma.county-suffolk", "vt.stowe", "us.nationwide"}
	random.Shuffle(len(towns), func(i, j int) { towns[i], towns[j] = towns[j], towns[i] })
	s := &subscribers.Subscriber{
		ID: fmt.Sprintf("p-%d", i), Name: pick("Ann", `"Bob", the clerk`, "=1+1", "Zoë", "#"), Organization: pick("", "City, of; Boston", "'x"),
		Areas: towns[:1+random.IntN(3)], MinSeverity: alerting.Severity(pick("", "severe", "minor")), Language: pick("", "en-US", "es"), Shared: random.IntN(2) == 0,
	}
	if random.IntN(3) == 0 {
		s.Categories = []string{"fire", "met"}
	}
	for c := range 1 + random.IntN(5) {
		contact := subscribers.Contact{Channel: pick("sms", "email", "signal"), MinSeverity: alerting.Severity(pick("", "", "", "extreme"))}
		contact.Address = fmt.Sprintf("+1617555%04d", i*5+c)
		if contact.Channel == "email" {
			contact.Address = fmt.Sprintf("p%d.%d@example.org", i, c)
		}
		s.Contacts = append(s.Contacts, contact)
	}
	return s
}

func TestWhatWasExportedImportsWithoutAChange(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1))
		d := townDirectory(t)
		team := &subscribers.Team{ID: "t", Name: "T", Kind: subscribers.Other, Members: []string{}}
		total := random.IntN(40) + 1
		for i := range total {
			s := randomSubscriber(random, i)
			apply(t, d, s.Put())
			if seed%2 == 0 && random.IntN(3) == 0 {
				team.Members = append(team.Members, s.ID)
			}
		}
		apply(t, d, team.Put())
		im := importer(d)
		im.Replace = true

		var csv, json bytes.Buffer
		require.NoError(t, d.ExportCSV(&csv, []string{"sms", "email", "signal"}))
		plan, err := im.CSV(&csv)
		require.NoError(t, err)
		assert.Empty(t, plan.Changes)
		assert.Equal(t, subscribers.Summary{Unchanged: total}, plan.Summary)

		require.NoError(t, d.ExportJSON(&json))
		plan, err = im.JSON(&json)
		require.NoError(t, err)
		assert.Empty(t, plan.Changes)
		assert.Equal(t, subscribers.Summary{Unchanged: total}, plan.Summary)
	}
}

func TestExportsOfAnEmptyDirectory(t *testing.T) {
	var csv, json bytes.Buffer
	d := subscribers.NewDirectory()
	require.NoError(t, d.ExportCSV(&csv, []string{"sms", "email"}))
	assert.Equal(t, "id,name,organization,areas,min_severity,sms,email,language,categories,prefer,shared\n", csv.String())
	require.NoError(t, d.ExportJSON(&json))
	assert.JSONEq(t, "[]", json.String())
}
