package integration_test

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"revere/alerting"
	"revere/integration/checker"
	"revere/integration/harness"
	"revere/subscribers"
	"revere/subscribers/areas"
)

// A history is what a test did, for the checker.
type history struct {
	people []subscribers.Subscriber
	// keys are the alerts, corrections those that go where their alert went instead of by area.
	keys, corrections []alerting.Key
	acknowledged      map[alerting.Key][]string
	// lost are alerts that came after the backup which the service was restored from: it does not know
	// of them, and providers have their messages.
	lost          []alerting.Key
	fallbackAfter time.Duration
}

// checked collects what the service and its providers say, and fails the test for every violation.
func checked(t *testing.T, w *harness.World, did history) {
	t.Helper()
	violations := checker.Check(collect(t, w, did))
	for i, v := range violations {
		if i == 20 {
			t.Errorf("and %d violations more", len(violations)-i)
			return
		}
		t.Error(v)
	}
}

func collect(t *testing.T, w *harness.World, did history) checker.History {
	t.Helper()
	h := checker.History{
		Directory: did.people, Atlas: atlas(), Askable: map[string]bool{"sms": true}, FallbackAfter: did.fallbackAfter, Settled: true,
	}
	for i, key := range append(slices.Clone(did.keys), did.corrections...) {
		a := still(t, w, key)
		a.Follows, a.Acknowledged = i >= len(did.keys), did.acknowledged[key]
		h.Alerts = append(h.Alerts, a)
	}
	h.Provided = slices.DeleteFunc(provided(w), func(m checker.Message) bool {
		ref, err := alerting.ParseRef(m.Ref)
		return err == nil && slices.Contains(did.lost, ref.Alert)
	})
	return h
}

// still reads an alert with all that belongs to it as it was at one moment: receipts may still come.
func still(t *testing.T, w *harness.World, key alerting.Key) (a checker.Alert) {
	t.Helper()
	harness.Soon(t, func() error {
		a = checker.Alert{Summary: w.Summary(key), Deliveries: w.Deliveries(key), People: w.People(key)}
		return errorUnless(w.Summary(key).Sequence == a.Summary.Sequence, "the alert goes on changing")
	})
	return a
}

// provided are the messages that the stand-ins took.
func provided(w *harness.World) []checker.Message {
	var all []checker.Message
	for _, m := range w.Twilio.Messages() {
		all = append(all, checker.Message{
			Channel: "sms", To: m.To, Ref: refOf(m.StatusCallback), ID: m.SID, Text: m.Body, At: m.Created,
			Arrived: m.Status == "delivered" || m.Status == "read", GivenUp: m.Status == "failed",
		})
	}
	for _, m := range w.SMTP.Mails() {
		all = append(all, checker.Message{Channel: "email", To: m.To[0], Ref: verp(m.From), Text: m.Text, At: m.At, Arrived: m.Arrived})
	}
	for _, m := range w.Signal.Messages() {
		all = append(all, checker.Message{
			Channel: "signal", To: m.To, ID: strconv.FormatInt(m.Timestamp, 10), Text: m.Text, At: time.UnixMilli(m.Timestamp + 1), Arrived: m.Arrived,
		})
	}
	return all
}

// refOf is the attempt that a status callback is to tell of.
func refOf(callback string) string {
	u, err := url.Parse(callback)
	if err != nil {
		return ""
	}
	return u.Query().Get("ref")
}

// verp is the attempt that an envelope sender names.
func verp(from string) string {
	local, _, _ := strings.Cut(from, "@")
	_, ref, _ := strings.Cut(local, "+")
	return ref
}

// atlas is what a world's directory knows of areas.
func atlas() alerting.Atlas {
	table := areas.New()
	states, _, err := areas.Read(strings.NewReader(harness.Municipalities))
	if err != nil {
		panic(err) // the table is the harness's own
	}
	for _, s := range states {
		table.Replace(s.Code, s.Municipalities)
	}
	return table
}
