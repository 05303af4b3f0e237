package sms_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/channels"
	"revere/integration/twiliosim"
)

func (w *world) inquirer() channels.Inquirer { return w.channel.(channels.Inquirer) }

// silence has Twilio take the message and come to a status of which it tells nobody.
func (w *world) silence(t *testing.T, b twiliosim.Behavior, status string) alerting.Silence {
	t.Helper()
	b.Receipts = twiliosim.None
	w.twilio.SetBehavior(b)
	out := w.channel.Send(t.Context(), message())
	require.Equal(t, alerting.Accepted, out.State)
	require.Eventually(t, func() bool { return w.twilio.Messages()[0].Status == status }, soon, tick)
	return alerting.Silence{Ref: message().Ref, ProviderID: out.ProviderID, State: out.State}
}

// What Twilio answers when it is asked is the receipt that it would have posted: the same facts.
func TestInquireTellsWhatTheReceiptWouldHaveTold(t *testing.T) {
	for name, tt := range map[string]struct {
		behavior twiliosim.Behavior
		status   string
		state    alerting.State
		code     string
		optOut   bool
	}{
		"queued":      {twiliosim.Behavior{ReceiptDelay: time.Hour}, "queued", alerting.Accepted, "", false},
		"sent":        {twiliosim.Behavior{Outcome: twiliosim.SentOnly}, "sent", alerting.Sent, "", false},
		"delivered":   {twiliosim.Behavior{}, "delivered", alerting.Delivered, "", false},
		"read":        {twiliosim.Behavior{Outcome: twiliosim.ReadByUser}, "read", alerting.Read, "", false},
		"phone off":   {twiliosim.Behavior{Outcome: twiliosim.Undelivered, ErrorCode: 30003}, "undelivered", alerting.Undelivered, "30003", false},
		"no phone":    {twiliosim.Behavior{Outcome: twiliosim.Undelivered, ErrorCode: 30005}, "undelivered", alerting.Undelivered, "30005", false},
		"no reason":   {twiliosim.Behavior{Outcome: twiliosim.Failed}, "failed", alerting.Undelivered, "unspecified", false},
		"replied end": {twiliosim.Behavior{Outcome: twiliosim.Failed, ErrorCode: 21610}, "failed", alerting.Undelivered, "21610", true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			x := w.silence(t, tt.behavior, tt.status)
			facts, err := w.inquirer().Inquire(t.Context(), x)
			require.NoError(t, err)
			require.NotEmpty(t, facts)
			assert.Equal(t, tt.state, facts[0].State)
			assert.Equal(t, tt.code, facts[0].Code)
			assert.Equal(t, x.Ref.String(), facts[0].Ref)
			assert.Equal(t, tt.optOut, len(facts) == 2)

			form := receiptForm(x.ProviderID, tt.status)
			if code := w.twilio.Messages()[0].ErrorCode; code != 0 {
				form.Set("ErrorCode", tt.code)
			}
			require.Equal(t, http.StatusNoContent, w.serve(w.signed(statusPath+"?ref="+x.Ref.String(), form)).Code)
			assert.Equal(t, timeless(w.inbox.Facts()), timeless(facts))
		})
	}
}

func timeless(facts []alerting.Inbound) []alerting.Inbound {
	for i := range facts {
		facts[i].At = time.Time{}
	}
	return facts
}

func TestInquireSaysWhenItCouldNotAsk(t *testing.T) {
	json := func(body string) *twiliosim.Answer { return &twiliosim.Answer{Status: 200, Body: body} }
	for name, tt := range map[string]struct {
		answer *twiliosim.Answer
		wait   time.Duration // that it asks for
	}{
		"wrong credentials":      {twiliosim.Refuse(http.StatusUnauthorized, 20003), 0},
		"too fast":               {twiliosim.Throttle(0), time.Second},
		"too fast, with a time":  {twiliosim.Throttle(20 * time.Second), 20 * time.Second},
		"server error":           {&twiliosim.Answer{Status: 500, Body: "oops"}, 0},
		"not Twilio":             {&twiliosim.Answer{Status: 404, Body: "<html>"}, 0},
		"redirect":               {&twiliosim.Answer{Status: 302, Header: map[string]string{"Location": "http://127.0.0.1:1/"}}, 0},
		"not JSON":               {json("<html>"), 0},
		"cut short":              {json(`{"sid": "SM`), 0},
		"nothing in it":          {json(`{}`), 0},
		"empty":                  {json(""), 0},
		"about another message":  {json(`{"sid": "SM00000000000000000000000000000001", "status": "delivered"}`), 0},
		"a status that is empty": {json(`{"sid": "SID", "status": ""}`), 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			x := w.silence(t, twiliosim.Behavior{}, "delivered")
			tt.answer.Body = strings.ReplaceAll(tt.answer.Body, "SID", x.ProviderID)
			w.twilio.SetReadAnswer(tt.answer)
			facts, err := w.inquirer().Inquire(t.Context(), x)
			require.Error(t, err, "not knowing is not the same as nothing new")
			assert.Empty(t, facts)
			assert.Equal(t, alerting.CodeUnavailable, alerting.CodeOf(err))
			assert.NotContains(t, err.Error(), authToken)
			busy, asks := errors.AsType[*channels.Busy](err)
			assert.Equal(t, tt.wait > 0, asks)
			if asks {
				assert.Equal(t, tt.wait, busy.After)
			}
		})
	}
}

func TestInquireAboutAMessageThatTwilioDoesNotHave(t *testing.T) {
	w := newWorld(t)
	x := w.silence(t, twiliosim.Behavior{}, "delivered")
	for _, id := range []string{"SM00000000000000000000000000000001", "", "../Messages", "SM1?x=y"} {
		x.ProviderID = id
		_, err := w.inquirer().Inquire(t.Context(), x)
		assert.Equal(t, alerting.CodeNotFound, alerting.CodeOf(err), "%q", id)
	}
}
