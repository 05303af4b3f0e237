package outbox_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
)

// A message that can't be worded, however it fails, is an error of its own and holds up no other.
func TestAMessageThatMakesTheWordingPanic(t *testing.T) {
	w := newWorld(t)
	w.ledger.Open(trackingtest.Alert(), ada, bo)
	word := w.Word
	w.Word = func(e tracking.Envelope, _ bool) alerting.Message {
		if e.Address == "+1" {
			panic("a fault that nobody thought of")
		}
		return word(e, false)
	}
	due := w.Take(nil, alerting.PlacesFor(10), start)
	failed := 0
	for _, x := range due {
		m, err := w.Message(x)
		if err != nil {
			failed++
			assert.Equal(t, alerting.CodeInternal, alerting.CodeOf(err))
			continue
		}
		assert.Equal(t, "words for +2", m.Text)
	}
	assert.Len(t, due, 2)
	assert.Equal(t, 1, failed)
}
