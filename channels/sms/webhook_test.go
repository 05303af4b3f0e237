package sms_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/channels"
	"revere/channels/channelstest"
	"revere/integration/twiliosim"
)

const (
	messagesPath = "/webhooks/twilio/messages"
	statusPath   = "/webhooks/twilio/status"
)

// serve gives one webhook to the channel's routes.
func (w *world) serve(r *http.Request) *httptest.ResponseRecorder {
	mux := http.NewServeMux()
	for _, route := range w.channel.(channels.Receiver).Routes(w.inbox) {
		mux.Handle(route.Pattern, route.Handler)
	}
	recorder := httptest.NewRecorder()
	mux.ServeHTTP(recorder, r)
	return recorder
}

func TestReply(t *testing.T) {
	w := newWorld(t)
	before := time.Now()
	sid, err := w.twilio.Reply(theirs, ours, "ACK K7Q, generators at 40 %")
	require.NoError(t, err)
	require.Len(t, w.inbox.Facts(), 1)
	fact := w.inbox.Facts()[0]
	assert.WithinRange(t, fact.At, before, time.Now())
	fact.At = time.Time{}
	assert.Equal(t, alerting.Inbound{
		Channel: "sms", Kind: alerting.InboundReply, From: theirs, Text: "ACK K7Q, generators at 40 %", ID: sid,
	}, fact)
	assert.NotContains(t, w.log.String(), "generators", "no text in the log")
}

func TestAnswersThatTwilioWants(t *testing.T) {
	w := newWorld(t)
	reply := w.serve(w.signed(messagesPath, inboundForm(theirs, "ACK K7Q")))
	assert.Equal(t, http.StatusOK, reply.Code)
	assert.Equal(t, "<Response/>", reply.Body.String())
	assert.Contains(t, reply.Header().Get("Content-Type"), "text/xml")
	receipt := w.serve(w.signed(statusPath, receiptForm(inboundSID, "sent")))
	assert.Equal(t, http.StatusNoContent, receipt.Code)
	assert.Empty(t, receipt.Body.String())
}

func TestWordsThatAreTwilios(t *testing.T) {
	out, in, help, reply := alerting.InboundOptOut, alerting.InboundOptIn, alerting.InboundAskedHelp, alerting.InboundReply
	for _, tt := range []struct {
		text, optOutType string
		want             []alerting.InboundKind
	}{
		{"STOP", "", []alerting.InboundKind{out}},
		{" stop\n", "", []alerting.InboundKind{out}},
		{"Unsubscribe", "", []alerting.InboundKind{out}},
		{"START", "", []alerting.InboundKind{in}},
		{"unstop", "", []alerting.InboundKind{in}},
		{"HELP", "", []alerting.InboundKind{help}},
		{"info", "", []alerting.InboundKind{help}},
		{"ARRET", "STOP", []alerting.InboundKind{out}},
		{"ja", "START", []alerting.InboundKind{in}},
		{"ayuda", "HELP", []alerting.InboundKind{help}},
		{"YES", "", []alerting.InboundKind{in, reply}}, // the person may mean the alert
		{"yes", "START", []alerting.InboundKind{in, reply}},
		{"stop that truck", "", []alerting.InboundKind{reply}},
		{"help is on the way", "", []alerting.InboundKind{reply}},
		{"ACK K7Q", "", []alerting.InboundKind{reply}},
		{"ACK K7Q", "NEW", []alerting.InboundKind{reply}},
		{`Liked "…ACK K7Q"`, "", []alerting.InboundKind{reply}},
		{"", "", []alerting.InboundKind{reply}}, // a picture alone
	} {
		t.Run(tt.text+tt.optOutType, func(t *testing.T) {
			w, form := newWorld(t), inboundForm(theirs, tt.text)
			if tt.optOutType != "" {
				form.Set("OptOutType", tt.optOutType)
			}
			require.Equal(t, http.StatusOK, w.serve(w.signed(messagesPath, form)).Code)
			var kinds []alerting.InboundKind
			ids := map[string]bool{}
			for _, fact := range w.inbox.Facts() {
				kinds = append(kinds, fact.Kind)
				ids[fact.ID] = true
				assert.Equal(t, theirs, fact.From)
				assert.Equal(t, tt.text, fact.Text)
			}
			assert.Equal(t, tt.want, kinds)
			assert.Len(t, ids, len(kinds), "each fact has an id of its own")
		})
	}
}

