package main

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"revere/alerting"
	"revere/alerting/api"
	"revere/alerting/fanout"
	"revere/alerting/tracking"
	"revere/cmd/bench"
)

func TestTablesFitAndAlign(t *testing.T) {
	table := newTable("KEY", "NAME", "DETAIL")
	table.add("a1", "Ångström", strings.Repeat("long ", 60))
	table.add("a2345", "B", "short\n\x1b[31mred")
	lines := strings.Split(strings.TrimSuffix(table.String(), "\n"), "\n")
	assert.Len(t, lines, 3)
	for _, line := range lines {
		assert.LessOrEqual(t, utf8.RuneCountInString(line), tableWidth)
		assert.NotContains(t, line, "\x1b")
	}
	assert.Equal(t, "KEY    NAME      DETAIL", lines[0])
	assert.True(t, strings.HasPrefix(lines[1], "a1     Ångström  long long"))
	assert.True(t, strings.HasSuffix(lines[1], "…"))
	assert.Equal(t, "a2345  B         short  [31mred", lines[2])
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 8 * time.Second: "8 s", 125 * time.Second: "2 min 5 s", 187 * time.Minute: "3 h 7 min", 59*time.Second + 600*time.Millisecond: "1 min 0 s",
	} {
		assert.Equal(t, want, span(d))
	}
}

func TestAPreviewDoesNotCountWhomNothingReaches(t *testing.T) {
	d := api.DryRun{Alert: alerting.Alert{Status: "exercise"}, Preview: fanout.Preview{People: 3, Jurisdictions: []alerting.Area{"ma.salem"}}}
	assert.Contains(t, previewText(environment{zone: time.UTC}, d), "3 people in 1 jurisdiction")
	d.Preview.Unreachable = []string{"clerk-salem"}
	text := previewText(environment{zone: time.UTC}, d)
	assert.Contains(t, text, "2 of 3 people in 1 jurisdiction")
	assert.Contains(t, text, "clerk-salem: ")
}

func TestTheDeskReadsWhetherACorrectionHasBegunToGoOut(t *testing.T) {
	s := tracking.Summary{Key: "a2", Code: "K7Q"}
	assert.Contains(t, summaryText(environment{zone: time.UTC}, s), "nobody has been told yet")
	s.Remarks = []tracking.RemarkView{{Kind: alerting.RemarkUnexpanded, Detail: "it goes to nobody"}}
	assert.Contains(t, summaryText(environment{zone: time.UTC}, s), "given up")
	assert.Contains(t, summaryText(environment{zone: time.UTC}, s), "it goes to nobody")
	assert.NotContains(t, summaryText(environment{zone: time.UTC}, s), "under way")
	s.Remarks = nil
	s.Expanded = true
	assert.Contains(t, summaryText(environment{zone: time.UTC}, s), "not everything has gone out yet")
	s.Finished = true
	assert.NotContains(t, summaryText(environment{zone: time.UTC}, s), "under way")
}

func TestTheBenchSaysHowMuchItMeasured(t *testing.T) {
	text := benchText(bench.Report{CPUs: 2, Recipients: 100_000, Areas: 1, Alerts: 1, Samples: 200, Runs: 1, ChannelRate: 1000})
	assert.Contains(t, text, "2 CPUs, engine ; 100,000 recipients in 1 area, 1 alert, 200 samples, runs: 1;")
	assert.Contains(t, text, "backlog at 1,000 calls a second")
}
