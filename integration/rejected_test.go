package integration_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/api"
	"revere/integration/harness"
)

// What is wrong with a message that came over NATS is kept with it, byte for byte, and the next good
// alert does not wait.
func TestRejections(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{InProcess: true})
	w.Import(harness.Person("clerk", "ma.boston", harness.SMS(harness.Phone(1))))
	good := harness.NewAlert("ma.boston")
	for name, c := range map[string]struct {
		subject string
		body    []byte
		reason  string
	}{
		"no JSON":               {"alerts.ma.boston", []byte("Phishing!"), alerting.CodeMalformed},
		"no text at all":        {"alerts.ma.boston", []byte{0xff, 0xfe, 0x00, 0x7f}, alerting.CodeMalformed},
		"empty":                 {"alerts.ma.boston", nil, alerting.CodeMalformed},
		"oversized":             {"alerts.ma.boston", good.With("description", strings.Repeat("x", alerting.MaxAlertBytes)).JSON(), alerting.CodeOversized},
		"unknown area":          {"alerts.ma.bostom", good.With("areas", nil).JSON(), alerting.CodeUnknownArea},
		"unknown state":         {"alerts.xx.boston", good.With("areas", nil).JSON(), alerting.CodeUnknownArea},
		"a deeper subject":      {"alerts.ma.boston.downtown", good.With("areas", nil).JSON(), alerting.CodeUnknownArea},
		"areas without its own": {"alerts.ma.boston", good.With("areas", []string{"ma.lowell"}).JSON(), alerting.CodeOutsideArea},
		"expired":               {"alerts.ma.boston", good.Expiring(-time.Minute).With("sent", time.Now().Add(-time.Hour).Format(time.RFC3339)).JSON(), alerting.CodeExpired},
		"from the future":       {"alerts.ma.boston", good.With("sent", time.Now().Add(time.Hour).Format(time.RFC3339)).JSON(), alerting.CodeFuture},
		"no status":             {"alerts.ma.boston", good.With("status", nil).JSON(), alerting.CodeMissing},
		"TLP RED":               {"alerts.ma.boston", good.With("tlp", "RED").JSON(), alerting.CodeTLP},
	} {
		t.Run(name, func(t *testing.T) {
			w := w.For(t)
			// Its own verdict is waited for: a severe alert that comes behind it may be judged before it.
			verdict := w.PublishForVerdict(c.subject, c.body)
			require.Equal(t, alerting.VerdictRejected, verdict.Verdict)
			next := w.PublishForVerdict("alerts.ma.boston", harness.NewAlert("ma.boston").JSON())
			require.Equal(t, alerting.VerdictAccepted, next.Verdict)
			r := rejection(w, verdict.Key)
			assert.Equal(t, c.reason, r.Reason)
			assert.Equal(t, c.subject, r.Subject)
			assert.True(t, bytes.Equal(c.body, r.Base64), "the message is kept byte for byte")
			w.States(next.Alert, map[string]alerting.State{harness.Phone(1): alerting.Delivered})
		})
	}
}

func rejection(w *harness.World, key alerting.Key) api.RejectedMessage {
	var r api.RejectedMessage
	a := w.Call(http.StatusOK, harness.Request{Method: http.MethodGet, Path: "/api/v1/rejected/" + string(key)})
	if err := a.Into(&r); err != nil {
		panic(err)
	}
	return r
}

// Over HTTP and on the command line every problem is named at once, and nothing is kept or sent.
func TestAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{InProcess: true})
	bad := harness.Alert{"sender": "soc@sec.state.ma.us", "severity": "dreadful", "urgency": "immediate", "certainty": "likely", "areas": []string{"ma.bostom"}, "event": "x", "tlp": "RED"}
	a := w.Call(http.StatusUnprocessableEntity, harness.Request{Method: http.MethodPost, Path: "/api/v1/alerts", Body: bad})
	assert.Equal(t, "application/problem+json", a.Header.Get("Content-Type"))
	for _, pointer := range []string{"/status", "/severity", "/areas/0", "/headline", "/tlp"} {
		assert.Contains(t, string(a.Body), `"`+pointer+`"`)
	}
	r := w.Command(string(bad.JSON()), []string{"REVERE_SERVER=" + w.URL(), "REVERE_DATA_DIR=" + w.Dir}, "publish", "--file", "-", "--yes")
	assert.Equal(t, 1, r.Status)
	for _, field := range []string{"status", "severity", "areas", "headline", "tlp"} {
		assert.Contains(t, r.Stderr, field)
	}
	w.Call(http.StatusRequestEntityTooLarge, harness.Request{Method: http.MethodPost, Path: "/api/v1/alerts", Body: harness.NewAlert("ma.boston").With("description", strings.Repeat("x", alerting.MaxAlertBytes))})
	var list struct{ Data []json.RawMessage }
	require.NoError(t, w.Call(http.StatusOK, harness.Request{Method: http.MethodGet, Path: "/api/v1/alerts"}).Into(&list))
	assert.Empty(t, list.Data)
}

