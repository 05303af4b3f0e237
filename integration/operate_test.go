package integration_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/integration/harness"
	"revere/integration/twiliosim"
)

// restartable is a world with every kind of outcome in it, at rest.
func restartable(t *testing.T) (*harness.World, []alerting.Key) {
	t.Helper()
	w := desk(t, harness.Options{})
	w.Twilio.SetBehaviorFor(harness.Phone(5), twiliosim.Behavior{Landline: true})
	w.Import(harness.Person("dead-phone", "ma.boston", harness.SMS(harness.Phone(5)), harness.Email("second@boston.example")))
	first := w.Publish(offering(harness.NewAlert("ma.boston")))
	w.Finished(first.Key)
	_, err := w.Twilio.Reply(harness.Phone(1), harness.SMSNumber, "2 "+first.Code+" need a truck")
	require.NoError(t, err)
	w.Answered(first.Key, "by-sms")
	update := w.Correct(first.Key, alerting.TypeUpdate, map[string]any{"headline": "Phishing goes on"})
	w.Acknowledge(update.Key, "by-desk", "1")
	w.Finished(update.Key)
	harness.Soon(t, func() error {
		return errorUnless(w.Summary(update.Key).States[alerting.Delivered] == 3, "the receipts have not come")
	})
	return w, []alerting.Key{first.Key, update.Key}
}

// truth is everything that the service says of its alerts, byte for byte.
func truth(w *harness.World, keys []alerting.Key) map[string]string {
	all := map[string]string{}
	for _, key := range keys {
		for _, path := range []string{"", "/deliveries", "/people"} {
			path = "/api/v1/alerts/" + string(key) + path
			a := w.Call(http.StatusOK, harness.Request{Method: http.MethodGet, Path: path})
			all[path] = string(a.Body)
		}
	}
	return all
}

// After a restart, and after a kill, the same truth is there.
func TestARestartShowsTheSameTruth(t *testing.T) {
	t.Parallel()
	w, keys := restartable(t)
	before := truth(w, keys)
	w.Restart()
	assert.Equal(t, before, truth(w, keys), "after Ctrl-C")
	w.Kill9()
	w.Begin()
	assert.Equal(t, before, truth(w, keys), "after kill -9")
	assert.Equal(t, 1, w.Summary(keys[1]).Acknowledged)
}

// A second start says what is in its way, and ends with status 1.
func TestASecondStart(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{Empty: true})
	for name, c := range map[string]struct {
		changes map[string]string
		says    []string
	}{
		"on the same data directory": {map[string]string{"HTTP__LISTEN": "127.0.0.1:0", "NATS__LISTEN": "127.0.0.1:0"}, []string{w.Dir, "data_dir"}},
		"on the HTTP port":           {map[string]string{"DATA_DIR": t.TempDir(), "NATS__LISTEN": "127.0.0.1:0"}, []string{strings.TrimPrefix(w.URL(), "http://"), "http.listen"}},
		"on the NATS port":           {map[string]string{"DATA_DIR": t.TempDir(), "HTTP__LISTEN": "127.0.0.1:0"}, []string{strings.TrimPrefix(w.NATSURL(), "nats://"), "nats.listen"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.For(t).ServeAgain(c.changes)
			assert.Equal(t, 1, r.Status)
			for _, what := range c.says {
				assert.Contains(t, r.Stderr, what)
			}
		})
	}
	w.Call(http.StatusOK, harness.Request{Method: http.MethodGet, Path: "/readyz"})
}

// A configuration that is wrong is told at once, with the nearest key, and with nothing secret.
func TestAWrongConfiguration(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{InProcess: true, Empty: true})
	r := w.ServeAgain(map[string]string{"CHANNELS__SMS__FORM": "+16175550100", "CHANNELS__SMS__RATE": "fast", "LOG__LEVEL": "loud"})
	assert.Equal(t, 1, r.Status)
	for _, what := range []string{"REVERE_CHANNELS__SMS__FORM", "REVERE_CHANNELS__SMS__FROM", "REVERE_CHANNELS__SMS__RATE", "REVERE_LOG__LEVEL"} {
		assert.Contains(t, r.Stderr, what)
	}
	assert.NotContains(t, r.Stderr, harness.AuthToken)
}

