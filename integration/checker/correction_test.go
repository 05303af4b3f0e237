package checker_test

import (
	"revere/alerting"
	"revere/alerting/tracking"
	"revere/integration/checker"
)

// withdrawal is a sound withdrawal of a1, but for whom it goes to.
func withdrawal(addresses ...string) checker.Alert {
	a := checker.Alert{Follows: true, Summary: tracking.Summary{
		Key: "a2", Code: "K8R", Corrects: []alerting.Key{"a1"}, Alert: alerting.Alert{Status: alerting.StatusActual, Type: alerting.TypeCancel},
	}}
	for _, address := range addresses {
		d := tracking.DeliveryView{Channel: "sms", Address: address, Subscribers: []string{"clerk"}, State: alerting.Suppressed, History: []tracking.Entry{{State: alerting.Suppressed}}}
		switch address {
		case number:
			d.Channel, d.Subscribers = "signal", []string{"chief"}
		case phone:
		default:
			d.Subscribers = []string{"stranger"}
		}
		a.Deliveries = append(a.Deliveries, d)
	}
	recount(&a)
	return a
}
