package subscribers_test

import (
	"errors"
	"fmt"
	"io"
	"net/mail"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/subscribers"
)

var errNumber = errors.New("not a number that exists; write it as +16175550100")

func parsePhone(s string) (string, error) {
	n, err := phonenumbers.Parse(s, "US")
	if err != nil || !phonenumbers.IsPossibleNumber(n) {
		return "", errNumber
	}
	return phonenumbers.Format(n, phonenumbers.E164), nil
}

func parseMail(s string) (string, error) {
	a, err := mail.ParseAddress(s)
	if err != nil || strings.ContainsAny(a.Address, "\" ,;<>()\\") {
		return "", errors.New("not a mail address; write it as clerk@example.org")
	}
	return strings.ToLower(a.Address), nil
}

func importer(d *subscribers.Directory) subscribers.Importer {
	return subscribers.Importer{Directory: d, Validator: validator(d)}
}

func validator(d *subscribers.Directory) subscribers.Validator {
	return subscribers.Validator{Atlas: d.Atlas(), Addresses: map[string]func(string) (string, error){
		"sms": parsePhone, "email": parseMail, "signal": parsePhone,
	}}
}

func townDirectory(t testing.TB) *subscribers.Directory {
	d := subscribers.NewDirectory()
	importAreas(t, d, someTowns)
	return d
}

const header = "id,name,organization,areas,min_severity,sms,email,signal,language\n"

func TestImportCSV(t *testing.T) {
	d := townDirectory(t)
	apply(t, d, (&subscribers.Team{ID: "desk", Name: "Desk", Kind: subscribers.EMC, Members: []string{"old"}}).Put(), person("old", "ma.boston").Put())
	plan, err := importer(d).CSV(strings.NewReader("\uFEFF" +
		"email,sms,sms2,id,name,areas,prefer,shared,categories,sms_min_severity,min_severity,teams,language,organization\r\n" +
		`Clerk@Example.org,617-555-0100,"(617) 555-0101",clerk,"Clerk, City of Boston",ma.boston 025025 ma,sms2 email,yes,fire rescue,extreme,severe,desk,en-us,City of Boston` + "\r\n" +
		"\r\n" +
		"b@example.org,,,bob,Bob,ma.quincy,,,,,,,,\r\n"))
	require.NoError(t, err)
	assert.Equal(t, subscribers.Summary{Added: 2}, plan.Summary)
	assert.Equal(t, d.Revision(), plan.Revision)
	assert.Empty(t, plan.Warnings)
	apply(t, d, plan.Changes...)
	d.Read(func(v *subscribers.View) {
		clerk, _ := v.Subscriber("clerk")
		assert.Equal(t, &subscribers.Subscriber{
			ID: "clerk", Name: "Clerk, City of Boston", Organization: "City of Boston",
			Areas:       []alerting.Area{"ma.boston", "ma.county-suffolk", "ma.statewide"},
			MinSeverity: "severe", Categories: []string{"fire", "rescue"}, Language: "en-US", Shared: true,
			Contacts: []subscribers.Contact{
				{Channel: "sms", Address: "+16175550101"},
				{Channel: "email", Address: "clerk@example.org"},
				{Channel: "sms", Address: "+16175550100", MinSeverity: "extreme"},
			},
		}, clerk)
		team, _ := v.Team("desk")
		assert.Equal(t, []string{"old", "clerk"}, team.Members)
	})
}

func TestImportCSVOrdersContactsByTheColumns(t *testing.T) {
	d := townDirectory(t)
	plan, err := importer(d).CSV(strings.NewReader(header + "a,A,,ma,,+16175550100,a@example.org,+16175550101,\n"))
	require.NoError(t, err)
	assert.JSONEq(t, `{"id":"a","name":"A","areas":["ma.statewide"],"contacts":[{"channel":"sms","address":"+16175550100"},
		{"channel":"email","address":"a@example.org"},{"channel":"signal","address":"+16175550101"}]}`, string(plan.Changes[0].Value))
}

