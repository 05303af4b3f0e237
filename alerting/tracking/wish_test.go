package tracking_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/tracking"
)

// STOP during an alert leaves a gap; START sends what STOP stopped, unless it is needed no more.
func TestStopAndStart(t *testing.T) {
	const phone = "+16175550123"
	at := time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)
	wish := func(kind alerting.RemarkKind, stopped bool) alerting.Record {
		r := alerting.Record{Alert: "a1", At: at, Remarks: []alerting.Remark{{Kind: kind, Recipients: []uint32{0}, Channel: "sms", Address: phone, Detail: "wish"}}}
		if stopped {
			r.Results = []alerting.Result{{State: alerting.Suppressed, Reason: "opted out"}}
		}
		return r
	}
	b := tracking.NewBoard()
	b.Apply(1, "ledger.alerts", []alerting.Record{{
		Alert: "a1", At: at, Opened: &alerting.Opened{Alert: alerting.Alert{Type: alerting.TypeAlert, Severity: alerting.Severe, Expires: at.Add(time.Hour)}},
		Manifest: &alerting.Manifest{Parts: 1, Deliveries: []alerting.Planned{{Channel: "sms", Address: phone, Active: true}},
			Recipients: []alerting.Recipient{{Subscriber: "clerk", Areas: []alerting.Area{"ma.boston"}, Contacts: []uint32{0}}}},
	}})
	gaps := func() int { s, _ := b.Summary("a1"); return len(s.Gaps) }
	require.Zero(t, gaps())

	b.Apply(2, "ledger.inbound", []alerting.Record{wish(alerting.RemarkOptOut, true)})
	require.Equal(t, 1, gaps(), "the desk sees that nothing reaches the clerk")
	require.Empty(t, b.Take(nil, "sms", alerting.PlacesFor(10), at))

	b.Apply(3, "ledger.inbound", []alerting.Record{wish(alerting.RemarkOptIn, false)})
	require.Zero(t, gaps())
	require.Len(t, b.Take(nil, "sms", alerting.PlacesFor(10), at), 1, "START makes the message due again")

	b.Apply(4, "ledger.inbound", []alerting.Record{wish(alerting.RemarkOptOut, true)})
	b.Apply(5, "ledger.desk", []alerting.Record{{Alert: "a1", At: at, Answers: []alerting.Answer{{Recipients: []uint32{0}, Via: alerting.ViaAPI}}}})
	b.Apply(6, "ledger.inbound", []alerting.Record{wish(alerting.RemarkOptIn, false)})
	require.Empty(t, b.Take(nil, "sms", alerting.PlacesFor(10), at), "who has answered is sent nothing more")
}
