package registry_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/subscribers"
	"revere/subscribers/areas"
	"revere/subscribers/registry"
)

func TestAudienceIsWhomAnAlertConcerns(t *testing.T) {
	d := subscribers.NewDirectory()
	boston := clerk("0100", "ma.boston", "ma.salem")
	boston.Organization, boston.Language, boston.Shared = "City of Boston", "es", true
	boston.Contacts = append(boston.Contacts, subscribers.Contact{Channel: "signal", Address: "+16175550100"},
		subscribers.Contact{Channel: "sms", Address: "+16175550199", MinSeverity: alerting.Extreme})
	desk := &subscribers.Team{ID: "desk", Name: "Desk", Kind: subscribers.EMC, Members: []string{"0100"}}
	stop := subscribers.OptOut{Channel: "email", Address: "0100@ma.example", At: time.Now().UTC(), Reason: "STOP"}
	municipalities := areas.State{Code: "ma", Municipalities: []areas.Municipality{
		{Slug: "boston", Name: "Boston", Kind: "city", Counties: []alerting.Area{"ma.county-suffolk"}}, {Slug: "salem", Name: "Salem", Kind: "city", Counties: []alerting.Area{"ma.county-essex"}},
		{Slug: "lynn", Name: "Lynn", Kind: "city", Counties: []alerting.Area{"ma.county-essex"}},
	}}
	require.NoError(t, d.Apply(5, []alerting.Change{subscribers.PutAreas(municipalities), boston.Put(), clerk("0101", "nh.nashua").Put(), desk.Put(), stop.Put()}))
	audience := registry.Audience{Directory: d, On: func(channel string) bool { return channel != "signal" }}

	concerned, uncovered, revision := audience.Match([]alerting.Area{"ma.county-essex", "ma.boston"}, alerting.Severe, nil)
	assert.EqualValues(t, 5, revision)
	assert.Equal(t, []alerting.Area{"ma.lynn"}, uncovered)
	assert.Equal(t, alerting.Candidates{
		Recipients: []alerting.Recipient{{Subscriber: "0100", Name: "0100", Organization: "City of Boston", Areas: []alerting.Area{"ma.boston", "ma.salem"},
			Language: "es", Shared: true, Teams: []string{"desk"}}},
		Contacts: [][]alerting.Planned{{
			{Channel: "sms", Address: "+16175550100"},
			{Channel: "email", Address: "0100@ma.example", Suppressed: "opted out: STOP"},
			{Channel: "signal", Address: "+16175550100", Suppressed: "the signal channel is not configured"},
		}},
	}, concerned, "with the contacts that the severity reaches, and why one may not be used")

	nobody, _, _ := audience.Match([]alerting.Area{"vt.statewide"}, alerting.Severe, nil)
	assert.Empty(t, nobody.Recipients)
}

// Whether somebody has teams or opted-out addresses is noted when it comes up, whichever is first.
func TestAudienceKnowsTeamsAndOptOutsInWhateverOrderTheyCame(t *testing.T) {
	person := clerk("0100", "ma.boston").Put()
	moved := clerk("0100", "ma.salem").Put()
	other := clerk("0101", "ma.boston").Put()
	team := (&subscribers.Team{ID: "desk", Name: "Desk", Kind: subscribers.EMC, Members: []string{"0100"}}).Put()
	stop := subscribers.OptOut{Channel: "email", Address: "0100@ma.example", Reason: "STOP"}
	for name, changes := range map[string][]alerting.Change{
		"first the person":                {person, other, team, stop.Put()},
		"last the person":                 {team, stop.Put(), other, person},
		"replaced by another":             {person, team, stop.Put(), other, moved},
		"removed and added":               {person, team, stop.Put(), other, subscribers.Remove(subscribers.ChangeSubscriber, "0100"), person},
		"taken back and asked for again":  {person, stop.Put(), other, subscribers.Remove(subscribers.ChangeOptOut, stop.Key()), stop.Put(), team},
		"out of the team and in it again": {person, team, other, subscribers.Remove(subscribers.ChangeTeam, "desk"), team, stop.Put()},
	} {
		t.Run(name, func(t *testing.T) {
			d := subscribers.NewDirectory()
			for i, c := range changes {
				require.NoError(t, d.Apply(uint64(i+1), []alerting.Change{c}))
			}
			audience := registry.Audience{Directory: d, On: func(string) bool { return true }}
			concerned, _, _ := audience.Match([]alerting.Area{"ma.statewide"}, alerting.Severe, nil)
			require.Len(t, concerned.Recipients, 2)
			assert.Equal(t, []string{"desk"}, concerned.Recipients[0].Teams)
			assert.Equal(t, "opted out: STOP", concerned.Contacts[0][1].Suppressed)
			assert.Empty(t, concerned.Contacts[0][0].Suppressed)
			assert.Empty(t, concerned.Recipients[1].Teams)
			assert.Empty(t, concerned.Contacts[1][1].Suppressed)

			end := []alerting.Change{subscribers.Remove(subscribers.ChangeTeam, "desk"), subscribers.Remove(subscribers.ChangeOptOut, stop.Key())}
			require.NoError(t, d.Apply(100, end))
			after, _, _ := audience.Match([]alerting.Area{"ma.statewide"}, alerting.Severe, nil)
			assert.Empty(t, after.Recipients[0].Teams)
			assert.Empty(t, after.Contacts[0][1].Suppressed)
			assert.Equal(t, []string{"desk"}, concerned.Recipients[0].Teams, "what was returned before stays as it was")
		})
	}
}
