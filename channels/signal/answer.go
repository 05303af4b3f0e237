package signal

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"revere/alerting"
)

// An accepted is one object of the answer to a send. Newer bridges list the recipients that the
// message did not go out to, beside a 201 and a timestamp.
type accepted struct {
	Timestamp timestamp `json:"timestamp"`
	Errors    struct {
		Recipients []struct {
			Reason string `json:"reason"`
		} `json:"recipients"`
	} `json:"errors"`
}

// A timestamp is read from a string, as bridges send it, or from a number, as signal-cli does.
type timestamp int64

func (t *timestamp) UnmarshalJSON(raw []byte) error {
	n, err := strconv.ParseInt(strings.Trim(string(raw), `"`), 10, 64)
	if err != nil || n <= 0 {
		return alerting.Errorf(alerting.CodeInvalid, "not a timestamp in milliseconds")
	}
	*t = timestamp(n)
	return nil
}

func (t timestamp) String() string { return strconv.FormatInt(int64(t), 10) }

// outcome says what an answer to a message from one address to another means.
func (a answer) outcome(from, to string) alerting.Outcome {
	switch {
	case a.status/100 == 2:
		return a.taken(from, to)
	case a.status == http.StatusBadRequest || a.status == http.StatusTooManyRequests:
		return a.refused(from, to)
	case a.status == http.StatusRequestEntityTooLarge:
		return alerting.Outcome{State: alerting.Failed, Code: a.code(), Reason: "the message is too long for what stands before signal-cli-rest-api (status 413)"}
	case a.status/100 == 3 || a.status/100 == 4:
		o := retry(a.code(), "something other than signal-cli-rest-api answered with status "+strconv.Itoa(a.status)+"; see that channels.signal.url is its address and needs no login")
		o.PauseChannel = operatorPause
		return o
	case a.status == http.StatusServiceUnavailable:
		o := retry(a.code(), "signal-cli-rest-api is not ready (status 503)")
		o.RetryAfter = a.retryAfter
		return o
	default:
		// A bridge or a proxy that broke while it held the request can't say whether it was sent.
		return unknown(a.code(), "signal-cli-rest-api broke while it held the message (status "+strconv.Itoa(a.status)+"); its log says why")
	}
}

func (a answer) code() string { return "http_" + strconv.Itoa(a.status) }

// taken reads an answer of success: an object, or in newer versions an array of them. One without a
// timestamp proves nothing.
func (a answer) taken(from, to string) alerting.Outcome {
	body := bytes.TrimSpace(a.body)
	var one accepted
	if bytes.HasPrefix(body, []byte("[")) {
		var all []accepted
		if err := json.Unmarshal(body, &all); err == nil && len(all) == 1 {
			one = all[0]
		}
	} else if err := json.Unmarshal(body, &one); err != nil {
		one = accepted{}
	}
	// One recipient was asked for, so one that failed is ours.
	if failed := one.Errors.Recipients; len(failed) > 0 {
		o := classify(failed[0].Reason, 0, from, to)
		// The bridge did its work, so that what it does not lay on the account is this recipient's.
		o.MessageOnly = o.Retry && o.RetryAfter == 0 && o.PauseChannel == 0
		return o
	}
	if one.Timestamp == 0 {
		return unknown("no_timestamp", "signal-cli-rest-api answered with success and no timestamp, which proves nothing; see that channels.signal.url is its address")
	}
	return alerting.Outcome{State: alerting.Accepted, ProviderID: one.Timestamp.String()}
}

func (a answer) refused(from, to string) alerting.Outcome {
	var body struct {
		Error           string   `json:"error"`
		ChallengeTokens []string `json:"challenge_tokens"`
	}
	if err := json.Unmarshal(a.body, &body); err != nil {
		body.Error = ""
	}
	text := body.Error
	if a.status == http.StatusTooManyRequests {
		// The bridge says 429 for nothing else, whatever the text.
		text = "rate limit " + text
		for _, token := range body.ChallengeTokens {
			if token != "" {
				text = "captcha " + text
				break
			}
		}
	}
	return classify(text, a.retryAfter, from, to)
}
