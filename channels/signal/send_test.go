package signal_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/channels/signal"
	"revere/integration/signalsim"
)

func message() alerting.Message {
	return alerting.Message{To: clerk, Severity: alerting.Severe, Code: "K7Q", Text: "SEVERE, Boston: *phishing*. Reply ACK K7Q."}
}

// What goes over the wire is the plain text, to one recipient, and the sender's own phone stays quiet.
func TestSendWire(t *testing.T) {
	sim := startSim(t)
	out := open(t, sim.URL()).Send(t.Context(), message())
	require.Equal(t, alerting.Accepted, out.State)
	sent := sim.MessagesTo(clerk)
	require.Len(t, sent, 1)
	require.Equal(t, "SEVERE, Boston: *phishing*. Reply ACK K7Q.", sent[0].Text)
	require.Equal(t, "normal", sent[0].TextMode, "a bridge with another default would eat the asterisks")
	require.NotNil(t, sent[0].NotifySelf)
	require.False(t, *sent[0].NotifySelf)
	require.Equal(t, fmt.Sprint(sent[0].Timestamp), out.ProviderID, "receipts name the message by its timestamp")
}

func TestSendOutcomes(t *testing.T) {
	refuse := func(text string) signalsim.Behavior {
		return signalsim.Behavior{Refuse: map[string]string{clerk: fmt.Sprintf(text, clerk)}}
	}
	status := func(status int, text string) signalsim.Behavior {
		return signalsim.Behavior{Status: status, Error: text}
	}
	const pause = 5 * time.Minute
	for name, c := range map[string]struct {
		behavior signalsim.Behavior
		want     alerting.Outcome // without ProviderID and Reason
	}{
		"newer versions answer an array": {signalsim.Behavior{Array: true}, alerting.Outcome{State: alerting.Accepted}},
		"success that is no JSON":        {signalsim.Behavior{NotJSON: true}, alerting.Outcome{State: alerting.Unknown, Code: "no_timestamp"}},
		"success beside a failed recipient": {
			signalsim.Behavior{Partly: map[string]string{clerk: "UNREGISTERED_FAILURE"}},
			alerting.Outcome{State: alerting.Failed, Code: "unregistered"}},
		"array beside a failed recipient": {
			signalsim.Behavior{Array: true, Partly: map[string]string{clerk: "IDENTITY_FAILURE"}},
			alerting.Outcome{State: alerting.Failed, Code: "untrusted_identity"}},
		"success beside a recipient in doubt": {
			signalsim.Behavior{Partly: map[string]string{clerk: "NETWORK_FAILURE"}},
			alerting.Outcome{State: alerting.Unknown, PauseChannel: 10 * time.Second, Code: "network"}},
		"success beside a recipient whose keys are no good": {
			signalsim.Behavior{Partly: map[string]string{clerk: "INVALID_PRE_KEY_FAILURE"}},
			alerting.Outcome{State: alerting.Failed, Retry: true, MessageOnly: true, Code: "invalid_prekey"}},
		"success beside a recipient that failed somehow": {
			signalsim.Behavior{Partly: map[string]string{clerk: "SOME_NEW_FAILURE"}},
			alerting.Outcome{State: alerting.Failed, Retry: true, MessageOnly: true, Code: "not_understood"}},
		"success beside a recipient and a rate limit": {
			signalsim.Behavior{Partly: map[string]string{clerk: "RATE_LIMIT_FAILURE"}},
			alerting.Outcome{State: alerting.Failed, Retry: true, RetryAfter: time.Minute, Code: "rate_limited"}},

		"unregistered":    {refuse(signalsim.ErrorUnregistered), alerting.Outcome{State: alerting.Failed, Code: "unregistered"}},
		"identity":        {refuse(signalsim.ErrorIdentity), alerting.Outcome{State: alerting.Failed, Code: "untrusted_identity"}},
		"invalid number":  {refuse(signalsim.ErrorBadNumber), alerting.Outcome{State: alerting.Failed, Code: "invalid_address"}},
		"network":         {refuse(signalsim.ErrorNetwork), alerting.Outcome{State: alerting.Unknown, PauseChannel: 10 * time.Second, Code: "network"}},
		"captcha":         {refuse(signalsim.ErrorCaptcha), alerting.Outcome{State: alerting.Failed, Retry: true, PauseChannel: pause, Code: "captcha"}},
		"our own account": {status(400, "User "+desk+" is not registered.\n"), alerting.Outcome{State: alerting.Failed, Retry: true, PauseChannel: pause, Code: "account_unregistered"}},
		"no account":      {status(400, signalsim.ErrorNoAccount), alerting.Outcome{State: alerting.Failed, Retry: true, PauseChannel: pause, Code: "account_unknown"}},
		"other words":     {status(400, "write tcp: broken pipe"), alerting.Outcome{State: alerting.Failed, Retry: true, Code: "not_understood"}},

		"rate limit without a wait": {status(429, signalsim.ErrorRateLimit), alerting.Outcome{State: alerting.Failed, Retry: true, RetryAfter: time.Minute, Code: "rate_limited"}},
		"rate limit with a header": {
			signalsim.Behavior{Status: 429, Error: signalsim.ErrorRateLimit, RetryAfter: 90 * time.Second},
			alerting.Outcome{State: alerting.Failed, Retry: true, RetryAfter: 90 * time.Second, Code: "rate_limited"}},
		"rate limit in words": {status(400, "rate limit, wait \"120\" seconds"), alerting.Outcome{State: alerting.Failed, Retry: true, RetryAfter: 2 * time.Minute, Code: "rate_limited"}},
		"rate limit with a challenge": {
			signalsim.Behavior{Status: 429, Error: signalsim.ErrorRateLimit, ChallengeTokens: []string{"594dd041"}},
			alerting.Outcome{State: alerting.Failed, Retry: true, PauseChannel: pause, Code: "captcha"}},
		"rate limit with empty challenges": {
			signalsim.Behavior{Status: 429, Error: signalsim.ErrorRateLimit, ChallengeTokens: []string{""}},
			alerting.Outcome{State: alerting.Failed, Retry: true, RetryAfter: time.Minute, Code: "rate_limited"}},

		"not ready":       {signalsim.Behavior{Status: 503, RetryAfter: 3 * time.Second}, alerting.Outcome{State: alerting.Failed, Retry: true, RetryAfter: 3 * time.Second, Code: "http_503"}},
		"broke":           {status(500, "panic"), alerting.Outcome{State: alerting.Unknown, Code: "http_500"}},
		"proxy gave up":   {status(504, ""), alerting.Outcome{State: alerting.Unknown, Code: "http_504"}},
		"wrong address":   {status(404, ""), alerting.Outcome{State: alerting.Failed, Retry: true, PauseChannel: pause, Code: "http_404"}},
		"login page":      {status(302, ""), alerting.Outcome{State: alerting.Failed, Retry: true, PauseChannel: pause, Code: "http_302"}},
		"too long":        {status(413, ""), alerting.Outcome{State: alerting.Failed, Code: "http_413"}},
		"connection lost": {signalsim.Behavior{CutAfter: true}, alerting.Outcome{State: alerting.Unknown, Code: "connection_lost"}},
	} {
		t.Run(name, func(t *testing.T) {
			sim := startSim(t)
			sim.Behave(c.behavior)
			out := open(t, sim.URL()).Send(t.Context(), message())
			if out.State != alerting.Accepted {
				require.NotEmpty(t, out.Reason)
				require.Empty(t, out.ProviderID)
			}
			out.Reason, out.ProviderID = "", ""
			require.Equal(t, c.want, out)
		})
	}
}