// Ctrl-C takes nothing new, lets what is being sent come to its end and its record, and exits 0: after
// the next start nothing is unknown and nobody hears twice.
func TestCtrlCDrains(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{Settings: map[string]string{"CHANNELS__SMS__RATE": "60"}})
	w.Import(crowd(120)...)
	w.Twilio.SetBehavior(twiliosim.Behavior{Latency: 300 * time.Millisecond, Receipts: twiliosim.None, ReceiptDelay: time.Hour})
	p := w.Publish(harness.NewAlert("ma.boston"))
	harness.Soon(t, func() error { return errorUnless(w.Twilio.Stats().Creates >= 20, "nothing is being sent") })
	require.NoError(t, w.Interrupt())
	sent := len(w.Twilio.Messages())
	assert.EqualValues(t, w.Twilio.Stats().Creates, sent, "a call was cut off")
	require.Less(t, sent, 120, "it was stopped too late to show anything")

	w.Begin()
	s := w.Finished(p.Key)
	assert.Equal(t, map[alerting.State]int{alerting.Accepted: 120}, map[alerting.State]int(s.States))
	for _, d := range w.Deliveries(p.Key) {
		for _, e := range d.History {
			assert.NotEqual(t, alerting.Unknown, e.State, "%s: its outcome was not recorded", d.Address)
		}
	}
	checked(t, w, history{people: crowd(120), keys: []alerting.Key{p.Key}})
}

// Nothing secret and nothing of an alert's text is logged, nor shown by the API, whatever happens.
func TestNothingSecretIsLogged(t *testing.T) {
	t.Parallel()
	w, keys := restartable(t)
	w.PublishNATS("alerts.ma.boston", []byte(`{"headline": "`+harness.Headline+`", "description": 7}`))
	w.Call(http.StatusUnprocessableEntity, harness.Request{Method: http.MethodPost, Path: "/api/v1/alerts", Body: harness.NewAlert("ma.nowhere")})
	w.Call(http.StatusForbidden, harness.Request{Method: http.MethodPost, Path: "/webhooks/signal/wrong-token-0123456789", Body: "{}"})
	w.Twilio.SetBehavior(twiliosim.Behavior{Answer: twiliosim.Refuse(http.StatusUnauthorized, 20003)})
	w.SMTP.Stop()
	w.Signal.Stop()
	last := w.Publish(harness.NewAlert("ma.boston"))
	harness.Soon(t, func() error { return inState(w, last.Key, harness.Phone(1), alerting.Queued) })
	made := w.CLI("tokens", "new", "--role", "viewer", "--json")
	require.Equal(t, 0, made.Status, made.Stderr)
	var token struct{ Secret string }
	require.NoError(t, json.Unmarshal([]byte(made.Stdout), &token))
	require.NotEmpty(t, token.Secret)
	require.NoError(t, w.Interrupt())

	log := w.Log.String()
	for what, canary := range map[string]string{
		"the auth token": harness.AuthToken, "the webhook token": harness.WebhookToken, "the mail password": harness.MailPassword,
		"the admin token": w.Token(), "a new token": token.Secret, "a guessed webhook token": "wrong-token-0123456789",
		"a headline": harness.Headline, "a description": harness.Description, "an answer's note": "need a truck",
		"an acknowledgement link": "/a/" + string(keys[0]) + "-",
	} {
		assert.NotContains(t, log, canary, what)
	}
	require.Contains(t, log, string(last.Key), "the log does name the alert")
}

// A viewer reads, a producer publishes for its areas, and neither does more.
func TestTokens(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{InProcess: true})
	token := func(args ...string) string {
		r := w.CLI(append([]string{"tokens", "new", "--json"}, args...)...)
		require.Equal(t, 0, r.Status, r.Stderr)
		var made struct{ Secret string }
		require.NoError(t, json.Unmarshal([]byte(r.Stdout), &made))
		return made.Secret
	}
	viewer, producer := token("--role", "viewer", "--name", "wall"), token("--role", "producer", "--name", "suffolk", "--areas", "ma.county-suffolk")
	for _, c := range []struct {
		token, method, path string
		body                any
		status              int
	}{
		{viewer, http.MethodGet, "/api/v1/alerts", nil, http.StatusOK},
		{viewer, http.MethodPost, "/api/v1/alerts", harness.NewAlert("ma.boston"), http.StatusForbidden},
		{producer, http.MethodPost, "/api/v1/alerts", harness.NewAlert("ma.boston"), http.StatusAccepted},
		{producer, http.MethodPost, "/api/v1/alerts", harness.NewAlert("ma.lowell"), http.StatusUnprocessableEntity},
		{producer, http.MethodPost, "/api/v1/alerts", harness.NewAlert("ma.statewide"), http.StatusUnprocessableEntity},
		{producer, http.MethodPost, "/api/v1/subscribers/import", []any{}, http.StatusForbidden},
		{producer, http.MethodGet, "/api/v1/tokens", nil, http.StatusForbidden},
	} {
		a, err := w.Try(harness.Request{Method: c.method, Path: c.path, Token: c.token, Body: c.body})
		require.NoError(t, err)
		assert.Equal(t, c.status, a.Status, "%s %s: %s", c.method, c.path, a.Body)
	}
}
