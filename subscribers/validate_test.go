package subscribers_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/subscribers"
)

func TestValidatorNormalises(t *testing.T) {
	v := validator(townDirectory(t))
	got, warnings, err := v.Subscriber(subscribers.Subscriber{
		ID: " a ", Name: " A ", Areas: []alerting.Area{"ma", "025025", "ma.county-suffolk", "nh.conway"}, MinSeverity: "Severe",
		Categories: []string{"Fire", "fire"}, Language: "EN-us",
		Contacts: []subscribers.Contact{{Channel: "sms", Address: " (617) 555-0100 ", MinSeverity: "EXTREME"}, {Channel: "signal", Address: "6175550100"}},
	})
	require.NoError(t, err)
	assert.Equal(t, subscribers.Subscriber{
		ID: "a", Name: "A", Areas: []alerting.Area{"ma.statewide", "ma.county-suffolk", "nh.conway"}, MinSeverity: "severe",
		Categories: []string{"fire"}, Language: "en-US",
		Contacts: []subscribers.Contact{{Channel: "sms", Address: "+16175550100", MinSeverity: "extreme"}, {Channel: "signal", Address: "+16175550100"}},
	}, got)
	require.Len(t, warnings, 1)
	assert.Equal(t, "/areas/3", warnings[0].Pointer)

	again, _, err := v.Subscriber(got)
	require.NoError(t, err)
	assert.Equal(t, got, again, "what is normal stays so")
}

func TestValidatorRefuses(t *testing.T) {
	good := func() subscribers.Subscriber { return *person("a", "ma.boston") }
	v := validator(townDirectory(t))
	_, _, err := v.Subscriber(good())
	require.NoError(t, err)
	contact := func(channel, address string) []subscribers.Contact {
		return []subscribers.Contact{{Channel: channel, Address: address}}
	}
	many := func(channel string, n int) (list []subscribers.Contact) {
		for i := range n {
			list = append(list, contact(channel, fmt.Sprintf("+1617555%04d", i))...)
		}
		return list
	}
	for want, spoil := range map[string]func(*subscribers.Subscriber){
		"/id missing":                   func(s *subscribers.Subscriber) { s.ID = " " },
		"/id invalid":                   func(s *subscribers.Subscriber) { s.ID = strings.Repeat("a", 65) },
		"/name missing":                 func(s *subscribers.Subscriber) { s.Name = "" },
		"/name invalid":                 func(s *subscribers.Subscriber) { s.Name = "two\nlines" },
		"/organization oversized":       func(s *subscribers.Subscriber) { s.Organization = strings.Repeat("é", 201) },
		"/areas missing":                func(s *subscribers.Subscriber) { s.Areas = nil },
		"/areas oversized":              func(s *subscribers.Subscriber) { s.Areas = make([]alerting.Area, 1001) },
		"/areas/1 unknown_area":         func(s *subscribers.Subscriber) { s.Areas = append(s.Areas, "ma.bostn") },
		"/min_severity invalid":         func(s *subscribers.Subscriber) { s.MinSeverity = "unknown" },
		"/categories/0 invalid":         func(s *subscribers.Subscriber) { s.Categories = []string{"weather"} },
		"/language invalid":             func(s *subscribers.Subscriber) { s.Language = "en_" },
		"/contacts missing":             func(s *subscribers.Subscriber) { s.Contacts = nil },
		"/contacts oversized":           func(s *subscribers.Subscriber) { s.Contacts = many("sms", 17) },
		"/contacts/9 oversized":         func(s *subscribers.Subscriber) { s.Contacts = many("sms", 11) },
		"/contacts/0/channel invalid":   func(s *subscribers.Subscriber) { s.Contacts = contact("telex", "1") },
		"/contacts/0/address missing":   func(s *subscribers.Subscriber) { s.Contacts = contact("sms", " ") },
		"/contacts/0/address invalid":   func(s *subscribers.Subscriber) { s.Contacts = contact("sms", "12") },
		"/contacts/0/address oversized": func(s *subscribers.Subscriber) { s.Contacts = contact("email", strings.Repeat("a", 321)) },
		"/contacts/1/address duplicate": func(s *subscribers.Subscriber) {
			s.Contacts = append(contact("sms", "617-555-0100"), contact("sms", "+16175550100")...)
		},
		"/contacts/0/min_severity invalid": func(s *subscribers.Subscriber) { s.Contacts[0].MinSeverity = "urgent" },
	} {
		s := good()
		spoil(&s)
		_, _, err := v.Subscriber(s)
		var refused *alerting.Error
		require.ErrorAs(t, err, &refused, want)
		require.Len(t, refused.Problems, 1, want)
		assert.Equal(t, want, refused.Problems[0].Pointer+" "+refused.Problems[0].Code)
	}
}

func TestValidatorChecksTeams(t *testing.T) {
	v := validator(townDirectory(t))
	exists := func(id string) bool { return id == "a" || id == "b" }
	team, err := v.Team(subscribers.Team{ID: "t", Name: " T ", Kind: subscribers.EMC, Members: []string{"b", "a"}}, exists)
	require.NoError(t, err)
	assert.Equal(t, subscribers.Team{ID: "t", Name: "T", Kind: subscribers.EMC, Members: []string{"b", "a"}}, team)
	team, err = v.Team(subscribers.Team{ID: "t", Name: "T", Kind: subscribers.Other}, exists)
	require.NoError(t, err)
	assert.Empty(t, team.Members)

	_, err = v.Team(subscribers.Team{ID: "?", Kind: "band", Members: []string{"a", "a", "c", "x y"}}, exists)
	var refused *alerting.Error
	require.ErrorAs(t, err, &refused)
	var got []string
	for _, p := range refused.Problems {
		got = append(got, p.Pointer+" "+p.Code)
	}
	assert.ElementsMatch(t, []string{"/id invalid", "/name missing", "/kind invalid", "/members/1 duplicate", "/members/2 not_found", "/members/3 invalid"}, got)
	_, err = v.Team(subscribers.Team{ID: "t", Name: "T", Kind: subscribers.Other, Members: make([]string, 10001)}, nil)
	assert.ErrorContains(t, err, "10001 members")
}
