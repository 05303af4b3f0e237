package fanout_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
)

// A trap is an audience that panics when an alert is for Winthrop.
type trap struct{ alerting.Audience }

func (x trap) Match(areas []alerting.Area, severity alerting.Severity, categories []string) ([]alerting.Candidate, []alerting.Area, uint64) {
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