// A person's name is no error: nobody may pause the channel for all by calling himself so.
func TestUsernameIsNotTakenForAnError(t *testing.T) {
	sim, m := startSim(t), message()
	m.To = "captcha_required.01"
	sim.Behave(signalsim.Behavior{Refuse: map[string]string{m.To: fmt.Sprintf(signalsim.ErrorUnregistered, m.To)}})
	out := open(t, sim.URL()).Send(t.Context(), m)
	require.Equal(t, "unregistered", out.Code)
	require.Zero(t, out.PauseChannel)
}

// The bridge's own words may repeat the message, so none of them is passed on.
func TestReasonDoesNotQuoteTheBridge(t *testing.T) {
	sim := startSim(t)
	sim.Behave(signalsim.Behavior{Status: 400, Error: "can't send: " + message().Text})
	out := open(t, sim.URL()).Send(t.Context(), message())
	require.NotContains(t, out.Reason+out.Code, "phishing")
}

func TestSendToUnreachableBridge(t *testing.T) {
	sim := startSim(t)
	sim.Stop()
	out := open(t, sim.URL()).Send(t.Context(), message())
	require.Equal(t, alerting.Failed, out.State, "no connection came about, so nothing can have been sent")
	require.True(t, out.Retry)
	require.Equal(t, "unreachable", out.Code)
	require.Contains(t, out.Reason, "connection refused")
}

