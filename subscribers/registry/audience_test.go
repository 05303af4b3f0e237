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
	assert.Equal(t, []alerting.Candidate{{
		Recipient: alerting.Recipient{Subscriber: "0100", Name: "0100", Organization: "City of Boston", Areas: []alerting.Area{"ma.boston", "ma.salem"},
			Language: "es", Shared: true, Teams: []string{"desk"}},
		Contacts: []alerting.Planned{
			{Channel: "sms", Address: "+16175550100"},
			{Channel: "email", Address: "0100@ma.example", Suppressed: "opted out: STOP"},
			{Channel: "signal", Address: "+16175550100", Suppressed: "the signal channel is not configured"},
		},
	}}, concerned, "with the contacts that the severity reaches, and why one may not be used")

	nobody, _, _ := audience.Match([]alerting.Area{"vt.statewide"}, alerting.Severe, nil)
	assert.Empty(t, nobody)
}
