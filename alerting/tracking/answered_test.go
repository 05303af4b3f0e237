package tracking_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/tracking"
)

var dawn = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)

// opening is one alert for one clerk with a phone.
func opening(parts int) alerting.Record {
	return alerting.Record{
		Alert: "a1", At: dawn,
		Opened: &alerting.Opened{Alert: alerting.Alert{Type: alerting.TypeAlert, Severity: alerting.Severe, Expires: dawn.Add(time.Hour), Responses: []alerting.Response{{Key: "2", Label: "you got it too"}}}},
		Manifest: &alerting.Manifest{Parts: parts, Deliveries: []alerting.Planned{{Channel: "sms", Address: "+16175550123", Active: true}},
			Recipients: []alerting.Recipient{{Subscriber: "clerk", Areas: []alerting.Area{"ma.boston"}, Contacts: []uint32{0}}}},
	}
}

func TestAnAcknowledgementTakesBackNothing(t *testing.T) {
	b := tracking.NewBoard()
	b.Apply(1, "ledger.alerts", []alerting.Record{opening(1)})
	answer := func(sequence uint64, after time.Duration, response, note string) {
		b.Apply(sequence, "ledger.inbound", []alerting.Record{{Alert: "a1", At: dawn.Add(after), Answers: []alerting.Answer{
			{Recipients: []uint32{0}, Via: alerting.ViaReply, Response: response, Note: note},
		}}})
	}
	answer(2, time.Second, "", "")
	answer(3, 2*time.Second, "2", "signed in already")
	answer(4, 3*time.Second, "", "")

	s, _ := b.Summary("a1")
	assert.Equal(t, map[string]int{"2": 1}, s.Responses, "the town that was caught stays on the screen")
	require.Len(t, s.Areas, 1)
	assert.Equal(t, time.Second, s.Areas[0].First.After, "reached at the first answer")
	person, _ := b.PersonOf("a1", "clerk")
	assert.Equal(t, "signed in already", person.Answered.Note)
}

func TestHalfAManifestIsNone(t *testing.T) {
	b := tracking.NewBoard()
	b.Apply(1, "ledger.alerts", []alerting.Record{opening(3)})
	last := opening(3)
	last.Opened, last.Manifest.Part = nil, 2
	b.Apply(3, "ledger.alerts", []alerting.Record{last}) // the part between can't be read
	s, _ := b.Summary("a1")
	assert.False(t, s.Expanded)
	assert.Zero(t, s.People)
}

func TestAnOpenAlertIsFoundByItsCode(t *testing.T) {
	b := tracking.NewBoard()
	record := opening(1)
	record.Opened.Code = "K7Q"
	b.Apply(1, "ledger.alerts", []alerting.Record{record})
	key, err := b.Find("k7q")
	require.NoError(t, err)
	assert.Equal(t, alerting.Key("a1"), key)
	b.Apply(2, "ledger.timers", []alerting.Record{{Alert: "a1", At: dawn.Add(time.Hour), Expired: true}})
	_, err = b.Find("K7Q")
	assert.Equal(t, alerting.CodeNotFound, alerting.CodeOf(err), "the code may be another alert's by now")
}
