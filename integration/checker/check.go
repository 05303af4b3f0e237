package checker

import (
	"fmt"

	"revere/alerting"
	"revere/alerting/tracking"
)

// Check returns everything in a history that breaks a promise, in no order that means anything.
func Check(h History) []Violation {
	c := &check{History: h, messages: match(h)}
	for i := range h.Alerts {
		a := &h.Alerts[i]
		c.audience(a)
		for j := range a.Deliveries {
			c.delivery(a, &a.Deliveries[j])
		}
		c.counters(a)
		c.answers(a)
		c.correction(a)
		c.ledger(a)
	}
	c.accepted()
	for _, m := range c.messages.strays {
		c.violate(Unrecorded, &Alert{}, m.To, "a message on %s at %s that no delivery knows (%s %s)", m.Channel, m.At, m.Ref, m.ID)
	}
	return c.found
}

type check struct {
	History
	messages matched
	found    []Violation
}

func (c *check) violate(rule Rule, a *Alert, address, format string, args ...any) {
	c.found = append(c.found, Violation{rule, a.Summary.Key, address, fmt.Sprintf(format, args...)})
}

// name names a delivery among all alerts.
func name(key alerting.Key, id alerting.DeliveryID) string { return string(key) + " " + id.String() }

// taken are the provider's messages for a delivery.
func (c *check) taken(a *Alert, d *tracking.DeliveryView) []*Message {
	return c.messages.of[name(a.Summary.Key, d.ID)]
}
