package integration_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/audit"
	"revere/integration/harness"
	"revere/integration/twiliosim"
)

// verify runs the command, and returns what it found.
func verify(t *testing.T, w *harness.World, key alerting.Key, status int, flags ...string) audit.Report {
	t.Helper()
	r := w.CLI(append([]string{"verify", string(key), "--json"}, flags...)...)
	require.Equal(t, status, r.Status, "%s%s", r.Stdout, r.Stderr)
	var report audit.Report
	require.NoError(t, json.Unmarshal([]byte(r.Stdout), &report))
	return report
}

// After all that can become of an alert, everything agrees; what is planted at the provider is found.
func TestVerify(t *testing.T) {
	t.Parallel()
	w, keys := restartable(t)
	for _, key := range keys {
		report := verify(t, w, key, 0)
		assert.True(t, report.Agrees)
		answers := map[string]string{}
		for _, p := range report.Providers {
			answers[p.Channel] = p.Answer
		}
		assert.Equal(t, map[string]string{"sms": audit.Asked, "email": audit.Mute, "signal": audit.Mute}, answers)
	}
	update := w.Summary(keys[1])
	stray(t, w, harness.Phone(1), "Reply ACK "+update.Code+".")
	report := verify(t, w, keys[1], 1)
	require.Len(t, report.Differences, 1)
	assert.Equal(t, audit.Stray, report.Differences[0].Kind)
	assert.Equal(t, harness.Phone(1), report.Differences[0].Address)
	verify(t, w, keys[1], 0, "--no-provider")
	r := w.CLI("verify", string(keys[1]))
	assert.Equal(t, 1, r.Status)
	assert.Contains(t, r.Stdout, "DIFFERS")

	w.Twilio.SetBehavior(twiliosim.Behavior{Receipts: twiliosim.None})
	silent := w.Publish(harness.NewAlert("ma.boston"))
	w.Finished(silent.Key)
	harness.Soon(t, func() error { return errorUnless(arrived(w, "ACK "+silent.Code), "the phones have not all got it") })
	for _, d := range verify(t, w, silent.Key, 1).Differences {
		assert.Equal(t, audit.Unheard, d.Kind, "the receipts never came: %s", d.Detail)
	}

	w.Twilio.SetReadAnswer(twiliosim.Refuse(http.StatusUnauthorized, 20003))
	report = verify(t, w, keys[0], 1)
	assert.Empty(t, report.Differences)
	assert.False(t, report.Agrees)
}

// arrived reports whether every text with some words in it was delivered.
func arrived(w *harness.World, words string) bool {
	n := 0
	for _, m := range w.Twilio.Messages() {
		if strings.Contains(m.Body, words) {
			if m.Status != "delivered" && m.Status != "undelivered" {
				return false
			}
			n++
		}
	}
	return n > 0
}

// stray has the account send a text that Revere knows nothing of.
func stray(t *testing.T, w *harness.World, to, body string) {
	t.Helper()
	form := url.Values{"To": {to}, "From": {harness.SMSNumber}, "Body": {body}}
	request, err := http.NewRequest(http.MethodPost, w.Twilio.URL()+"/2010-04-01/Accounts/"+harness.AccountSID+"/Messages.json", strings.NewReader(form.Encode()))
	require.NoError(t, err)
	request.SetBasicAuth(harness.AccountSID, harness.AuthToken)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusCreated, answer.StatusCode)
}
