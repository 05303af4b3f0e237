package integration_test

import (
	"net/http"
	"net/url"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/integration/harness"
	"revere/integration/twiliosim"
)

// What is not authentic is refused and changes nothing.
func TestForgeries(t *testing.T) {
	t.Parallel()
	w := desk(t, harness.Options{InProcess: true})
	first, second := out(t, w, plainly), out(t, w, plainly)
	form := url.Values{
		"AccountSid": {harness.AccountSID}, "MessageSid": {"SM0123456789abcdef0123456789abcdef"}, "From": {harness.Phone(1)},
		"To": {harness.SMSNumber}, "Body": {"ACK " + first.Code},
	}
	messages := w.URL() + "/webhooks/twilio/messages"
	twice := url.Values{"AccountSid": form["AccountSid"], "MessageSid": form["MessageSid"], "From": form["From"], "To": form["To"], "Body": {"hello", "ACK " + first.Code}}
	for name, forged := range map[string]struct {
		form      url.Values
		signature string
	}{
		"no signature":           {form, ""},
		"a wrong token":          {form, twiliosim.Sign("0123456789abcdef", messages, form)},
		"another address":        {form, twiliosim.Sign(harness.AuthToken, w.URL()+"/webhooks/twilio/status", form)},
		"a key that comes twice": {twice, twiliosim.Sign(harness.AuthToken, messages, twice)},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.For(t).Call(http.StatusForbidden, harness.Request{Method: http.MethodPost, Path: "/webhooks/twilio/messages", Body: forged.form.Encode(), Header: map[string]string{
				"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": forged.signature,
			}})
			assert.NotContains(t, string(a.Body), harness.AuthToken)
		})
	}
	t.Run("a wrong webhook token", func(t *testing.T) {
		w.For(t).Call(http.StatusForbidden, harness.Request{Method: http.MethodPost, Path: "/webhooks/signal/0123456789abcdef0123", Body: map[string]any{}})
	})
	t.Run("a link that was changed", func(t *testing.T) {
		token := []byte(link(t, w)[len(w.URL()):])
		token[len(token)-1] ^= 1
		w.For(t).Call(http.StatusNotFound, harness.Request{Method: http.MethodPost, Path: string(token), Body: "response=ack", Header: formType})
	})
	t.Run("another person's number", func(t *testing.T) {
		_, err := w.Twilio.Reply("+16175569999", harness.SMSNumber, "ACK "+first.Code)
		require.NoError(t, err, "a stranger's text is taken from Twilio, and means nothing")
	})
	t.Run("a reaction of somebody else", func(t *testing.T) {
		signaled(t)(w.Signal.React("+16175569999", "👍", timestamp(t, w, harness.Phone(2))))
	})
	t.Run("no token, and a wrong one", func(t *testing.T) {
		path := "/api/v1/alerts/" + string(first.Key) + "/acknowledgements"
		for _, token := range []string{"wrong", strconv.Itoa(12345)} {
			w.For(t).Call(http.StatusUnauthorized, harness.Request{Method: http.MethodPost, Path: path, Token: token, Body: map[string]string{"subscriber": "silent"}})
		}
	})
	w.Acknowledge(second.Key, "by-desk", "") // comes behind all of it in the record
	assert.Zero(t, w.Summary(first.Key).Acknowledged)
	assert.Equal(t, 1, w.Summary(second.Key).Acknowledged)
}

// A webhook that comes a second time is the same fact.
func TestAReplayedWebhookCountsOnce(t *testing.T) {
	t.Parallel()
	w := desk(t, harness.Options{InProcess: true})
	p := out(t, w, plainly)
	form := url.Values{
		"AccountSid": {harness.AccountSID}, "MessageSid": {"SM0123456789abcdef0123456789abcdef"}, "From": {harness.Phone(1)},
		"To": {harness.SMSNumber}, "Body": {"ACK " + p.Code},
	}
	signature := twiliosim.Sign(harness.AuthToken, w.URL()+"/webhooks/twilio/messages", form)
	for range 3 {
		w.Call(http.StatusOK, harness.Request{Method: http.MethodPost, Path: "/webhooks/twilio/messages", Body: form.Encode(), Header: map[string]string{
			"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature,
		}})
	}
	_, err := w.Twilio.Reply(harness.Phone(3), harness.SMSNumber, "ACK "+p.Code) // judged behind them
	require.NoError(t, err)
	w.Answered(p.Key, "by-desk")
	assert.Len(t, w.Person(p.Key, "by-sms").Answers, 1)
	w.Texts(harness.Phone(1), 2)
}