func TestImportReturnsOnlyWhatDiffers(t *testing.T) {
	d := townDirectory(t)
	file := header + "a,A,,ma,,,a@example.org,,\nb,B,,ma,,,b@example.org,,\nc,C,,ma,,,c@example.org,,\n"
	first, err := importer(d).CSV(strings.NewReader(file))
	require.NoError(t, err)
	assert.Equal(t, subscribers.Summary{Added: 3}, first.Summary)
	apply(t, d, first.Changes...)
	apply(t, d, (&subscribers.Team{ID: "t", Name: "T", Kind: subscribers.Other, Members: []string{"b", "c"}}).Put())

	file = header + "a,A,,ma,,,a@example.org,,\nb,New name,,ma,,,b@example.org,,\n"
	im := importer(d)
	second, err := im.CSV(strings.NewReader(file))
	require.NoError(t, err)
	assert.Equal(t, subscribers.Summary{Changed: 1, Unchanged: 1}, second.Summary)
	require.Len(t, second.Changes, 1)
	assert.Equal(t, "b", second.Changes[0].ID)

	im.Replace = true
	third, err := im.CSV(strings.NewReader(file))
	require.NoError(t, err)
	assert.Equal(t, subscribers.Summary{Changed: 1, Unchanged: 1, Removed: 1}, third.Summary)
	apply(t, d, third.Changes...)
	d.Read(func(v *subscribers.View) {
		assert.Equal(t, 2, v.Len())
		team, _ := v.Team("t")
		assert.Equal(t, []string{"b"}, team.Members)
	})
}

func TestATeamsColumnSetsAllTeamsOfASubscriber(t *testing.T) {
	d := townDirectory(t)
	apply(t, d, person("a", "ma.boston").Put(), person("b", "ma.boston").Put(),
		(&subscribers.Team{ID: "one", Name: "One", Kind: subscribers.Other, Members: []string{"a", "b"}}).Put(),
		(&subscribers.Team{ID: "two", Name: "Two", Kind: subscribers.Other, Members: []string{}}).Put())
	plan, err := importer(d).CSV(strings.NewReader("id,name,areas,email,teams\na,Name of a,ma.boston,a@example.org,two\nb,Name of b,ma.boston,b@example.org,\n"))
	require.NoError(t, err)
	assert.Equal(t, subscribers.Summary{Unchanged: 2}, plan.Summary)
	apply(t, d, plan.Changes...)
	d.Read(func(v *subscribers.View) {
		assert.Equal(t, []string{"two"}, v.TeamsOf("a"))
		assert.Empty(t, v.TeamsOf("b"))
	})
}

func TestImportCSVNamesEveryBadField(t *testing.T) {
	d := townDirectory(t)
	apply(t, d, (&subscribers.Team{ID: "desk", Name: "Desk", Kind: subscribers.EMC}).Put())
	_, err := importer(d).CSV(strings.NewReader(
		"id,name,areas,min_severity,sms,email,language,categories,prefer,shared,teams,sms2,sms_min_severity\n" +
			"a b,,ma.bostn,urgent,12,nobody,x,weather,smss,maybe,dsk,,\n" +
			"ok,Ok,ma.boston,,+16175550100,,,,,,,,\n" +
			"ok,Again,ma.boston,unknown,,,,,,,,,extreme\n" +
			"dup,Dup,,,+16175550100,,,,sms sms,,,617 555 0100,\n" +
			"short,row\n"))
	var refused *alerting.Error
	require.True(t, errors.As(err, &refused), "%v", err)
	got := map[string]string{}
	for _, p := range refused.Problems {
		got[p.Pointer] = p.Detail
		var line int
		_, err := fmt.Sscanf(p.Detail, "line %d", &line)
		assert.NoError(t, err, p.Detail)
	}
	for pointer, text := range map[string]string{
		"/rows/2/id":               `line 2, column id: id "a b"`,
		"/rows/2/name":             "required",
		"/rows/2/areas":            `the nearest is "ma.boston"`,
		"/rows/2/min_severity":     `"urgent"`,
		"/rows/2/sms":              `line 2, column sms: "12": not a number that exists; write it as`,
		"/rows/2/email":            `"nobody"`,
		"/rows/2/language":         "en-US",
		"/rows/2/categories":       `"weather"`,
		"/rows/2/prefer":           `the nearest is "sms"`,
		"/rows/2/shared":           "neither true nor false",
		"/rows/2/teams":            `the nearest is "desk"`,
		"/rows/4/id":               `id "ok" is on line 3 already`,
		"/rows/4/min_severity":     "extreme, severe, moderate, minor",
		"/rows/4/sms_min_severity": "which is empty",
		"/rows/4":                  "at least one contact",
		"/rows/5/areas":            "areas is required",
		"/rows/5/prefer":           "twice",
		"/rows/5/sms2":             `"+16175550100" is given twice`,
		"/rows/6":                  "2 fields",
	} {
		assert.Contains(t, got[pointer], text, pointer)
		delete(got, pointer)
	}
	assert.Empty(t, got)
}

