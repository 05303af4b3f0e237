package areas_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/subscribers/areas"
)

func TestReadTakesRowsInEveryForm(t *testing.T) {
	states, warnings, err := areas.Read(strings.NewReader("\uFEFF" +
		"geoid, counties,kind,name,slug\r\n" +
		"5000702575,,town,Bolton town,\r\n" + // state and county from the GEOID
		"2507000,25025,city,Boston city,boston\r\n" + // state from the GEOID
		",suffolk ma.county-norfolk county-suffolk,Town,\"Two, Counties\",ma.two\r\n" + // state from the slug
		"\r\n" +
		"2599990,,city,Nowhere city,\r\n"))
	require.NoError(t, err)
	assert.Equal(t, []areas.State{
		{Code: "ma", Municipalities: []areas.Municipality{
			{Slug: "boston", Name: "Boston city", Kind: "city", Counties: []alerting.Area{"ma.county-suffolk"}, GEOID: "2507000"},
			{Slug: "nowhere", Name: "Nowhere city", Kind: "city", GEOID: "2599990"},
			{Slug: "two", Name: "Two, Counties", Kind: "town", Counties: []alerting.Area{"ma.county-norfolk", "ma.county-suffolk"}},
		}},
		{Code: "vt", Municipalities: []areas.Municipality{
			{Slug: "bolton", Name: "Bolton town", Kind: "town", Counties: []alerting.Area{"vt.county-chittenden"}, GEOID: "5000702575"},
		}},
	}, states)
	require.Len(t, warnings, 1)
	assert.Equal(t, "/rows/6/counties", warnings[0].Pointer)
	assert.Contains(t, warnings[0].Detail, "ma.nowhere")
}

func TestReadNamesEveryBadRow(t *testing.T) {
	const header = "slug,name,kind,counties,geoid\n"
	for csv, want := range map[string]string{
		"":                                                    "/rows/1 missing empty",
		"slug,name,knd\n":                                     `/rows/1/3 invalid "kind"`,
		"name,kind\nBoston,city\n":                            "/rows/1 missing neither slug nor geoid",
		"name,name,slug\n":                                    "/rows/1/2 duplicate twice",
		header:                                                " missing no rows",
		header + "boston,Boston,,,\n":                         "/rows/2/slug missing ma.boston",
		header + "mz.boston,Boston,,,\n":                      `/rows/2/slug unknown_area "mz"`,
		header + "ma.statewide,X,,,\n":                        "/rows/2/slug invalid reserved",
		header + "us.x,X,,,\n":                                `/rows/2/slug unknown_area "us"`,
		header + "ma.county-x,X,,,\n":                         "/rows/2/slug invalid reserved",
		header + "ma.Boston,Boston,,,\n":                      `/rows/2/slug invalid "boston"`,
		header + "ma.boston,,,,\n":                            "/rows/2/name missing required",
		header + "ma.boston,Bo\xffston,,,\n":                  "/rows/2/name malformed UTF-8",
		header + "ma.boston,\"Bo\nston\",,,\n":                "/rows/2/name invalid line break",
		header + "ma.b,B,,sufolk,\n":                          `/rows/2/counties unknown_area "ma.county-suffolk"`,
		header + "ma.b,B,,36103,\n":                           "/rows/2/counties unknown_area not in",
		header + "ma.b,B,,25,\n":                              "/rows/2/counties unknown_area not a county",
		header + "ma.b,B,,,507000\n":                          "/rows/2/geoid invalid leading 0",
		header + "ma.b,B,,,3607000\n":                         "/rows/2/geoid invalid slug says",
		header + ",B,,,9907000\n":                             "/rows/2/geoid unknown_area FIPS",
		header + ",???,,,2507000\n":                           "/rows/2/name invalid no slug",
		header + "ma.b,B,,suffolk\n":                          "/rows/2 malformed 4 fields",
		header + "ma.b,\"B,,suffolk,\n":                       "/rows/2 malformed rest of the file",
		header + "ma.b,B,,,2507000\nma.b,C,,,\n":              "/rows/3/slug duplicate line 2",
		header + "ma.b,B,,,2507000\nma.c,C,,,2507000\n":       "/rows/3/geoid duplicate line 2",
		header + "ma.b," + strings.Repeat("B", 101) + ",,,\n": "/rows/2/name oversized 101",
	} {
		states, _, err := areas.Read(strings.NewReader(csv))
		assert.Nil(t, states, csv)
		var refused *alerting.Error
		require.True(t, errors.As(err, &refused), "%q: %v", csv, err)
		require.Len(t, refused.Problems, 1, "%q: %v", csv, err)
		pointer, rest, _ := strings.Cut(want, " ")
		code, text, _ := strings.Cut(rest, " ")
		assert.Equal(t, pointer, refused.Problems[0].Pointer, csv)
		assert.Equal(t, code, refused.Problems[0].Code, csv)
		assert.Contains(t, refused.Problems[0].Detail, text, csv)
	}
}

func TestReadTellsAThousandProblemsAndCountsTheRest(t *testing.T) {
	var csv strings.Builder
	csv.WriteString("slug,name,counties\n")
	for i := range 1200 {
		fmt.Fprintf(&csv, "ma.town-%d,Town,mars\n", i)
	}
	_, _, err := areas.Read(strings.NewReader(csv.String()))
	var refused *alerting.Error
	require.True(t, errors.As(err, &refused))
	require.Len(t, refused.Problems, 1001)
	assert.Contains(t, refused.Problems[1000].Detail, "and 200 more")
}

func FuzzRead(f *testing.F) {
	f.Add(massachusetts)
	f.Add("\uFEFFgeoid,name\n2507000,Boston city\n")
	f.Add("slug,name\nal.x,\"County Line\"\n")
	f.Fuzz(func(t *testing.T, csv string) {
		states, _, err := areas.Read(strings.NewReader(csv))
		if err != nil {
			assert.Nil(t, states)
			return
		}
		table := areas.New()
		for _, s := range states {
			table.Replace(s.Code, s.Municipalities)
			for _, m := range s.Municipalities {
				area, known, err := table.Resolve(s.Code + "." + m.Slug)
				require.NoError(t, err, "what Read accepts can be addressed")
				assert.True(t, known)
				assert.Equal(t, alerting.KindMunicipality, area.Kind())
			}
		}
	})
}
