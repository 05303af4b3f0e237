package fanout_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
)

// A trap is an audience that panics when an alert is for Winthrop.
type trap struct{ alerting.Audience }

func (x trap) Match(areas []alerting.Area, severity alerting.Severity, categories []string) (alerting.Candidates, []alerting.Area, uint64) {
	if areas[0] == "ma.winthrop" {
		panic("a fault that nobody thought of")
	}
	return x.Audience.Match(areas, severity, categories)
}

// An alert on which the router itself fails is refused and kept, to be replayed when that is mended;
// the alerts before and behind it go out.
func TestAnAlertThatMakesTheRouterPanicHoldsUpNoOther(t *testing.T) {
	w := newWorld(t, person("ada", []string{"sms"}, "ma.boston"))
	w.people = trap{w.people}
	before, poison, behind := on(1, "ma.boston", nil), on(2, "ma.winthrop", nil), on(3, "ma.boston", nil)
	require.NoError(t, w.judge(before, poison, behind))
	assert.Equal(t, alerting.VerdictAccepted, w.store.verdicts[before.Key()].Verdict)
	assert.Equal(t, alerting.VerdictAccepted, w.store.verdicts[behind.Key()].Verdict)
	v := w.store.verdicts[poison.Key()]
	assert.Equal(t, alerting.VerdictRejected, v.Verdict)
	assert.Equal(t, alerting.CodeInternal, v.Reason)
	assert.Contains(t, v.Detail, "poison_test.go")
	assert.Equal(t, string(poison.Body), w.store.rejected[poison.Key()], "byte for byte")
}

// A correction on which the router fails once its withdrawal is on record is not refused: what it corrects is
// withdrawn. Its producer and the desk are told that nobody hears of it.
func TestACorrectionThatMakesTheRouterPanicIsNotCalledRefused(t *testing.T) {
	w := newWorld(t, person("ada", []string{"sms"}, "ma.boston"))
	boston := []string{"ma.boston"}
	original := w.accept(by("desk", on(1, "ma.boston", map[string]any{"areas": boston})))
	w.attempt(original, "sms", alerting.Accepted)
	w.people = trap{w.people}
	changes := corrects("update", "u", string(original))
	changes["areas"] = []string{"ma.winthrop"}
	update := by("desk", on(2, "ma.winthrop", changes))
	for range 2 { // judged again, it is told the same
		v := w.publish(update)
		require.Equal(t, alerting.VerdictAccepted, v.Verdict, "%s", v.Detail)
		require.Equal(t, []string{alerting.CodeUnexpanded}, warned(v)[len(v.Warnings)-1:])
		assert.Contains(t, v.Warnings[len(v.Warnings)-1].Detail, "goes to nobody")
		assert.Empty(t, w.store.rejected)
		head, _ := w.board.Head(original)
		assert.Equal(t, v.Alert, head.ReplacedBy)
		s, _ := w.board.Summary(v.Alert)
		require.Len(t, s.Remarks, 1)
		assert.Equal(t, alerting.RemarkUnexpanded, s.Remarks[0].Kind)
	}
	repeated := update
	repeated.Sequence = 3
	v := w.publish(repeated)
	assert.Equal(t, alerting.VerdictAccepted, v.Verdict, "sent again it is the same: %s", v.Detail)
	assert.Equal(t, []any{alerting.Key("a2"), true}, []any{v.Alert, v.Repeated})
	assert.Empty(t, w.store.rejected)
	changes = corrects("cancel", "c", "a2")
	changes["areas"] = boston
	again := w.accept(by("desk", on(4, "ma.boston", changes)))
	assert.Equal(t, []string{"sms:ada"}, w.due(again), "who has the original hears of the correction's correction")
}