func TestImportCSVRefusesBadHeaders(t *testing.T) {
	d := townDirectory(t)
	for file, want := range map[string]string{
		"":                                       "empty",
		"id,name,areas,smss\n":                   `"smss" is not known; the nearest is "sms"`,
		"id,name,sms\na,A,+16175550100\n":        `no column "areas"`,
		"id,name,areas\na,A,ma\n":                "no column of contacts",
		header:                                   "no subscribers",
		"id,name,areas,sms,sms\n":                "twice",
		header + "a,\"A,,ma,,1,,,\n":             "rest of the file was not read",
		header + "a,\xff,,ma,,+16175550100,,,\n": "UTF-8",
	} {
		_, err := importer(d).CSV(strings.NewReader(file))
		assert.ErrorContains(t, err, want, file)
	}
	_, err := importer(d).CSV(io.MultiReader(strings.NewReader(header), brokenReader{}))
	assert.ErrorContains(t, err, "could not be read")
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("connection lost") }

func TestImportTellsAThousandProblemsAndCountsTheRest(t *testing.T) {
	var file strings.Builder
	file.WriteString(header)
	for i := range 1500 {
		fmt.Fprintf(&file, "p%d,P,,ma,,12,,,\n", i)
	}
	_, err := importer(townDirectory(t)).CSV(strings.NewReader(file.String()))
	var refused *alerting.Error
	require.ErrorAs(t, err, &refused)
	require.Len(t, refused.Problems, 1001)
	assert.Contains(t, refused.Problems[1000].Detail, "and 500 more")
}

func TestImportWarnsOfTownsInStatesThatWereNotImported(t *testing.T) {
	plan, err := importer(townDirectory(t)).CSV(strings.NewReader(header + "a,A,,nh.conway,,,a@example.org,,\n"))
	require.NoError(t, err)
	require.Len(t, plan.Warnings, 1)
	assert.Equal(t, "/rows/2/areas", plan.Warnings[0].Pointer)
	assert.Len(t, plan.Changes, 1)
}

// Past the thousandth problem nobody reads which area is the nearest, but all are counted.
func TestImportCountsEveryUnknownArea(t *testing.T) {
	var file strings.Builder
	file.WriteString(header)
	for i := range 7000 {
		fmt.Fprintf(&file, "p%d,P,,ma.bostn-%d MA.Boston-%d 25999 ma.quincy,,,p@example.org,,\n", i, i, i)
	}
	_, err := importer(townDirectory(t)).CSV(strings.NewReader(file.String()))
	var refused *alerting.Error
	require.ErrorAs(t, err, &refused)
	require.Len(t, refused.Problems, 1001)
	for i, p := range refused.Problems[:1000] {
		assert.Contains(t, p.Detail, fmt.Sprintf("line %d, column areas: ", i/3+2))
		assert.Contains(t, p.Detail, "the nearest is")
	}
	assert.Contains(t, refused.Problems[1000].Detail, "and 20000 more")
}
