package fanout

import (
	"sort"
	"time"

	"revere/alerting"
)

// A Preview is what publishing an alert would set off.
type Preview struct {
	People        int             `json:"people"`
	Jurisdictions []alerting.Area `json:"jurisdictions"`
	// Channels counts the messages that go out at once; Reserve those that may follow.
	Channels map[string]int `json:"channels"`
	Reserve  int            `json:"reserve"`
	// Unreachable are people whose contacts are all suppressed.
	Unreachable []string        `json:"unreachable"`
	Uncovered   []alerting.Area `json:"uncovered"`
	// LastMessage is how long after publishing the last of them is handed to its provider, at the
	// channels' rates. Channels work at the same time.
	LastMessage time.Duration `json:"last_message_ns"`
}

// A Previewer holds the audience and the rates that a preview is made from.
type Previewer struct {
	Audience alerting.Audience
	// Units is how much of a channel's rate one message of the alert takes (SMS: segments), and
	// Rate how many units a second the channel sends. A channel that is off has rate 0.
	Units func(channel string, alert alerting.Alert) int
	Rate  func(channel string) float64
}

// Preview shows whom an alert would reach. It changes nothing.
func (v Previewer) Preview(alert alerting.Alert) Preview {
	preview := Preview{Channels: map[string]int{}, Jurisdictions: []alerting.Area{}, Unreachable: []string{}, Uncovered: []alerting.Area{}}
	if !alert.Status.ReachesPeople() {
		return preview
	}
	concerned, uncovered, _ := v.Audience.Match(alert.Areas, alert.Severity, alert.Category)
	plan := newPlan(concerned, alert.Severity == alerting.Extreme)
	preview.People = len(plan.recipients)
	preview.Jurisdictions = append(preview.Jurisdictions, plan.jurisdictions()...)
	preview.Uncovered = append(preview.Uncovered, uncovered...)
	for _, d := range plan.deliveries {
		switch {
		case d.Active:
			preview.Channels[d.Channel]++
		case d.Suppressed == "":
			preview.Reserve++
		}
	}
	for _, r := range plan.recipients {
		if plan.unreachable(r) {
			preview.Unreachable = append(preview.Unreachable, r.Subscriber)
		}
	}
	sort.Strings(preview.Unreachable)
	for channel, messages := range preview.Channels {
		if rate := v.Rate(channel); rate > 0 {
			took := time.Duration(float64(messages*v.Units(channel, alert)) / rate * float64(time.Second))
			preview.LastMessage = max(preview.LastMessage, took)
		}
	}
	return preview
}

func (p *plan) unreachable(r alerting.Recipient) bool {
	for _, c := range r.Contacts {
		if p.deliveries[c].Suppressed == "" {
			return false
		}
	}
	return true
}