// A redirect is not followed: the text of an alert goes to the configured bridge or nowhere.
func TestSendFollowsNoRedirect(t *testing.T) {
	elsewhere := startSim(t)
	here := httptest.NewServer(http.RedirectHandler(elsewhere.URL()+"/v2/send", http.StatusTemporaryRedirect))
	defer here.Close()
	out := open(t, here.URL).Send(t.Context(), message())
	require.Equal(t, alerting.Failed, out.State)
	require.Positive(t, out.PauseChannel)
	require.Empty(t, elsewhere.Messages())
}

// Without any deadline of the caller's, a bridge that never answers holds a Send for 30 seconds.
func TestSendTimesOutByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, "http://bridge.example").(*signal.Channel)
		c.SetTransport(neverAnswers{})
		start := time.Now()
		out := c.Send(t.Context(), message())
		require.Equal(t, 30*time.Second, time.Since(start))
		require.Equal(t, alerting.Unknown, out.State, "the bridge may have sent it")
		require.Equal(t, "timeout", out.Code)
	})
}

// neverAnswers connects, and that is all.
type neverAnswers struct{}

func (neverAnswers) RoundTrip(r *http.Request) (*http.Response, error) {
	httptrace.ContextClientTrace(r.Context()).GotConn(httptrace.GotConnInfo{})
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// The dispatcher's one Send at a time is what keeps the bridge alive.
func TestLimitsSuitTheBridge(t *testing.T) {
	sim := startSim(t)
	c := open(t, sim.URL())
	require.Equal(t, 1, c.Limits().Concurrency)
	require.InDelta(t, 1, c.Limits().Rate, 0)
	require.Equal(t, alerting.Chat, c.Format())
}

// Whatever a bridge answers, only an answer of success with a timestamp is accepted.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"timestamp":"1700000000000"}`, `{"timestamp":1700000000000}`, `[{"timestamp":"1"}]`, `[]`, `[{"timestamp":"1"},{"timestamp":"2"}]`,
		`{"timestamp":"-1"}`, `{"timestamp":null}`, `{"timestamp":"1","errors":{"recipients":[{"reason":"x"}]}}`, `<html>`, ``,
	} {
		f.Add(201, seed)
		f.Add(400, seed)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		c := open(t, "http://bridge.example").(*signal.Channel)
		c.SetTransport(answers{status, body})
		switch out := c.Send(t.Context(), message()); out.State {
		case alerting.Accepted:
			require.Equal(t, 2, status/100)
			require.Regexp(t, "^[1-9][0-9]*$", out.ProviderID)
			require.Contains(t, body, out.ProviderID)
		case alerting.Failed, alerting.Unknown:
			require.NotEmpty(t, out.Reason)
		default:
			t.Fatalf("a call can't tell %s", out.State)
		}
	})
}

type answers struct {
	status int
	body   string
}

func (a answers) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(a.body))}, nil
}
