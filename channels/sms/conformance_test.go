package sms_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"revere/channels/channelstest"
	"revere/channels/sms"
	"revere/integration/twiliosim"
)

func TestConformance(t *testing.T) {
	channelstest.Run(t, channelstest.Harness{
		Kind:      sms.Kind,
		Valid:     theirs,
		Spellings: []string{"617-555-0123", "(617) 555 0123", "+1 617 555 0123", "1.617.555.0123", "６１７５５５０１２３"},
		Invalid:   "+1617555012",
		Secrets:   []string{authToken},
		Open: func(tb testing.TB) *channelstest.Fixture {
			w := newWorld(tb)
			set := func(b twiliosim.Behavior) func() { return func() { w.twilio.SetBehavior(b) } }
			denied := twiliosim.Refuse(http.StatusUnauthorized, 20003)
			return &channelstest.Fixture{
				Channel:         w.channel,
				Taken:           w.taken,
				Refuse:          set(twiliosim.Behavior{Landline: true}),
				FailTemporarily: set(twiliosim.Behavior{Answer: twiliosim.Refuse(http.StatusServiceUnavailable, 20503)}),
				RateLimit: func(wait time.Duration) {
					w.twilio.SetBehavior(twiliosim.Behavior{Answer: twiliosim.Throttle(wait)})
				},
				Hang:      set(twiliosim.Behavior{Fault: twiliosim.HangBefore}),
				CutBefore: set(twiliosim.Behavior{Fault: twiliosim.CutBefore}),
				CutAfter:  set(twiliosim.Behavior{Fault: twiliosim.CutAfter}),
				Down:      w.twilio.Stop,
				WrongCredentials: func() {
					w.twilio.SetBehavior(twiliosim.Behavior{Answer: denied})
					w.twilio.SetReadAnswer(denied)
				},
				Reply: func(from, text string) *http.Request {
					return w.signed("/webhooks/twilio/messages", inboundForm(from, text))
				},
				Receipt: func(id string) *http.Request {
					return w.signed("/webhooks/twilio/status", receiptForm(id, "delivered"))
				},
				Forged: func() *http.Request {
					r := w.signed("/webhooks/twilio/messages", inboundForm(theirs, "ACK K7Q"))
					r.Header.Set("X-Twilio-Signature", twiliosim.Sign("another", w.public+"/webhooks/twilio/messages", inboundForm(theirs, "ACK K7Q")))
					return r
				},
			}
		},
	})
}

// taken counts what Twilio accepted for a number.
func (w *world) taken(to string) int {
	n := 0
	for _, m := range w.twilio.Messages() {
		if m.To == to {
			n++
		}
	}
	return n
}

// signed is a webhook as Twilio posts it, for a handler to serve.
func (w *world) signed(target string, form url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	r.Header.Set("X-Twilio-Signature", twiliosim.Sign(authToken, w.public+target, form))
	return r
}

const inboundSID = "SM0123456789abcdef0123456789abcdef"

func inboundForm(from, text string) url.Values {
	return url.Values{"AccountSid": {accountSID}, "MessageSid": {inboundSID}, "From": {from}, "To": {ours}, "Body": {text}, "NumMedia": {"0"}}
}

func receiptForm(sid, status string) url.Values {
	return url.Values{"AccountSid": {accountSID}, "MessageSid": {sid}, "MessageStatus": {status}, "From": {ours}, "To": {theirs}}
}
