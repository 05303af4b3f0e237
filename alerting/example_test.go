package alerting_test

import (
	"fmt"
	"time"

	"revere/alerting"
)

func ExampleIntake_Decode() {
	in := alerting.Intake{
		Now: time.Date(2026, 11, 3, 12, 15, 0, 0, time.UTC), Atlas: atlas{}, Subject: "ma.boston",
		DefaultID: "a42", DefaultSent: time.Date(2026, 11, 3, 12, 14, 59, 0, time.UTC),
	}
	alert, _, err := in.Decode([]byte(`{"sender": "soc@sec.state.ma.us", "status": "actual", "event": "Phishing",
		"urgency": "immediate", "severity": "severe", "certainty": "likely", "headline": "Do not open invoice mail"}`))
	fmt.Println(alert.ID, alert.Areas, alert.Expires.Format(time.RFC3339), err)

	_, _, err = in.Decode([]byte(`{"sender": "soc@sec.state.ma.us", "status": "actual", "event": "Phishing",
		"urgency": "immediate", "severity": "critical", "certainty": "likely"}`))
	fmt.Println(err)
	// Output:
	// a42 [ma.boston] 2026-11-04T12:14:59Z <nil>
	// the alert was refused; severity: severity "critical" is not one of extreme, severe, moderate, minor, unknown; headline: give a headline or a description: one of them is what people read
}

func ExampleAreaOfSubject() {
	for _, subject := range []string{"alerts.ma.boston", "alerts.ma.county-suffolk", "alerts.us.nationwide", "alerts.boston"} {
		area, err := alerting.AreaOfSubject(subject)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(area, area.Kind())
	}
	// Output:
	// ma.boston municipality
	// ma.county-suffolk county
	// us.nationwide nation
	// subject "alerts.boston" is not alerts.<state>.<municipality>
}