// What was rejected for an area that nobody knew goes out once the area is imported and the message
// replayed.
func TestReplayAfterMending(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{InProcess: true})
	w.Import(harness.Person("state", "ma.statewide", harness.SMS(harness.Phone(1))))
	verdict := w.PublishForVerdict("alerts.ma.salem", harness.NewAlert("ma.salem").JSON())
	require.Equal(t, alerting.VerdictRejected, verdict.Verdict)
	require.Equal(t, alerting.CodeUnknownArea, verdict.Reason)

	again := w.CLI("rejected", "replay", string(verdict.Key))
	assert.Equal(t, 1, again.Status, "nothing was mended yet: %s", again.Stdout)
	w.ImportAreas(harness.Municipalities + "ma.salem,Salem,city,essex,2559105\n")
	listed := w.CLI("rejected", "list")
	assert.Contains(t, listed.Stdout, "alerts.ma.salem")
	replayed := w.CLI("rejected", "replay", string(verdict.Key), "--json")
	require.Equal(t, 0, replayed.Status, replayed.Stderr)
	var r api.Replayed
	require.NoError(t, json.Unmarshal([]byte(replayed.Stdout), &r))
	w.States(r.Alert, map[string]alerting.State{harness.Phone(1): alerting.Delivered})
	assert.NotEmpty(t, rejection(w, verdict.Key).ReplayedAs)
	w.Texts(harness.Phone(1), 1)
}

// The same content is the same alert, wherever it is published again; other content under the same
// identity is a conflict.
func TestIdentity(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{InProcess: true})
	w.Import(harness.Person("boston", "ma.boston", harness.SMS(harness.Phone(1))), harness.Person("lowell", "ma.lowell", harness.SMS(harness.Phone(2))))
	alert := harness.NewAlert("ma.boston").With("areas", nil)
	first := w.PublishForVerdict("alerts.ma.boston", alert.JSON())
	require.Equal(t, alerting.VerdictAccepted, first.Verdict)
	again := w.PublishForVerdict("alerts.ma.boston", alert.JSON())
	assert.Equal(t, first.Alert, again.Alert)
	assert.True(t, again.Repeated)
	wider := w.PublishForVerdict("alerts.ma.lowell", alert.JSON())
	assert.Equal(t, first.Alert, wider.Alert)
	other := w.PublishForVerdict("alerts.ma.boston", alert.With("headline", "Something else").JSON())
	assert.Equal(t, alerting.VerdictRejected, other.Verdict)
	assert.Equal(t, alerting.CodeConflict, other.Reason)

	w.States(first.Alert, map[string]alerting.State{harness.Phone(1): alerting.Delivered, harness.Phone(2): alerting.Delivered})
	w.Texts(harness.Phone(1), 1)
	w.Texts(harness.Phone(2), 1)
}

// An Idempotency-Key makes a repeated request the same alert, and refuses another body.
func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{InProcess: true})
	w.Import(harness.Person("clerk", "ma.boston", harness.SMS(harness.Phone(1))))
	alert := harness.NewAlert("ma.boston").With("id", nil)
	post := func(status int, a harness.Alert) harness.Answer {
		return w.Call(status, harness.Request{Method: http.MethodPost, Path: "/api/v1/alerts", Body: a, Header: map[string]string{"Idempotency-Key": "morning"}})
	}
	first, again := post(http.StatusAccepted, alert), post(http.StatusAccepted, alert)
	assert.JSONEq(t, string(first.Body), string(again.Body))
	post(http.StatusUnprocessableEntity, alert.With("headline", "Something else"))
	w.Texts(harness.Phone(1), 1)
}