func TestReceiptStates(t *testing.T) {
	ref := message().Ref.String()
	for _, tt := range []struct {
		status, code string
		want         alerting.State
	}{
		{"accepted", "", alerting.Accepted},
		{"scheduled", "", alerting.Accepted},
		{"queued", "", alerting.Accepted},
		{"sending", "", alerting.Accepted},
		{"sent", "", alerting.Sent},
		{"delivered", "", alerting.Delivered},
		{"read", "", alerting.Read},
		{"undelivered", "30003", alerting.Undelivered},
		{"failed", "30034", alerting.Undelivered}, // Twilio took it: Failed would not outrank Accepted
		{"canceled", "", alerting.Undelivered},
		{"failed", "29999", alerting.Undelivered},
		{"failed", "junk", alerting.Undelivered},
		{"invented-since", "", alerting.Accepted},
	} {
		t.Run(tt.status+tt.code, func(t *testing.T) {
			w, form := newWorld(t), receiptForm(inboundSID, tt.status)
			if tt.code != "" {
				form.Set("ErrorCode", tt.code)
			}
			require.Equal(t, http.StatusNoContent, w.serve(w.signed(statusPath+"?ref="+ref, form)).Code)
			require.Len(t, w.inbox.Facts(), 1)
			fact := w.inbox.Facts()[0]
			assert.Equal(t, tt.want, fact.State)
			assert.Equal(t, ref, fact.Ref)
			assert.Equal(t, []string{inboundSID}, fact.About)
			assert.Equal(t, inboundSID+"-"+tt.status, fact.ID)
			assert.Equal(t, tt.want == alerting.Undelivered, fact.Reason != "", "what did not arrive says why")
			if tt.code == "30003" {
				assert.Equal(t, "30003", fact.Code)
			}
		})
	}
}

// Where Twilio learns only while sending that the person said STOP, the wish is a fact of its own.
func TestReceiptThatTellsOfAnOptOut(t *testing.T) {
	w, form := newWorld(t), receiptForm(inboundSID, "failed")
	form.Set("ErrorCode", "21610")
	w.serve(w.signed(statusPath+"?ref="+message().Ref.String(), form))
	require.Len(t, w.facts(alerting.InboundReceipt), 1)
	wishes := w.facts(alerting.InboundOptOut)
	require.Len(t, wishes, 1)
	assert.Equal(t, theirs, wishes[0].From)
}

func TestReceiptWithoutARefOfOurs(t *testing.T) {
	w := newWorld(t)
	for _, target := range []string{statusPath, statusPath + "?ref=", statusPath + "?ref=a1-!-1", statusPath + "?other=1"} {
		require.Equal(t, http.StatusNoContent, w.serve(w.signed(target, receiptForm(inboundSID, "sent"))).Code, target)
	}
	for _, fact := range w.inbox.Facts() {
		assert.Empty(t, fact.Ref)
		assert.Equal(t, []string{inboundSID}, fact.About, "the message is still named")
	}
}

func TestFakeWebhooksAreRefused(t *testing.T) {
	ref := statusPath + "?ref=" + message().Ref.String()
	reply, receipt := inboundForm(theirs, "ACK K7Q"), receiptForm(inboundSID, "delivered")
	for name, tt := range map[string]struct {
		make   func(*world) *http.Request
		status int
	}{
		"no signature": {func(w *world) *http.Request {
			r := w.signed(messagesPath, reply)
			r.Header.Del("X-Twilio-Signature")
			return r
		}, 403},
		"another's token": {func(w *world) *http.Request {
			r := w.signed(messagesPath, reply)
			r.Header.Set("X-Twilio-Signature", twiliosim.Sign("guess", w.public+messagesPath, reply))
			return r
		}, 403},
		"another sender put in": {func(w *world) *http.Request {
			return tampered(w.signed(messagesPath, reply), inboundForm("+16175550124", "ACK K7Q").Encode())
		}, 403},
		"another ref put in": {func(w *world) *http.Request {
			r := w.signed(ref, receipt)
			r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "a17-", "a18-", 1)
			return r
		}, 403},
		"signed for the other webhook": {func(w *world) *http.Request {
			r := w.signed(statusPath, reply)
			r.URL.Path = messagesPath
			return r
		}, 403},
		"signed for another host": {func(w *world) *http.Request {
			r := w.signed(messagesPath, reply)
			r.Header.Set("X-Twilio-Signature", twiliosim.Sign(authToken, "https://elsewhere.example"+messagesPath, reply))
			return r
		}, 403},
		"a second value of a signed key": {func(w *world) *http.Request {
			return tampered(w.signed(messagesPath, reply), reply.Encode()+"&From=%2B16175550124")
		}, 403},
		"a second ref": {func(w *world) *http.Request {
			return w.signed(ref+"&ref=a18-x-1", receipt)
		}, 403},
		"another account, properly signed": {func(w *world) *http.Request {
			form := inboundForm(theirs, "ACK K7Q")
			form.Set("AccountSid", "AC00000000000000000000000000000002")
			return w.signed(messagesPath, form)
		}, 403},
		"no account": {func(w *world) *http.Request { return w.signed(messagesPath, url.Values{"Body": {"ACK K7Q"}}) }, 403},
		"no message": {func(w *world) *http.Request {
			return w.signed(messagesPath, url.Values{"AccountSid": {accountSID}, "From": {theirs}})
		}, 400},
		"no status": {func(w *world) *http.Request { return w.signed(statusPath, receiptForm(inboundSID, "")) }, 400},
		"more than 64 KiB": {func(w *world) *http.Request {
			return w.signed(messagesPath, inboundForm(theirs, strings.Repeat("a", 64<<10)))
		}, 413},
		"not a form": {func(w *world) *http.Request {
			r := w.signed(messagesPath, reply)
			r.Header.Set("Content-Type", "application/json")
			return r
		}, 415},
		"a broken form":  {func(w *world) *http.Request { return tampered(w.signed(messagesPath, reply), "From=%zz") }, 400},
		"a broken query": {func(w *world) *http.Request { return w.signed(statusPath+"?ref=%zz", receipt) }, 400},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			answer := w.serve(tt.make(w))
			assert.Equal(t, tt.status, answer.Code)
			require.Len(t, w.inbox.Facts(), 1, "the attempt is on record")
			fact := w.inbox.Facts()[0]
			assert.Equal(t, alerting.InboundRefused, fact.Kind)
			assert.NotEmpty(t, fact.Reason)
			assert.NotEmpty(t, fact.Code)
			assert.Empty(t, fact.Text+fact.From+fact.Ref+fact.ID, "nothing of what it claims is kept")
			assert.NotContains(t, w.log.String()+answer.Body.String(), authToken)
		})
	}
}

