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
