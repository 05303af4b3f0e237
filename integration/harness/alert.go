package harness

import (
	"encoding/json"
	"fmt"
	"maps"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"revere/alerting"
)

// An Alert is one as a producer writes it.
type Alert map[string]any

// Texts of alerts that must never be logged.
const (
	Headline    = "Canary headline of phishing against clerks"
	Description = "Canary description of what happened at night"
)

var alerts atomic.Int64

// NewAlert is a severe actual alert for an area, with an id of its own.
func NewAlert(area string) Alert {
	return Alert{
		"id": fmt.Sprintf("alert-%d", alerts.Add(1)), "sender": "soc@sec.state.ma.us", "status": "actual", "event": "Phishing",
		"urgency": "immediate", "severity": "severe", "certainty": "observed", "areas": []string{area},
		"headline": Headline, "description": Description,
	}
}

// With returns the alert with a field changed; nil takes it out.
func (a Alert) With(field string, value any) Alert {
	changed := maps.Clone(a)
	if value == nil {
		delete(changed, field)
	} else {
		changed[field] = value
	}
	return changed
}

// JSON writes the alert.
func (a Alert) JSON() []byte {
	raw, err := json.Marshal(a)
	if err != nil {
		panic(err) // tests write nothing that is no JSON
	}
	return raw
}

// PublishNATS publishes a message as any NATS client does, and returns the key by which its record
// or its rejection is known.
func (w *World) PublishNATS(subject string, body []byte) alerting.Key {
	w.t.Helper()
	return w.publishNATS(&nats.Msg{Subject: subject, Data: body})
}

func (w *World) publishNATS(msg *nats.Msg) alerting.Key {
	w.t.Helper()
	conn, err := nats.Connect(w.NATSURL(), nats.MaxReconnects(0))
	if err != nil {
		w.t.Fatalf("connect to %s: %v", w.NATSURL(), err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		w.t.Fatal(err)
	}
	ack, err := js.PublishMsg(w.t.Context(), msg)
	if err != nil {
		w.t.Fatalf("publish on %s: %v", msg.Subject, err)
	}
	return alerting.KeyOf(ack.Sequence)
}

// PublishForVerdict publishes over NATS, and waits for the verdict that the producer asked for.
func (w *World) PublishForVerdict(subject string, body []byte) alerting.Verdict {
	w.t.Helper()
	conn, err := nats.Connect(w.NATSURL(), nats.MaxReconnects(0))
	if err != nil {
		w.t.Fatalf("connect to %s: %v", w.NATSURL(), err)
	}
	defer conn.Close()
	inbox := conn.NewInbox()
	verdicts, err := conn.SubscribeSync(inbox)
	if err == nil {
		err = conn.Flush() // the publication goes over another connection, and must not overtake this
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.publishNATS(&nats.Msg{Subject: subject, Data: body, Header: nats.Header{"Revere-Verdict-To": {inbox}}})
	msg, err := verdicts.NextMsg(Patience)
	if err != nil {
		w.t.Fatalf("wait for the verdict: %v", err)
	}
	var v alerting.Verdict
	if err := json.Unmarshal(msg.Data, &v); err != nil {
		w.t.Fatal(err)
	}
	return v
}

// Expiring returns the alert with so long to live.
func (a Alert) Expiring(in time.Duration) Alert {
	return a.With("expires", time.Now().Add(in).Format(time.RFC3339Nano))
}
