package twiliosim

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// The words that Twilio handles by itself, in any case, when a message says nothing else
// (https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out).
var keywords = map[string]string{
	"STOP": "STOP", "STOPALL": "STOP", "UNSUBSCRIBE": "STOP", "CANCEL": "STOP", "END": "STOP", "QUIT": "STOP",
	"REVOKE": "STOP", "OPTOUT": "STOP",
	"START": "START", "YES": "START", "UNSTOP": "START",
	"HELP": "HELP", "INFO": "HELP",
}

var autoReplies = map[string]string{
	"STOP":  "You have successfully been unsubscribed. You will not receive any more messages from this number. Reply START to resubscribe.",
	"START": "You have successfully been re-subscribed to messages from this number. Reply HELP for help. Reply STOP to unsubscribe.",
	"HELP":  "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}

// Reply lets a person at the number from write to the account's number to, and posts it to the
// inbound webhook. It returns the message's SID, also when the webhook did not take it, and then an
// error that says how the webhook was answered. STOP, START and HELP do what they do at Twilio.
func (s *Server) Reply(from, to, body string) (sid string, err error) {
	keyword := keywords[strings.ToUpper(strings.TrimSpace(body))]
	m, ok := s.store.add(Message{From: from, To: to, Body: body, Direction: inbound, Status: "received"})
	if !ok {
		return "", fmt.Errorf("the stand-in keeps no more than %d messages", maxMessages)
	}
	if keyword == "STOP" || keyword == "START" {
		s.store.setOptedOut(pair{to, from}, keyword == "STOP")
	}
	if keyword != "" {
		s.store.add(Message{From: to, To: from, Body: autoReplies[keyword], Direction: outboundReply, Status: "delivered"})
	}
	form := url.Values{
		"AccountSid": {s.AccountSID}, "ApiVersion": {"2010-04-01"}, "MessageSid": {m.SID}, "SmsSid": {m.SID},
		"SmsMessageSid": {m.SID}, "SmsStatus": {"received"}, "From": {from}, "To": {to}, "Body": {body},
		"NumMedia": {"0"}, "NumSegments": {"1"}, "FromCountry": {"US"}, "ToCountry": {"US"},
	}
	if keyword != "" {
		form.Set("OptOutType", keyword)
	}
	return m.SID, s.postInbound(form)
}

func (s *Server) postInbound(form url.Values) error {
	address := s.knobs.inboundURL()
	if address == "" {
		return errors.New("no inbound webhook is set: call SetInboundURL with public_url and /webhooks/twilio/messages")
	}
	if !s.begin() {
		return errors.New("the Twilio stand-in has stopped")
	}
	defer s.tasks.Done()
	ctx, cancel := context.WithTimeout(s.running, callbackTime)
	defer cancel()
	return s.post(ctx, address, form)
}
