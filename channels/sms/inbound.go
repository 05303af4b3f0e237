package sms

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"revere/alerting"
)

// messageSID is the form of a message's name: an SMS or an MMS.
var messageSID = regexp.MustCompile(`^(SM|MM)[0-9a-fA-F]{32}$`)

// optOutTypes are the values of OptOutType, which Twilio adds when it handled the word itself
// (https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out).
var optOutTypes = map[string]alerting.InboundKind{
	"STOP":  alerting.InboundOptOut,
	"START": alerting.InboundOptIn,
	"HELP":  alerting.InboundAskedHelp,
}

// keywords are the words that Twilio handles where nothing else is set up: alone in a message, in
// any case (https://help.twilio.com/articles/223134027).
var keywords = map[string]alerting.InboundKind{
	"STOP": alerting.InboundOptOut, "STOPALL": alerting.InboundOptOut, "UNSUBSCRIBE": alerting.InboundOptOut,
	"CANCEL": alerting.InboundOptOut, "END": alerting.InboundOptOut, "QUIT": alerting.InboundOptOut,
	"REVOKE": alerting.InboundOptOut, "OPTOUT": alerting.InboundOptOut,
	"START": alerting.InboundOptIn, "UNSTOP": alerting.InboundOptIn, "YES": alerting.InboundOptIn,
	"HELP": alerting.InboundAskedHelp, "INFO": alerting.InboundAskedHelp,
}

// readMessage turns a message from a person into facts.
func (c *channel) readMessage(_, form url.Values, now time.Time) ([]alerting.Inbound, *refusal) {
	sid, from, text := form.Get("MessageSid"), form.Get("From"), form.Get("Body")
	if !messageSID.MatchString(sid) || from == "" {
		return nil, &refusal{http.StatusBadRequest, "malformed", "the webhook names no message or no sender"}
	}
	// Twilio gives E.164; a short code that writes to us has no such form and stays as it is.
	if number, err := parseAddress(from); err == nil {
		from = number
	}
	fact := alerting.Inbound{Channel: name, Kind: alerting.InboundReply, At: now, From: from, Text: text, ID: sid}
	word := strings.ToUpper(strings.TrimSpace(text))
	kind, handled := optOutTypes[form.Get("OptOutType")]
	if !handled {
		kind, handled = keywords[word]
	}
	if !handled {
		return []alerting.Inbound{fact}, nil
	}
	wish := fact
	wish.Kind = kind
	if word == "YES" {
		// It undoes a STOP; but who never said STOP means to answer the alert, and must hear that
		// YES is no acknowledgement.
		wish.ID = sid + "-" + string(kind)
		return []alerting.Inbound{wish, fact}, nil
	}
	return []alerting.Inbound{wish}, nil
}

// readStatus turns a receipt into facts. A receipt for a message that we did not send by this way
// has no ref, and one that is not ours to read is left out; About still names the message.
func (c *channel) readStatus(query, form url.Values, now time.Time) ([]alerting.Inbound, *refusal) {
	sid, status := form.Get("MessageSid"), form.Get("MessageStatus")
	if !messageSID.MatchString(sid) || status == "" {
		return nil, &refusal{http.StatusBadRequest, "malformed", "the receipt names no message or no status"}
	}
	told := word{sid: sid, status: status, to: form.Get("To")}
	if ref, err := alerting.ParseRef(query.Get(refKey)); err == nil {
		told.ref = ref.String()
	}
	if code, err := strconv.Atoi(form.Get("ErrorCode")); err == nil && code > 0 {
		told.code = code
	}
	return told.facts(now), nil
}

// A word is what Twilio tells of a message, by itself or when it is asked.
type word struct {
	sid, status, to string
	code            int    // the error, 0 for none
	ref             string // the attempt that it is about; "" where it is not known
}

// facts are what a word means. Told twice they have the same ids.
func (w word) facts(now time.Time) []alerting.Inbound {
	fact := alerting.Inbound{
		Channel: name, Kind: alerting.InboundReceipt, At: now, About: []string{w.sid}, Ref: w.ref,
		State: stateOf(w.status), ID: w.sid + "-" + clip(w.status),
	}
	if fact.State != alerting.Undelivered && w.code == 0 {
		return []alerting.Inbound{fact}
	}
	cause := faultOf(w.code)
	fact.Code, fact.Reason = codeText(w.code), cause.sentence
	if to, err := parseAddress(w.to); err == nil && cause.class == optedOut {
		wish := alerting.Inbound{Channel: name, Kind: alerting.InboundOptOut, At: now, From: to, Code: fact.Code, Reason: fact.Reason, ID: w.sid + "-opt-out"}
		return []alerting.Inbound{fact, wish}
	}
	return []alerting.Inbound{fact}
}

// clip bounds a status that Twilio may invent.
func clip(s string) string { return s[:min(len(s), 40)] }
