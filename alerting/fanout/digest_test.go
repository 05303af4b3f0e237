package fanout_test

import (
	"encoding/hex"
	"fmt"
	"testing"

	"revere/alerting"
	"revere/alerting/fanout"
)

// A manifest's digest is on record: what it was yesterday it must be tomorrow, whatever the number of processors.
func TestDigestStaysWhatItIs(t *testing.T) {
	var deliveries []alerting.Planned
	var recipients []alerting.Recipient
	for i := range 1507 {
		d := alerting.Planned{Channel: "sms", Address: fmt.Sprintf("+1555%07d", i), Active: i%3 > 0}
		if i%5 == 0 {
			d.Channel, d.Suppressed = "email", "opted out: STOP"
		}
		deliveries = append(deliveries, d)
		if i%2 == 0 {
			recipients = append(recipients, alerting.Recipient{Subscriber: fmt.Sprintf("clerk-%d", i), Contacts: []uint32{uint32(i), uint32(i + 1)}})
		}
	}
	for _, x := range []struct {
		name       string
		deliveries []alerting.Planned
		recipients []alerting.Recipient
		digest     string
	}{
		{"nobody", nil, nil, "e3b0c44298fc1c149afbf4c8996fb924"},
		{"one", deliveries[:1], recipients[:1], "2665e59e0f78cb5b1f31ced90b2a5b00"},
		{"many", deliveries, recipients, "a5509d680b77234aec944327ba95a175"},
	} {
		t.Run(x.name, func(t *testing.T) {
			if digest := hex.EncodeToString(fanout.Digest(x.deliveries, x.recipients)); digest != x.digest {
				t.Errorf("digest %s, want %s", digest, x.digest)
			}
		})
	}
}
