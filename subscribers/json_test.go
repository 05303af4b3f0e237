package subscribers_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/subscribers"
)

func TestImportJSON(t *testing.T) {
	const list = `[{"id":"a","name":"A","areas":["ma"],"contacts":[{"channel":"sms","address":"617-555-0100","min_severity":"severe"}],"teams":["desk"]}]`
	for _, file := range []string{list, `{"data":` + list + `,"next_cursor":null}`, `{"next_cursor":{"x":[1]},"data":` + list + `}`, "\uFEFF " + list} {
		d := townDirectory(t)
		apply(t, d, (&subscribers.Team{ID: "desk", Name: "Desk", Kind: subscribers.EMC, Members: []string{}}).Put())
		plan, err := importer(d).JSON(strings.NewReader(file))
		require.NoError(t, err, file)
		assert.Equal(t, subscribers.Summary{Added: 1}, plan.Summary)
		apply(t, d, plan.Changes...)
		d.Read(func(v *subscribers.View) {
			a, _ := v.Subscriber("a")
			assert.Equal(t, []subscribers.Contact{{Channel: "sms", Address: "+16175550100", MinSeverity: "severe"}}, a.Contacts)
			assert.Equal(t, []string{"desk"}, v.TeamsOf("a"))
		})
	}
}

func TestImportJSONNamesEveryProblem(t *testing.T) {
	_, err := importer(townDirectory(t)).JSON(strings.NewReader(`{"data":[
  {"id":"a","name":"A","areas":["ma.bostn"],"contacts":[{"channel":"sms","address":"12"},{"channel":"telex","address":"1"}]},
  {"id":"b","nam":"B"},

  {"id":"a","name":7},
  {"id":"a","name":"A","areas":["ma"],"contacts":[{"channel":"sms","address":"+16175550100"}],"teams":["none"]},
  null
]}`))
	var refused *alerting.Error
	require.ErrorAs(t, err, &refused)
	var got []string
	for _, p := range refused.Problems {
		got = append(got, p.Pointer+" "+p.Detail)
	}
	text := strings.Join(got, "\n")
	for _, want := range []string{
		`/data/0/areas/0 line 2, subscriber "a": "ma.bostn"`,
		`/data/0/contacts/0/address line 2, subscriber "a": "12": not a number`,
		`/data/0/contacts/1/channel line 2, subscriber "a": channel "telex" is not one of email, signal, sms`,
		`/data/1 line 3: the field "nam" is not known; the nearest is "name"`,
		`/data/2 line 5: name must be a string, not a JSON number`,
		`/data/3/id line 6, subscriber "a": id "a" is on line 2 already`,
		`/data/3/teams line 6, subscriber "a": there is no team "none"`,
		`/data/4/id line 7, subscriber "": id is required`,
	} {
		assert.Contains(t, text, want)
	}
}

func TestImportJSONRefusesOtherFiles(t *testing.T) {
	for _, file := range []string{"", "  ", "7", `"x"`, "{}", `{"data":7}`, `[{"id":"a"`, "[] x", "[1", "[}", "[]", "\xff", `{"data":[]`} {
		_, err := importer(townDirectory(t)).JSON(strings.NewReader(file))
		assert.Error(t, err, file)
	}
	_, err := importer(townDirectory(t)).JSON(strings.NewReader("[\n\n{\"id\" 7}]"))
	assert.ErrorContains(t, err, "line 3")
}
