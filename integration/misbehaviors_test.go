package integration_test

import (
	"net/http"
	"time"

	"revere/alerting"
	"revere/integration/signalsim"
	"revere/integration/smtpsim"
	"revere/integration/twiliosim"
)

// misbehaviors are the ways in which providers go wrong, and what must come of each: the tests try
// every row over the wire, and the table in ARCHITECTURE.md is written from them.
var misbehaviors = map[string][]misbehavior{
	"sms": {
		{does: "is slow", course: accepts, fault: twilio(twiliosim.Behavior{Latency: 600 * time.Millisecond}), state: alerting.Delivered, messages: 1},
		{does: "tells the receipts before it answers the call", course: accepts, fault: twilio(twiliosim.Behavior{AnswerDelay: 400 * time.Millisecond}), state: alerting.Delivered, messages: 1},
		{does: "tells receipts late", course: accepts, fault: twilio(twiliosim.Behavior{ReceiptDelay: 700 * time.Millisecond}), state: alerting.Delivered, messages: 1},
		{does: "tells receipts twice", course: accepts, fault: twilio(twiliosim.Behavior{Receipts: twiliosim.Twice}), state: alerting.Delivered, messages: 1},
		{does: "tells receipts in the wrong order", course: accepts, fault: twilio(twiliosim.Behavior{Receipts: twiliosim.OutOfOrder}), state: alerting.Delivered, messages: 1},
		{does: "tells receipts of messages that nobody sent", course: accepts, fault: twilioOfStrangers, state: alerting.Delivered, messages: 1},
		{does: "tells that the person read it", course: accepts, fault: twilio(twiliosim.Behavior{Outcome: twiliosim.ReadByUser}), state: alerting.Read, messages: 1},
		{does: "tells no receipt", course: acceptsSilently, fault: silentTwilio(twiliosim.Behavior{}, nil), state: alerting.Delivered, messages: 1},
		{does: "tells no receipt, and has the message in its queue for seconds", course: acceptsSilently, fault: silentTwilio(twiliosim.Behavior{ReceiptDelay: 1200 * time.Millisecond}, nil), state: alerting.Delivered, messages: 1},
		{does: "tells no receipt, and says 429 when asked", course: acceptsSilently, fault: silentTwilio(twiliosim.Behavior{}, once(twiliosim.Throttle(time.Second))), state: alerting.Delivered, messages: 1},
		{does: "tells no receipt, and answers 500 when asked", course: acceptsSilently, fault: silentTwilio(twiliosim.Behavior{}, &twiliosim.Answer{Status: 500, Body: "oops", Times: 1}), state: alerting.Delivered, messages: 1},
		{does: "tells no receipt, and hangs when asked", course: acceptsSilently, fault: silentTwilio(twiliosim.Behavior{}, &twiliosim.Answer{Hang: true, Times: 1}), state: alerting.Delivered, messages: 1},
		{does: "tells no receipt, and does not know the message when asked first", course: acceptsSilently, fault: silentTwilio(twiliosim.Behavior{}, once(twiliosim.Refuse(http.StatusNotFound, 20404))), state: alerting.Delivered, messages: 1},
		{does: "tells no receipt, and only sent it on", course: acceptsSilently, fault: silentTwilio(twiliosim.Behavior{Outcome: twiliosim.SentOnly}, nil), state: alerting.Sent, messages: 1},
		{does: "tells no receipt, and it did not arrive (30005)", course: losesSilently, fault: silentTwilio(twiliosim.Behavior{Outcome: twiliosim.Undelivered, ErrorCode: 30005}, nil), state: alerting.Undelivered, messages: 1},
		{does: "takes it, and tells later that it did not arrive (30003)", course: losesLater, fault: twilio(twiliosim.Behavior{Outcome: twiliosim.Undelivered, ErrorCode: 30003}), state: alerting.Undelivered, messages: 1},
		{does: "takes it, and tells later that the carrier blocked it (30007)", course: losesLater, fault: twilio(twiliosim.Behavior{Outcome: twiliosim.Failed, ErrorCode: 30007}), state: alerting.Undelivered, messages: 1},

		{does: "hangs having taken it", course: isAsked, code: "no-answer", fault: twilio(twiliosim.Behavior{Fault: twiliosim.HangAfter}), state: alerting.Delivered, messages: 1},
		{does: "cuts the connection having taken it", course: isAsked, code: "no-answer", fault: twilio(twiliosim.Behavior{Fault: twiliosim.CutAfter, Receipts: twiliosim.None}), state: alerting.Delivered, messages: 1},
		{does: "cuts the connection within the answer", course: isAsked, code: "http-201", fault: twilio(twiliosim.Behavior{Fault: twiliosim.CutAnswer, Receipts: twiliosim.None}), state: alerting.Delivered, messages: 1},
		{does: "answers 200 with nothing in it", course: isAsked, code: "http-200", fault: twilio(twiliosim.Behavior{Fault: twiliosim.EmptyAnswer, Receipts: twiliosim.None}), state: alerting.Delivered, messages: 1},
		{does: "answers 201 with a web page", course: isAsked, code: "http-201", fault: twilio(twiliosim.Behavior{Answer: &twiliosim.Answer{Status: 201, Body: "<html>", Accept: true}, Receipts: twiliosim.None}), state: alerting.Delivered, messages: 1},
		{does: "answers 201 without a SID", course: isAsked, code: "http-201", fault: twilio(twiliosim.Behavior{Answer: &twiliosim.Answer{Status: 201, Header: jsonType, Body: `{"status": "queued"}`, Accept: true}, Receipts: twiliosim.None}), state: alerting.Delivered, messages: 1},
		{does: "cuts the connection and only sent it on", course: isAsked, code: "no-answer", fault: twilio(twiliosim.Behavior{Fault: twiliosim.CutAfter, Receipts: twiliosim.None, Outcome: twiliosim.SentOnly}), state: alerting.Sent, messages: 1},
		{does: "hangs", course: isAsked, code: "no-answer", fault: twilio(twiliosim.Behavior{Fault: twiliosim.HangBefore}), state: alerting.Delivered, attempts: 2, messages: 1, marked: true},
		{does: "cuts the connection", course: isAsked, code: "no-answer", fault: twilio(twiliosim.Behavior{Fault: twiliosim.CutBefore}), state: alerting.Delivered, attempts: 2, messages: 1, marked: true},
		{does: "answers with a redirect", course: isAsked, code: "http-302", fault: twilioAnswers(302, "Location", "/login"), state: alerting.Delivered, attempts: 2, messages: 1, marked: true},
		{does: "answers with a redirect that wants the message again (307)", course: isAsked, code: "http-307", fault: twilioAnswers(307, "Location", "/login"), state: alerting.Delivered, attempts: 2, messages: 1, marked: true},
		{does: "is behind a gateway that says 502", course: isAsked, code: "http-502", fault: twilioAnswers(502), state: alerting.Delivered, attempts: 2, messages: 1, marked: true},
		{does: "is behind a gateway that says 504", course: isAsked, code: "http-504", fault: twilioAnswers(504), state: alerting.Delivered, attempts: 2, messages: 1, marked: true},

		{does: "answers 500 with a web page", course: fails, code: "http-500", fault: twilioAnswers(500), state: alerting.Delivered, attempts: 2, messages: 1},
		{does: "answers 503 (20503)", course: fails, code: "20503", fault: twilioRefuses(503, 20503), state: alerting.Delivered, attempts: 2, messages: 1},
		{does: "gives an error that nobody knows (400, 29999)", course: fails, code: "29999", fault: twilioRefuses(400, 29999), state: alerting.Delivered, attempts: 2, messages: 1},
		{does: "has too long a queue (30001)", course: fails, code: "30001", fault: twilioRefuses(400, 30001), state: alerting.Delivered, attempts: 2, messages: 1},
		{does: "has a full queue for the sending number (21611)", course: fails, code: "21611", fault: twilioRefuses(400, 21611), state: alerting.Delivered, attempts: 2, messages: 1},
		{does: "cuts an error short", course: fails, code: "http-400", fault: twilio(twiliosim.Behavior{Answer: &twiliosim.Answer{Status: 400, Body: `{"code": 21211, "mess`}}), state: alerting.Delivered, attempts: 2, messages: 1},
		{does: "refuses the connection", course: fails, code: "unreachable", settings: nobodyThere("CHANNELS__SMS__BASE_URL"), check: "did not answer"},
		{does: "has a name that no DNS knows", course: fails, code: "unreachable", settings: sets("CHANNELS__SMS__BASE_URL", "https://twilio.invalid"), check: "did not answer"},
		{does: "has a certificate that nobody vouches for", course: fails, code: "unreachable", settings: untrusted("CHANNELS__SMS__BASE_URL"), check: "certificate"},
		{does: "says that the phone is off (30003)", course: putsOff, code: "30003", fault: twilioRefuses(400, 30003), state: alerting.Delivered, attempts: 2, messages: 1},
		{does: "does not know why the carrier failed (30008)", course: putsOff, code: "30008", fault: twilioRefuses(400, 30008), state: alerting.Delivered, attempts: 2, messages: 1},
		{does: "says 429 without `Retry-After` (20429)", course: asksToWait, code: "20429", fault: twilio(twiliosim.Behavior{Answer: twiliosim.Throttle(0)}), state: alerting.Delivered, attempts: 2, messages: 1},
		{does: "says 429 with `Retry-After` (20429)", course: asksToWait, code: "20429", fault: twilio(twiliosim.Behavior{Answer: twiliosim.Throttle(2 * time.Second)}), state: alerting.Delivered, attempts: 2, messages: 1},
		{does: "says 429 with a web page", course: asksToWait, code: "http-429", fault: twilioAnswers(429, "Retry-After", "2"), state: alerting.Delivered, attempts: 2, messages: 1},

		{does: "refuses the credentials (401, 20003)", course: holds, code: "20003", settings: sets("CHANNELS__SMS__AUTH_TOKEN", "wrong0123456789"), check: "refuses the credentials"},
		{does: "is not Twilio (404 with a web page)", course: holds, code: "http-404", fault: twilioAnswers(404)},
		{does: "has suspended the account (30002)", course: holds, code: "30002", fault: twilioRefuses(400, 30002)},
		{does: "wants a registered sender (30034)", course: holds, code: "30034", fault: twilioRefuses(400, 30034)},
		{does: "does not know the sending number (21606)", course: holds, code: "21606", settings: sets("CHANNELS__SMS__FROM", "+16175550177"), check: "is not a number of this Twilio account"},
		{does: "says that the phone does not exist (21211)", course: refuses, code: "21211", fault: twilioRefuses(400, 21211), state: alerting.Failed},
		{does: "says that the phone is a landline (21614)", course: refuses, code: "21614", fault: twilio(twiliosim.Behavior{Landline: true}), state: alerting.Failed},
		{does: "may not send to the country (21408)", course: refuses, code: "21408", fault: twilioRefuses(403, 21408), state: alerting.Failed},
		{does: "says that the phone or its carrier blocks us (30004)", course: refuses, code: "30004", fault: twilioRefuses(400, 30004), state: alerting.Failed},
		{does: "says that there is no such phone (30005)", course: refuses, code: "30005", fault: twilioRefuses(400, 30005), state: alerting.Failed},
		{does: "says that the carrier takes no SMS (30006)", course: refuses, code: "30006", fault: twilioRefuses(400, 30006), state: alerting.Failed},
		{does: "says that the carrier blocks it (30007)", course: refuses, code: "30007", fault: twilioRefuses(400, 30007), state: alerting.Failed},
		{does: "says that the person replied STOP (21610)", course: knowsSTOP, code: "21610", fault: twilioRefuses(400, 21610), state: alerting.Suppressed},
	},
	"email": {
		{does: "is slow", course: accepts, fault: slowSMTP(15 * time.Millisecond), state: alerting.Accepted, messages: 1},
		{does: "cuts the connection after it took the mail", course: accepts, fault: smtp(smtpsim.Fault{At: smtpsim.AtQuit, Do: smtpsim.Cut}), state: alerting.Accepted, messages: 1},

		{does: "cuts the connection between two mails", course: accepts, fault: smtp(smtpsim.Fault{At: smtpsim.AtReset, Do: smtpsim.Cut}), state: alerting.Accepted, messages: 1},
		reporting(misbehavior{does: "reports that it has arrived", course: accepts, state: alerting.Delivered, messages: 1}, 0, mailReport{"delivered", "2.0.0", false}),
		reporting(misbehavior{does: "reports twice", course: accepts, state: alerting.Delivered, messages: 1}, 0, mailReport{"delivered", "2.0.0", false}, mailReport{"delivered", "2.0.0", false}),
		reporting(misbehavior{does: "reports in the wrong order", course: accepts, state: alerting.Delivered, messages: 1}, 0, mailReport{"delivered", "2.0.0", false}, mailReport{"delayed", "4.4.1", false}),
		reporting(misbehavior{does: "reports of mails that nobody sent", course: accepts, state: alerting.Delivered, messages: 1}, 0, mailReport{"failed", "5.1.1", true}, mailReport{"delivered", "2.0.0", false}),
		reporting(misbehavior{does: "takes it, and reports at once that it did not arrive (5.1.1)", course: losesLater, state: alerting.Undelivered, messages: 1}, 0, mailReport{"failed", "5.1.1", false}),
		reporting(misbehavior{does: "takes it, and reports late that it did not arrive (5.4.7)", course: losesLater, state: alerting.Undelivered, messages: 1}, 700*time.Millisecond, mailReport{"failed", "5.4.7", false}),

		{does: "cuts the connection within the verdict, having the mail", course: mayHaveIt, code: "connection_lost", fault: smtp(smtpsim.Fault{At: smtpsim.AfterContent, Do: smtpsim.CutWithin}), state: alerting.Accepted, attempts: 2, messages: 2, marked: true},
		{does: "cuts the connection at the verdict, having the mail", course: mayHaveIt, code: "connection_lost", fault: smtp(smtpsim.Fault{At: smtpsim.AfterContent, Do: smtpsim.Cut}), state: alerting.Accepted, attempts: 2, messages: 2, marked: true},
		{does: "hangs at the verdict, having the mail", course: mayHaveIt, code: "timeout", fault: smtp(smtpsim.Fault{At: smtpsim.AfterContent, Do: smtpsim.Hang}), state: alerting.Accepted, attempts: 2, messages: 2, marked: true},
		{does: "cuts the connection at the verdict, not having the mail", course: mayHaveIt, code: "connection_lost", fault: smtp(smtpsim.Fault{At: smtpsim.AtContent, Do: smtpsim.Cut}), state: alerting.Accepted, attempts: 2, messages: 1, marked: true},

		{does: "greets with 421", course: fails, code: "4.3.2", fault: smtpSays(smtpsim.AtGreeting, 421, "4.3.2"), state: alerting.Accepted, attempts: 2, messages: 1},
		{does: "cuts the connection at the greeting", course: fails, code: "connection_lost", fault: smtp(smtpsim.Fault{At: smtpsim.AtGreeting, Do: smtpsim.Cut}), state: alerting.Accepted, attempts: 2, messages: 1},
		{does: "hangs at the greeting", course: fails, code: "timeout", fault: smtp(smtpsim.Fault{At: smtpsim.AtGreeting, Do: smtpsim.Hang}), state: alerting.Accepted, attempts: 2, messages: 1},
		{does: "hangs at the recipient", course: fails, code: "timeout", fault: smtp(smtpsim.Fault{At: smtpsim.AtRcpt, Do: smtpsim.Hang}), state: alerting.Accepted, attempts: 2, messages: 1},
		{does: "cuts the connection before the mail", course: fails, code: "connection_lost", fault: smtp(smtpsim.Fault{At: smtpsim.AtData, Do: smtpsim.Cut}), state: alerting.Accepted, attempts: 2, messages: 1},
		{does: "has no room (452)", course: fails, code: "4.3.1", fault: smtpSays(smtpsim.AtContent, 452, "4.3.1"), state: alerting.Accepted, attempts: 2, messages: 1},
		{does: "says 421 within, as one that limits rates does", course: fails, code: "4.7.0", fault: smtpSays(smtpsim.AtRcpt, 421, "4.7.0"), state: alerting.Accepted, attempts: 2, messages: 1},
		{does: "puts signing in off (454)", course: fails, code: "4.7.0", fault: smtpSays(smtpsim.AtAuth, 454, "4.7.0"), state: alerting.Accepted, attempts: 2, messages: 1},
		{does: "speaks HTTP", course: fails, code: "connection_lost", settings: speaksHTTP, check: "greeting"},
		{does: "refuses the connection", course: fails, code: "unreachable", settings: noMailServer, check: "did not answer while connecting"},
		{does: "has a name that no DNS knows", course: fails, code: "unreachable", settings: mailHost("mail.invalid"), check: "did not answer while connecting"},
		{does: "greylists the recipient (451)", course: putsOff, code: "4.7.1", fault: smtpSays(smtpsim.AtRcpt, 451, "4.7.1"), state: alerting.Accepted, attempts: 2, messages: 1},
		{does: "says that the mailbox is full (452)", course: putsOff, code: "4.2.2", fault: smtpSays(smtpsim.AtContent, 452, "4.2.2"), state: alerting.Accepted, attempts: 2, messages: 1},

		{does: "refuses the credentials (535)", course: holds, code: "5.7.8", settings: sets("CHANNELS__EMAIL__PASSWORD", "wrong0123456789"), check: "535"},
		{does: "has a certificate that nobody vouches for", course: holds, code: "tls", settings: untrustedMail, check: "certificate"},
		{does: "wants us to sign in (530)", course: holds, code: "5.7.0", fault: smtpSays(smtpsim.AtMail, 530, "5.7.0")},
		{does: "turns us away at the greeting (554)", course: holds, code: "5.3.2", fault: smtpSays(smtpsim.AtGreeting, 554, "5.3.2")},
		{does: "does not let us send (550 for the sender)", course: holds, code: "5.7.1", fault: smtpSays(smtpsim.AtMail, 550, "5.7.1")},
		{does: "does not know the recipient (550)", course: refuses, code: "5.1.1", fault: smtpSays(smtpsim.AtRcpt, 550, "5.1.1"), state: alerting.Failed},
		{does: "says that the recipient has moved (551)", course: refuses, code: "5.1.6", fault: smtpSays(smtpsim.AtRcpt, 551, "5.1.6"), state: alerting.Failed},
		{does: "says that the mail is too large (552)", course: refuses, code: "5.3.4", fault: smtpSays(smtpsim.AtContent, 552, "5.3.4"), state: alerting.Failed},
		{does: "takes the mail for spam (554)", course: refuses, code: "5.7.1", fault: smtpSays(smtpsim.AtContent, 554, "5.7.1"), state: alerting.Failed},
	},
	"signal": {
		{does: "is slow", course: accepts, fault: bridge(signalsim.Behavior{Latency: 600 * time.Millisecond}), state: alerting.Accepted, messages: 1},
		{does: "tells the receipt before it answers the call", course: accepts, fault: bridgeTells(signalsim.Behavior{AnswerDelay: 400 * time.Millisecond}, func(b *signalsim.Server, at int64) {
			phone(b, at, signalsim.Delivery)
		}), state: alerting.Delivered, messages: 1},
		{does: "tells receipts late", course: accepts, fault: bridgeTells(signalsim.Behavior{}, func(b *signalsim.Server, at int64) {
			time.Sleep(700 * time.Millisecond)
			phone(b, at, signalsim.Delivery)
		}), state: alerting.Delivered, messages: 1},
		{does: "tells receipts twice", course: accepts, fault: bridgeTells(signalsim.Behavior{}, func(b *signalsim.Server, at int64) {
			time.Sleep(100 * time.Millisecond)
			phone(b, at, signalsim.Delivery, signalsim.Delivery)
		}), state: alerting.Delivered, messages: 1},
		{does: "tells receipts in the wrong order", course: accepts, fault: bridgeTells(signalsim.Behavior{}, func(b *signalsim.Server, at int64) {
			time.Sleep(100 * time.Millisecond)
			phone(b, at, signalsim.Read, signalsim.Delivery)
		}), state: alerting.Read, messages: 1},
		{does: "tells receipts of messages that nobody sent", course: accepts, fault: bridgeTells(signalsim.Behavior{}, func(b *signalsim.Server, at int64) {
			time.Sleep(100 * time.Millisecond)
			phone(b, at-24*60*60*1000, signalsim.Read)
			phone(b, at, signalsim.Delivery)
		}), state: alerting.Delivered, messages: 1},
		{does: "answers an array", course: accepts, fault: bridge(signalsim.Behavior{Array: true}), state: alerting.Accepted, messages: 1},

		{does: "hangs having taken it", course: mayHaveIt, code: "timeout", fault: bridge(signalsim.Behavior{Hang: true}), state: alerting.Accepted, attempts: 2, messages: 2, marked: true},
		{does: "cuts the connection having taken it", course: mayHaveIt, code: "connection_lost", fault: bridge(signalsim.Behavior{CutAfter: true}), state: alerting.Accepted, attempts: 2, messages: 2, marked: true},
		{does: "answers 200 with nothing in it", course: mayHaveIt, code: "no_timestamp", fault: bridge(signalsim.Behavior{Empty: true}), state: alerting.Accepted, attempts: 2, messages: 2, marked: true},
		{does: "cuts the connection within the answer", course: mayHaveIt, code: "connection_lost", fault: bridge(signalsim.Behavior{CutAnswer: true}), state: alerting.Accepted, attempts: 2, messages: 2, marked: true},
		{does: "answers 201 with a web page", course: mayHaveIt, code: "no_timestamp", fault: bridge(signalsim.Behavior{NotJSON: true}), state: alerting.Accepted, attempts: 2, messages: 2, marked: true},
		{does: "cuts the connection", course: mayHaveIt, code: "connection_lost", fault: bridge(signalsim.Behavior{CutBefore: true}), state: alerting.Accepted, attempts: 2, messages: 1, marked: true},
		{does: "hangs", course: mayHaveIt, code: "timeout", fault: bridge(signalsim.Behavior{HangBefore: true}), state: alerting.Accepted, attempts: 2, messages: 1, marked: true},
		{does: "is behind a gateway that says 502", course: mayHaveIt, code: "http_502", fault: bridge(signalsim.Behavior{Status: 502}), state: alerting.Accepted, attempts: 2, messages: 1, marked: true},
		{does: "is behind a gateway that says 504", course: mayHaveIt, code: "http_504", fault: bridge(signalsim.Behavior{Status: 504}), state: alerting.Accepted, attempts: 2, messages: 1, marked: true},
		{does: "has lost Signal while it sent", course: losesSignal, code: "network", fault: bridge(signalsim.Behavior{Refuse: everybody(signalsim.ErrorNetwork)}), state: alerting.Accepted, attempts: 2, messages: 1, marked: true},
		{does: "answers 500", course: mayHaveIt, code: "http_500", fault: bridge(signalsim.Behavior{Status: 500, Error: "broken"}), state: alerting.Accepted, attempts: 2, messages: 1, marked: true},

		{does: "answers 503", course: fails, code: "http_503", fault: bridge(signalsim.Behavior{Status: 503}), state: alerting.Accepted, attempts: 2, messages: 1},
		{does: "refuses for a reason that nobody knows (400)", course: fails, code: "not_understood", fault: bridge(signalsim.Behavior{Status: 400, Error: "who knows"}), state: alerting.Accepted, attempts: 2, messages: 1},
		{does: "refuses the connection", course: fails, code: "unreachable", settings: nobodyThere("CHANNELS__SIGNAL__URL"), check: "does not answer"},
		{does: "has a name that no DNS knows", course: fails, code: "unreachable", settings: sets("CHANNELS__SIGNAL__URL", "http://bridge.invalid"), check: "does not answer"},
		{does: "has a certificate that nobody vouches for", course: fails, code: "unreachable", settings: untrusted("CHANNELS__SIGNAL__URL"), check: "certificate"},
		{does: "has no keys for the person's phone", course: putsOff, code: "invalid_prekey", fault: bridge(signalsim.Behavior{Partly: everybody("INVALID_PRE_KEY_FAILURE")}), state: alerting.Accepted, attempts: 2, messages: 1},
		{does: "answers 503 with `Retry-After`", course: asksToWait, code: "http_503", fault: bridge(signalsim.Behavior{Status: 503, RetryAfter: 2 * time.Second}), state: alerting.Accepted, attempts: 2, messages: 1},
		{does: "says 429 with `Retry-After`", course: asksToWait, code: "rate_limited", fault: bridge(signalsim.Behavior{Status: 429, Error: signalsim.ErrorRateLimit, RetryAfter: 2 * time.Second}), state: alerting.Accepted, attempts: 2, messages: 1},
		{does: "says 429 without `Retry-After`", course: asksToWaitAMinute, code: "rate_limited", fault: bridge(signalsim.Behavior{Status: 429, Error: signalsim.ErrorRateLimit})},

		{does: "wants a login (401)", course: holds, code: "http_401", fault: bridge(signalsim.Behavior{Locked: true}), check: "status 401"},
		{does: "answers with a redirect", course: holds, code: "http_302", fault: bridge(signalsim.Behavior{Status: http.StatusFound})},
		{does: "wants a captcha solved (429)", course: holds, code: "captcha", fault: bridge(signalsim.Behavior{Status: 429, ChallengeTokens: []string{"c"}})},
		{does: "does not have the account", course: holds, code: "account_unknown", settings: sets("CHANNELS__SIGNAL__NUMBER", "+16175550177"), check: "has no account"},
		{does: "says that the person is not on Signal", course: refuses, code: "unregistered", fault: bridge(signalsim.Behavior{Refuse: everybody(signalsim.ErrorUnregistered)}), state: alerting.Failed},
		{does: "says 201 beside a recipient who is not on Signal", course: refuses, code: "unregistered", fault: bridge(signalsim.Behavior{Partly: everybody("UNREGISTERED_FAILURE")}), state: alerting.Failed},
		{does: "says that the safety number has changed", course: refuses, code: "untrusted_identity", fault: bridge(signalsim.Behavior{Partly: everybody("IDENTITY_FAILURE")}), state: alerting.Failed},
	},
}
