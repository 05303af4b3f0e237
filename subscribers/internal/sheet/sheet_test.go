package sheet_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/subscribers/internal/sheet"
)

func TestRowsKnowTheirLinesAndColumns(t *testing.T) {
	var report sheet.Report
	s, ok := sheet.Open(strings.NewReader("\uFEFF b , a\r\n\"x\ny\", 1\r\n\r\n,\r\n3,4\r\n"), []string{"a", "b", "c"}, []string{"a"}, &report)
	require.True(t, ok)
	assert.Equal(t, []string{"b", "a"}, s.Columns)
	assert.False(t, s.Has("c"))

	row, ok := s.Next()
	require.True(t, ok)
	assert.Equal(t, []any{2, "1", "x\ny", ""}, []any{row.Line, row.Get("a"), row.Get("b"), row.Get("c")})
	row, ok = s.Next()
	require.True(t, ok)
	assert.Equal(t, 6, row.Line, "blank lines are passed over and counted")
	row.Problem("a", alerting.CodeInvalid, "%q is wrong", row.Get("a"))
	_, ok = s.Next()
	assert.False(t, ok)
	assert.Equal(t, []alerting.Problem{{Pointer: "/rows/6/a", Code: alerting.CodeInvalid, Detail: `line 6, column a: "4" is wrong`}}, report.Problems())
}

func TestReportsOfNothingAreNoError(t *testing.T) {
	var report sheet.Report
	assert.NoError(t, report.Err("refused"))
	assert.Empty(t, report.Problems())
}

func TestAFileThatIsNoCommaSeparatedTextIsToldSoOnce(t *testing.T) {
	for file, want := range map[string]string{
		"a;b\n1;2\n":                              "semicolons between them",
		"\"a\";\"b\"\n1;2\n":                      "semicolons between them",
		"a\tb\n1\t2\n":                            "tabs between them",
		"PK\x03\x04\x14,\"x\n":                    "is a workbook",
		"\xff\xfea\x00,\x00b\x00\n\x001\x00,\x00": "is not UTF-8 text",
		"a\x00,\x00b\x00\n":                       "is not UTF-8 text",
		"a,caf\xe9\n":                             "is not UTF-8 text",
	} {
		var report sheet.Report
		_, ok := sheet.Open(strings.NewReader(file), []string{"a", "b"}, []string{"a", "b"}, &report)
		assert.False(t, ok)
		if assert.Len(t, report.Problems(), 1, "%q", file) {
			assert.Contains(t, report.Problems()[0].Detail, want)
			assert.Contains(t, report.Problems()[0].Detail, `save it as "CSV UTF-8 (comma delimited)"`)
		}
	}
}

func TestAColumnWithoutANameMustBeEmpty(t *testing.T) {
	var report sheet.Report
	s, ok := sheet.Open(strings.NewReader("a,,\n1,,\n2,x,\n"), []string{"a"}, []string{"a"}, &report)
	require.True(t, ok, report.Problems())
	row, ok := s.Next()
	require.True(t, ok)
	assert.Equal(t, "1", row.Get("a"))
	_, ok = s.Next()
	assert.False(t, ok)
	assert.Equal(t, []alerting.Problem{{Pointer: "/rows/3", Code: alerting.CodeInvalid, Detail: `line 3: "x" is in a column that has no name in the header (column 2)`}}, report.Problems())
}
