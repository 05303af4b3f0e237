package checker

import (
	"revere/alerting"
	"revere/alerting/tracking"
)

// accepted finds alerts that were promised and are gone.
func (c *check) accepted() {
	have := map[string]bool{}
	for i := range c.Alerts {
		s := &c.Alerts[i].Summary
		have[string(s.Key)], have[s.Alert.ID] = true, true
	}
	for _, promised := range c.Accepted {
		if !have[promised] {
			c.violate(Lost, &Alert{}, promised, "its producer was told that it is accepted")
		}
	}
}

// correction holds whom a correction goes to against whom its alerts went to: every address that may
// have heard, and for a withdrawal nobody of whom no address was attempted.
func (c *check) correction(a *Alert) {
	told, attempted := map[string]bool{}, map[string]bool{}
	for i := range a.Deliveries {
		told[place(a.Deliveries[i].Channel, a.Deliveries[i].Address)] = true
	}
	corrected := 0
	for _, key := range a.Summary.Corrects {
		original := c.alert(key)
		if original == nil {
			continue
		}
		corrected++
		for i := range original.Deliveries {
			d := &original.Deliveries[i]
			if d.Notice != "" || d.Attempts == 0 {
				continue
			}
			for _, subscriber := range d.Subscribers {
				attempted[subscriber] = true
			}
			heard := d.State.WentOut() || len(c.taken(original, d)) > 0 // an attempt may have been stopped before its call
			if heard && !told[place(d.Channel, d.Address)] && a.Summary.Alert.Status.ReachesPeople() {
				c.violate(Untold, a, d.Address, "%s may have gone there on %s", key, d.Channel)
			}
		}
	}
	if corrected == 0 || corrected < len(a.Summary.Corrects) || a.Summary.Alert.Type != alerting.TypeCancel {
		return
	}
	for i := range a.Deliveries {
		if d := &a.Deliveries[i]; d.Notice == "" && !anyOf(d, attempted) {
			c.violate(Unexpected, a, d.Address, "none of %v was attempted", d.Subscribers)
		}
	}
}

func anyOf(d *tracking.DeliveryView, people map[string]bool) bool {
	for _, subscriber := range d.Subscribers {
		if people[subscriber] {
			return true
		}
	}
	return false
}

func (c *check) alert(key alerting.Key) *Alert {
	for i := range c.Alerts {
		if c.Alerts[i].Summary.Key == key {
			return &c.Alerts[i]
		}
	}
	return nil
}
