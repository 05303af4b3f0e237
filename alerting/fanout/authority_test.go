package fanout_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"revere/alerting"
	"revere/alerting/tracking"
)

// On a listener with rights of their own, who may publish for a town can't withdraw what the whole
// state was told, whatever sender the message claims.
func TestATownsProducerCannotWithdrawAStatesAlert(t *testing.T) {
	w := newWorld(t, clerks("ma.boston", "ma.salem")...)
	w.strict = true
	state := w.accept(on(1, "ma.statewide", map[string]any{"id": "big"}))
	w.attempt(state, "sms", alerting.Accepted)

	v := w.publish(on(2, "ma.boston", corrects(alerting.TypeCancel, "spoof", "big")))
	assert.Equal(t, alerting.VerdictRejected, v.Verdict)
	assert.Equal(t, alerting.CodeForbidden, v.Reason)
	head, _ := w.board.Head(state)
	assert.Equal(t, tracking.Open, head.Phase)

	v = w.publish(on(3, "ma.statewide", corrects(alerting.TypeCancel, "real", "big")))
	assert.Equal(t, alerting.VerdictAccepted, v.Verdict, v.Detail)
}

// Who has the alert already answers for the areas that it is widened to as well.
func TestWideningAddsJurisdictionsToThoseWhoKnow(t *testing.T) {
	both := person("both", []string{"sms"}, "ma.boston", "ma.salem")
	both.Recipient.Areas = []alerting.Area{"ma.boston"}
	w := newWorld(t, both)
	key := w.accept(on(1, "ma.boston", map[string]any{"id": "x"}))
	w.attempt(key, "sms", alerting.Delivered)
	both.Recipient.Areas = []alerting.Area{"ma.salem"}
	w.people = crowd{both}
	w.accept(on(2, "ma.salem", map[string]any{"id": "x"}))

	summary, _ := w.board.Summary(key)
	assert.Equal(t, 1, summary.People)
	assert.Len(t, summary.Areas, 2, "Salem is on the screen too")
	assert.Empty(t, w.due(key), "and nobody is sent the same again")
}