func tampered(r *http.Request, body string) *http.Request {
	changed := httptest.NewRequest(r.Method, r.URL.String(), strings.NewReader(body))
	changed.Header = r.Header
	return changed
}

func TestOnlyPOSTIsServed(t *testing.T) {
	w := newWorld(t)
	r := w.signed(messagesPath, inboundForm(theirs, "ACK K7Q"))
	r.Method = http.MethodGet
	assert.Equal(t, http.StatusMethodNotAllowed, w.serve(r).Code)
	assert.Empty(t, w.inbox.Facts())
}

// A stranger can't fill the record.
func TestRefusalsOnRecordAreLimited(t *testing.T) {
	w := newWorld(t)
	for range 200 {
		r := w.signed(messagesPath, inboundForm(theirs, "ACK K7Q"))
		r.Header.Set("X-Twilio-Signature", "guess")
		assert.Equal(t, http.StatusForbidden, w.serve(r).Code)
	}
	assert.GreaterOrEqual(t, len(w.inbox.Facts()), 10)
	assert.Less(t, len(w.inbox.Facts()), 100)
	require.Equal(t, http.StatusOK, w.serve(w.signed(messagesPath, inboundForm(theirs, "ACK K7Q"))).Code)
	assert.Len(t, w.facts(alerting.InboundReply), 1, "Twilio itself is not held up")
}

// The same webhook again is the same fact: it has the same id, so that it counts once.
func TestReplay(t *testing.T) {
	w := newWorld(t)
	for range 2 {
		require.Equal(t, http.StatusOK, w.serve(w.signed(messagesPath, inboundForm(theirs, "ACK K7Q"))).Code)
		require.Equal(t, http.StatusNoContent, w.serve(w.signed(statusPath, receiptForm(inboundSID, "delivered"))).Code)
	}
	facts := w.inbox.Facts()
	require.Len(t, facts, 4)
	assert.Equal(t, facts[0].ID, facts[2].ID)
	assert.Equal(t, facts[1].ID, facts[3].ID)
	assert.NotEqual(t, facts[0].ID, facts[1].ID)
}

func TestTwilioTriesAgainWhatCouldNotBeKept(t *testing.T) {
	w := newWorldOn(t, &twiliosim.Server{CallbackRetries: 0})
	w.inbox.FailWith(errors.New("the engine is away"))
	_, err := w.twilio.Reply(theirs, ours, "ACK K7Q")
	require.ErrorContains(t, err, "503")
	assert.Contains(t, w.log.String(), "the engine is away", "the operator hears of it")
	assert.NotContains(t, w.log.String(), "ACK")

	w.inbox.FailWith(nil)
	_, err = w.twilio.Reply(theirs, ours, "ACK K7Q")
	require.NoError(t, err)
	assert.Len(t, w.inbox.Facts(), 1)
}

// Whatever a signed webhook says, it is kept or refused, and never more than the record of a refusal
// comes of one that is not signed.
func FuzzWebhook(f *testing.F) {
	f.Add("AccountSid="+accountSID+"&MessageSid="+inboundSID+"&From=%2B16175550123&Body=ACK", "ref=a1", true)
	f.Add(receiptForm(inboundSID, "failed").Encode()+"&ErrorCode=-1", "", true)
	f.Add("Body=1&Body=2", "ref=1&ref=2", true)
	f.Add("%zz;&=", "%", false)
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, body, query string, signed bool) {
		values, _ := url.ParseQuery(body)
		for _, path := range []string{messagesPath, statusPath} {
			r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
			r.URL.RawQuery = query
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if signed {
				r.Header.Set("X-Twilio-Signature", twiliosim.Sign(authToken, w.public+r.URL.RequestURI(), values))
			}
			w.inbox = new(channelstest.Inbox)
			status := w.serve(r).Code
			for _, fact := range w.inbox.Facts() {
				assert.Equal(t, "sms", fact.Channel)
				assert.Equal(t, status/100 == 2, fact.Kind != alerting.InboundRefused, "%d %+v", status, fact)
			}
			if status/100 == 2 {
				assert.True(t, signed)
				assert.NotEmpty(t, w.inbox.Facts())
				assert.Equal(t, accountSID, values.Get("AccountSid"))
			}
		}
	})
}
