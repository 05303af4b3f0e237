package fanout_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"revere/alerting"
	"revere/alerting/fanout"
	"revere/alerting/tracking/trackingtest"
)

func previewer(people ...candidate) fanout.Previewer {
	return fanout.Previewer{
		Audience: crowd(people),
		Units:    func(channel string, _ alerting.Alert) int { return map[string]int{"sms": 2}[channel] + 1 },
		Rate:     func(channel string) float64 { return map[string]float64{"sms": 1, "email": 50}[channel] },
	}
}

func ExamplePreviewer_Preview() {
	p := fanout.Previewer{
		Audience: crowd{
			person("boston-clerk", []string{"sms", "email"}, "ma.boston"),
			person("boston-emc", []string{"sms"}, "ma.boston"),
		},
		Units: func(string, alerting.Alert) int { return 1 },
		Rate:  func(string) float64 { return 1 }, // messages a second
	}
	preview := p.Preview(alerting.Alert{Status: alerting.StatusActual, Severity: alerting.Severe, Areas: []alerting.Area{"ma.boston"}})
	fmt.Println(preview.People, "people in", preview.Jurisdictions)
	fmt.Println(preview.Channels["sms"], "text messages, the last after", preview.LastMessage)
	fmt.Println(preview.Reserve, "in reserve")
	// Output:
	// 2 people in [ma.boston]
	// 2 text messages, the last after 2s
	// 1 in reserve
}

func TestPreview(t *testing.T) {
	p := previewer(
		person("a", []string{"sms", "email"}, "ma.boston"),
		person("b", []string{"sms", "!email"}, "ma.boston", "ma.chelsea"),
		person("c", []string{"email"}, "ma.chelsea"),
		person("d", []string{"!sms"}, "ma.revere"))
	three := func(a *alerting.Alert) { a.Areas = []alerting.Area{"ma.boston", "ma.chelsea", "ma.revere"} }
	got := p.Preview(trackingtest.Alert(three))
	assert.Equal(t, fanout.Preview{
		People: 4, Jurisdictions: []alerting.Area{"ma.boston", "ma.chelsea", "ma.revere"}, Channels: map[string]int{"sms": 2, "email": 1}, Reserve: 1,
		Unreachable: []string{"d"}, Uncovered: []alerting.Area{"ma.winthrop"}, LastMessage: 6 * time.Second, // 2 messages of 3 segments at 1 a second
	}, got)
	extreme := p.Preview(trackingtest.Alert(three, trackingtest.With(alerting.Extreme)))
	assert.Equal(t, map[string]int{"sms": 2, "email": 2}, extreme.Channels)
	assert.Zero(t, extreme.Reserve)
	draft := p.Preview(trackingtest.Alert(three, func(a *alerting.Alert) { a.Status = alerting.StatusDraft }))
	assert.Zero(t, draft.People)
	assert.Zero(t, draft.LastMessage)
}

// What the preview shows is what publishing does.
func TestPreviewIsTheManifest(t *testing.T) {
	people := []candidate{person("a", []string{"sms", "email"}, "ma.boston"), person("b", []string{"!sms", "email"}, "ma.boston")}
	w := newWorld(t, people...)
	key := w.accept(on(1, "ma.boston", nil))
	s, _ := w.board.Summary(key)
	preview := previewer(people...).Preview(s.Alert)
	assert.Equal(t, s.People, preview.People)
	for channel, counts := range s.Channels {
		assert.Equal(t, counts[alerting.Queued], preview.Channels[channel])
	}
}
