package bench

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSeveralRunsAreSummedUpByMedians(t *testing.T) {
	run := func(bare, own float64) Report {
		return Report{Runs: 1, Alerts: 5, Figures: []Figure{{Name: "bare", Value: bare}, {Name: "own", Value: own, Against: "bare", Ratio: own / bare}}}
	}
	// The median of the ratios is not the ratio of the medians: each is to its own run.
	reports := []Report{run(10, 9), run(100, 20), run(40, 10)}
	sum := medians(reports)
	assert.Equal(t, Report{Runs: 3, Alerts: 5, Figures: []Figure{
		{Name: "bare", Value: 40}, {Name: "own", Value: 10, Against: "bare", Ratio: 0.25},
	}}, sum)
	assert.Equal(t, run(10, 9), reports[0], "what was given is changed")
	assert.Equal(t, reports[1], medians(reports[1:2]))
}
