package alerting_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"revere/alerting"
)

func TestABriefAlertSaysTheBeginning(t *testing.T) {
	long := strings.Repeat("Zürich ", 1000)
	a := alerting.Alert{Headline: "h", Description: long, Instruction: "Do not open invoice mail."}
	brief := a.Brief()
	assert.LessOrEqual(t, len(brief.Description), 1<<10)
	assert.Greater(t, len(brief.Description), 1000)
	assert.True(t, utf8.ValidString(brief.Description))
	assert.True(t, strings.HasPrefix(long, strings.TrimSuffix(brief.Description, "…")))
	assert.Equal(t, a.Instruction, brief.Instruction)
	assert.Equal(t, brief, brief.Brief(), "there is nothing more to leave out")
	assert.True(t, brief.Shortened())
	assert.False(t, a.Shortened())
	assert.Equal(t, long, a.Description)

	short := alerting.Alert{Description: "More to come…"}
	assert.Equal(t, short, short.Brief())
	assert.False(t, short.Shortened())
}

func TestBytesAreThoseOfWhatAnAlertSays(t *testing.T) {
	a := alerting.Alert{Description: strings.Repeat("x", 200_000), References: []string{strings.Repeat("y", 500)}, Areas: []alerting.Area{"ma.boston"}}
	assert.InDelta(t, 200_500, a.Bytes(), 2<<10)
}
