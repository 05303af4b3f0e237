package signal

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"revere/alerting"
)

const (
	// operatorPause is how long the channel rests when only the operator can mend it, before it is
	// tried again. The captcha's own wait may be a day, but solving it lifts the limit at once.
	operatorPause = 5 * time.Minute
	// reconnectPause lets a bridge find Signal again before the messages behind are spent on it: one
	// that comes out unknown is repeated a few times only.
	reconnectPause = 10 * time.Second
	// rateLimitWait is for a rate limit that does not say how long it lasts.
	rateLimitWait = time.Minute
)

// A meaning is what one of signal-cli's errors means for a message. The bridge has no error codes,
// so they are told by their text, in lower case; the first line of the table that matches counts.
// The words are from signal-cli (SendMessageResultUtils.java, JsonSendMessageResult.java) and
// signal-cli-rest-api (api.go).
type meaning struct {
	words  *regexp.Regexp
	code   string
	effect effect
	reason string
}

// Addresses are replaced before the table is asked: whoever calls himself captcha.01 must not pause
// the channel, and only our own number's being unregistered is the operator's matter.
const (
	us   = "<us>"
	them = "<them>"
)

// An effect is what becomes of the message and of those behind it.
type effect int

const (
	permanent effect = iota // this address can't be reached: the next contact
	delayed                 // this address can't be reached for now, and others can
	later                   // the bridge asks for a wait
	operator                // every message would fail until somebody mends it: pause
	doubtful                // the bridge doesn't know itself, and has lost Signal: a short pause
)

var meanings = []meaning{
	{regexp.MustCompile(`captcha|proof.?required`), "captcha", operator, "Signal wants a captcha solved before this account may send on; solve it at https://signalcaptchas.org/challenge/generate.html and post it to the bridge's /v1/accounts/{number}/rate-limit-challenge"},
	{regexp.MustCompile(`rate.?limit`), "rate_limited", later, "Signal limits how fast this account may send"},
	{regexp.MustCompile(`user ` + us + ` is not registered`), "account_unregistered", operator, "the number of channels.signal is not registered with Signal; register it with the bridge"},
	{regexp.MustCompile(`specified account does not exist|invalid account|valid account parameter`), "account_unknown", operator, "the bridge has no account with the number of channels.signal; register it, or mend channels.signal.number"},
	{regexp.MustCompile(`authorization ?failed`), "account_refused", operator, "Signal refuses the bridge's account; link or register its number again"},
	{regexp.MustCompile(`couldn't process request`), "not_understood", operator, "signal-cli-rest-api did not understand the request; use a version that has /v2/send"},
	{regexp.MustCompile(`unregistered|is not registered|username.* (not found|does not exist)`), "unregistered", permanent, "this address is not on Signal, or hides from those who look for its number"},
	{regexp.MustCompile(`untrusted|identity.failure`), "untrusted_identity", permanent, "this person's safety number has changed (a new phone, or somebody else's); ask them, then trust it at the bridge's /v1/identities"},
	{regexp.MustCompile(`invalid.?pre.?key`), "invalid_prekey", delayed, "Signal's keys for this person's phone are no good at the moment; they are renewed when the phone is used"},
	{regexp.MustCompile(`invalid.*(number|recipient)`), "invalid_address", permanent, "Signal takes this for no address"},
	{regexp.MustCompile(`network.failure`), "network", doubtful, "the bridge lost its connection to Signal while it sent"},
}

// classify says what an error about a message from one address to another means. asked is the wait
// that came in a header, 0 where none did.
func classify(text string, asked time.Duration, from, to string) alerting.Outcome {
	lower := strings.NewReplacer(from, us, to, them).Replace(strings.ToLower(text))
	for _, m := range meanings {
		if m.words.MatchString(lower) {
			return m.outcome(max(asked, waitIn(lower)))
		}
	}
	// The bridge's own words stay in its log: they may repeat the message.
	o := retry("not_understood", "signal-cli-rest-api refused the message for a reason that Revere doesn't know; its log has the words")
	o.RetryAfter = asked
	return o
}

func (m meaning) outcome(asked time.Duration) alerting.Outcome {
	o := alerting.Outcome{State: alerting.Failed, Code: m.code, Reason: m.reason}
	switch m.effect {
	case permanent:
	case delayed:
		o.Retry, o.MessageOnly = true, true
	case later:
		o.Retry, o.RetryAfter = true, asked
		if asked == 0 {
			o.RetryAfter = rateLimitWait
		}
	case operator:
		o.Retry, o.PauseChannel = true, operatorPause
	case doubtful:
		o.State, o.PauseChannel = alerting.Unknown, reconnectPause
	}
	return o
}

// signal-cli writes: or wait "86400" seconds.
var waitForm = regexp.MustCompile(`wait "?([0-9]{1,9})"? seconds`)

func waitIn(lower string) time.Duration {
	found := waitForm.FindStringSubmatch(lower)
	if found == nil {
		return 0
	}
	seconds, err := strconv.Atoi(found[1])
	if err != nil {
		return 0
	}
	return inSeconds(seconds)
}
