package sms

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/twilio/twilio-go/client"
	openapi "github.com/twilio/twilio-go/rest/api/v2010"

	"revere/alerting"
)

// outcome tells what is known after CreateMessage. Whatever leaves it open whether Twilio took the
// message is Unknown.
func (x *call) outcome(created *openapi.ApiV2010Message, err error) alerting.Outcome {
	switch {
	case x.status == 0 && !x.connected.Load():
		return alerting.Outcome{State: alerting.Failed, Retry: true, Code: "unreachable", Reason: fmt.Sprintf("Twilio could not be reached: %v", err)}
	case x.status == 0:
		return unknown("no-answer", "Twilio did not answer: %v", err)
	case x.status >= http.StatusBadRequest:
		return x.refused(err)
	case x.status >= http.StatusMultipleChoices:
		return unknown(statusCode(x.status), "the answer is a redirect (HTTP %d), which Twilio does not give; check base_url", x.status)
	case err != nil:
		return unknown(statusCode(x.status), "the answer can't be read (HTTP %d): %v", x.status, err)
	case deref(created.Sid) == "":
		return unknown(statusCode(x.status), "the answer names no message (HTTP %d)", x.status)
	}
	return x.accepted(created)
}

func unknown(code, format string, args ...any) alerting.Outcome {
	return alerting.Outcome{State: alerting.Unknown, Code: code, Reason: fmt.Sprintf(format, args...)}
}

// statusCode stands in where there is no code of Twilio's.
func statusCode(status int) string { return "http-" + strconv.Itoa(status) }

// refused judges an answer of 400 and up by Twilio's error code, else by its status.
func (x *call) refused(err error) alerting.Outcome {
	var answer *client.TwilioRestError
	if errors.As(err, &answer) && answer.Code != 0 {
		o := faultOf(answer.Code).outcome(answer.Code)
		if o.Retry {
			o.RetryAfter = max(o.RetryAfter, x.retryAfter)
		}
		if x.retryAfter > 0 || x.status >= http.StatusInternalServerError || x.status == http.StatusTooManyRequests {
			o.MessageOnly = false // Twilio is busy or unwell, whatever it says of this message
		}
		return o
	}
	return x.refusedByStatus()
}

// refusedByStatus judges an answer in which Twilio itself does not speak: it comes from something on
// the way. A gateway that got no proper answer can't know what Twilio did.
func (x *call) refusedByStatus() alerting.Outcome {
	code := statusCode(x.status)
	switch x.status {
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		return unknown(code, "a gateway before Twilio got no answer from it (HTTP %d)", x.status)
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusProxyAuthRequired:
		return alerting.Outcome{
			State: alerting.Failed, Retry: true, PauseChannel: pause, Code: code,
			Reason: fmt.Sprintf("the API refuses us (HTTP %d); check account_sid, auth_token and base_url", x.status),
		}
	}
	wait := x.retryAfter
	if x.status == http.StatusTooManyRequests {
		wait = max(wait, busyWait)
	}
	return alerting.Outcome{
		State: alerting.Failed, Retry: true, RetryAfter: wait, Code: code,
		Reason: fmt.Sprintf("Twilio did not take the message at the moment (HTTP %d)", x.status),
	}
}

// outcome is what a failure for this reason means for the message.
func (f fault) outcome(code int) alerting.Outcome {
	o := alerting.Outcome{State: alerting.Failed, Code: codeText(code), Reason: f.sentence}
	switch f.class {
	case transient:
		o.Retry = true
	case busy:
		o.Retry, o.RetryAfter = true, busyWait
	case delayed:
		o.Retry, o.MessageOnly = true, true
	case operator:
		o.Retry, o.PauseChannel = true, pause
	case optedOut:
		o.OptedOut = true
	case permanent:
	}
	return o
}

// accepted reads Twilio's answer to a message that it took. What becomes of it is for receipts to
// tell, unless Twilio gave it up on the spot.
func (x *call) accepted(created *openapi.ApiV2010Message) alerting.Outcome {
	o := alerting.Outcome{State: alerting.Accepted}
	switch stateOf(deref(created.Status)) {
	case alerting.Sent, alerting.Delivered, alerting.Read:
		o.State = alerting.Sent
	case alerting.Undelivered:
		code := deref(created.ErrorCode)
		o = faultOf(code).outcome(code)
	}
	o.ProviderID = deref(created.Sid)
	return o
}

// listed reads a message as Twilio lists it later: what became of it, by Twilio's word.
func listed(m *openapi.ApiV2010Message) alerting.Outcome {
	o := alerting.Outcome{State: stateOf(deref(m.Status)), ProviderID: deref(m.Sid)}
	if o.State == alerting.Undelivered {
		code := deref(m.ErrorCode)
		f := faultOf(code)
		o.Code, o.Reason, o.OptedOut = codeText(code), f.sentence, f.class == optedOut
	}
	return o
}

// stateOf maps Twilio's message status
// (https://www.twilio.com/docs/messaging/api/message-resource#message-status-values). Twilio gives a
// status only to what it took, and so "failed" is Undelivered here, and a status that we don't know
// is evidence of Accepted.
func stateOf(status string) alerting.State {
	switch status {
	case "sent":
		return alerting.Sent
	case "delivered":
		return alerting.Delivered
	case "read":
		return alerting.Read
	case "undelivered", "failed", "canceled":
		return alerting.Undelivered
	default: // accepted, scheduled, queued, sending, partially_delivered
		return alerting.Accepted
	}
}

// codeText writes Twilio's error code, where it gave one.
func codeText(code int) string {
	if code == 0 {
		return "unspecified"
	}
	return strconv.Itoa(code)
}

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
