package sms_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/integration/twiliosim"
)

func TestReconcileTellsWhatBecameOfTheMessage(t *testing.T) {
	for name, tt := range map[string]struct {
		behavior twiliosim.Behavior
		status   string // that Twilio comes to
		want     alerting.Outcome
	}{
		"queued":      {twiliosim.Behavior{ReceiptDelay: time.Hour}, "queued", alerting.Outcome{State: alerting.Accepted}},
		"sent":        {twiliosim.Behavior{Outcome: twiliosim.SentOnly}, "sent", alerting.Outcome{State: alerting.Sent}},
		"delivered":   {twiliosim.Behavior{}, "delivered", alerting.Outcome{State: alerting.Delivered}},
		"undelivered": {twiliosim.Behavior{Outcome: twiliosim.Undelivered, ErrorCode: 30005}, "undelivered", alerting.Outcome{State: alerting.Undelivered, Code: "30005"}},
		"failed":      {twiliosim.Behavior{Outcome: twiliosim.Failed, ErrorCode: 21610}, "failed", alerting.Outcome{State: alerting.Undelivered, Code: "21610", OptedOut: true}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			tt.behavior.Fault, tt.behavior.Receipts = twiliosim.CutAfter, twiliosim.None
			w.twilio.SetBehavior(tt.behavior)
			attempted := time.Now()
			require.Equal(t, alerting.Unknown, w.channel.Send(t.Context(), message()).State)
			require.Eventually(t, func() bool { return w.twilio.Messages()[0].Status == tt.status }, soon, tick)

			out, found, err := w.reconciler().Reconcile(t.Context(), message(), attempted)
			require.NoError(t, err)
			require.True(t, found)
			assert.Equal(t, tt.want.Code != "", out.Reason != "")
			tt.want.Reason, tt.want.ProviderID = out.Reason, w.twilio.Messages()[0].SID
			assert.Equal(t, tt.want, out)
		})
	}
}

func TestReconcileKnowsTheMessage(t *testing.T) {
	sent := message()
	other := func(change func(*alerting.Message)) alerting.Message {
		m := message()
		change(&m)
		return m
	}
	now := time.Now()
	for _, tt := range []struct {
		name      string
		m         alerting.Message
		attempted time.Time
		want      bool
	}{
		{"the same", sent, now, true},
		{"by its code alone", other(func(m *alerting.Message) { m.Text = "" }), now, true},
		{"by its text alone", other(func(m *alerting.Message) { m.Code = "" }), now, true},
		{"a marked repeat", other(func(m *alerting.Message) { m.PossibleDuplicate = true }), now, true},
		{"another alert", other(func(m *alerting.Message) { m.Code = "M4X" }), now, false},
		{"a code that only begins like it", other(func(m *alerting.Message) { m.Code, m.Text = "K7", "" }), now, false},
		{"the same alert, another text", other(func(m *alerting.Message) { m.Text = "MA State SOC: K7Q acknowledged for Boston Clerk at 07:14." }), now, false},
		{"another person", other(func(m *alerting.Message) { m.To = "+16175550124" }), now, false},
		{"clocks that differ by half a minute", sent, now.Add(30 * time.Second), true},
		{"sent long before the attempt", sent, now.Add(5 * time.Minute), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			require.Equal(t, alerting.Accepted, w.channel.Send(t.Context(), sent).State)
			_, found, err := w.reconciler().Reconcile(t.Context(), tt.m, tt.attempted)
			require.NoError(t, err)
			assert.Equal(t, tt.want, found)
		})
	}
}

func TestReconcileTakesTheBestOfSeveral(t *testing.T) {
	w := newWorld(t)
	w.twilio.SetBehaviorFor(theirs, twiliosim.Behavior{Times: 1})
	w.channel.Send(t.Context(), message())
	require.Eventually(t, func() bool { return w.twilio.Messages()[0].Status == "delivered" }, soon, tick)
	w.twilio.SetBehaviorFor(theirs, twiliosim.Behavior{ReceiptDelay: time.Hour})
	w.channel.Send(t.Context(), message())

	out, found, err := w.reconciler().Reconcile(t.Context(), message(), time.Now())
	require.NoError(t, err)
	assert.True(t, found)
	assert.Equal(t, alerting.Delivered, out.State)
	assert.Equal(t, w.twilio.Messages()[0].SID, out.ProviderID)
}

func TestReconcileReadsEveryPage(t *testing.T) {
	w := newWorld(t)
	attempted := time.Now()
	w.channel.Send(t.Context(), message())
	for i := range 230 {
		m := message()
		m.Code, m.Text = "M4X", fmt.Sprintf("another alert, number %d. Reply ACK M4X.", i)
		require.Equal(t, alerting.Accepted, w.channel.Send(t.Context(), m).State)
	}
	_, found, err := w.reconciler().Reconcile(t.Context(), message(), attempted)
	require.NoError(t, err)
	assert.True(t, found, "the message is on the third page")
}

func TestReconcileSeesThroughTheTrialAccountsWords(t *testing.T) {
	w := newWorldOn(t, &twiliosim.Server{Trial: true})
	w.channel.Send(t.Context(), message())
	require.NotEqual(t, message().Text, w.twilio.Messages()[0].Body)
	_, found, err := w.reconciler().Reconcile(t.Context(), message(), time.Now())
	require.NoError(t, err)
	assert.True(t, found)
}

func TestReconcileSaysWhenItCouldNotAsk(t *testing.T) {
	for name, answer := range map[string]*twiliosim.Answer{
		"wrong credentials": twiliosim.Refuse(http.StatusUnauthorized, 20003),
		"too fast":          twiliosim.Throttle(time.Second),
		"server error":      {Status: 500, Body: "oops"},
		"redirect":          {Status: 302, Header: map[string]string{"Location": "http://127.0.0.1:1/"}},
		"not JSON":          {Status: 200, Body: "<html>"},
		"no list in it":     {Status: 200, Body: "{}"},
		"empty":             {Status: 200},
		"no content":        {Status: 204},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.twilio.SetReadAnswer(answer)
			_, found, err := w.reconciler().Reconcile(t.Context(), message(), time.Now())
			require.Error(t, err, "not knowing is not the same as not there")
			assert.False(t, found)
			assert.Equal(t, alerting.CodeUnavailable, alerting.CodeOf(err))
			assert.NotContains(t, err.Error(), authToken)
		})
	}
	t.Run("nothing to look for", func(t *testing.T) {
		_, _, err := newWorld(t).reconciler().Reconcile(t.Context(), alerting.Message{To: theirs}, time.Now())
		assert.Equal(t, alerting.CodeInvalid, alerting.CodeOf(err))
	})
}
