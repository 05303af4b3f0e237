package fanout_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
)

// warned lists the codes of a verdict's warnings.
func warned(v alerting.Verdict) (codes []string) {
	for _, w := range v.Warnings {
		codes = append(codes, w.Code)
	}
	return codes
}

func TestProducerIsWarnedWhenNobodyIsReached(t *testing.T) {
	assert.Contains(t, warned(newWorld(t).publish(on(1, "ma.boston", nil))), alerting.CodeNobody)
	assert.NotContains(t, warned(newWorld(t, clerks("ma.boston")...).publish(on(1, "ma.boston", nil))), alerting.CodeNobody)
	assert.NotContains(t, warned(newWorld(t).publish(on(1, "ma.boston", map[string]any{"status": "draft"}))), alerting.CodeNobody, "a draft is meant for nobody")
}

func TestDeskSeesWhoMayHaveBeenMissed(t *testing.T) {
	w := newWorld(t, clerks("ma.boston")...)
	w.unplaced = []alerting.Area{"ma.chelsea", "ma.winthrop"}
	v := w.publish(on(1, "ma.boston", nil))
	require.Equal(t, alerting.VerdictAccepted, v.Verdict)
	summary, _ := w.board.Summary(v.Alert)
	require.Len(t, summary.Remarks, 1)
	assert.Equal(t, alerting.RemarkUnplaced, summary.Remarks[0].Kind)
	assert.Contains(t, summary.Remarks[0].Detail, "ma.chelsea, ma.winthrop")
	assert.Equal(t, summary.Remarks[0].Detail, v.Warnings[len(v.Warnings)-1].Detail)
}
