package sms_test

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/channels/sms"
	"revere/integration/twiliosim"
)

func TestSendGivesTwilioWhatItNeeds(t *testing.T) {
	w := newWorld(t)
	m := message()
	out := w.channel.Send(t.Context(), m)

	require.Len(t, w.twilio.Messages(), 1)
	taken := w.twilio.Messages()[0]
	assert.Equal(t, alerting.Outcome{State: alerting.Accepted, ProviderID: taken.SID}, out)
	assert.Equal(t, m.To, taken.To)
	assert.Equal(t, ours, taken.From)
	assert.Equal(t, m.Text, taken.Body, "the text goes out as it was worded")
	assert.Equal(t, w.public+"/webhooks/twilio/status?ref="+m.Ref.String(), taken.StatusCallback)
	assert.InDelta(t, 3600, taken.ValidityPeriod, 5)
}

func TestSendThroughAMessagingService(t *testing.T) {
	const service = "MG00000000000000000000000000000001"
	through := func(c *sms.Config) { c.From, c.MessagingServiceSID = "", service }

	w := newWorldOn(t, &twiliosim.Server{MessagingServices: []string{service}}, through)
	require.Equal(t, alerting.Accepted, w.channel.Send(t.Context(), message()).State)
	assert.Equal(t, service, w.twilio.Messages()[0].Service)

	out := newWorld(t, through).channel.Send(t.Context(), message())
	assert.Equal(t, "21701", out.Code, "the account has no such service")
	assert.Positive(t, out.PauseChannel)
}

func TestValidityIsWithinTwiliosBounds(t *testing.T) {
	for name, tt := range map[string]struct {
		expires  time.Time
		min, max int
	}{
		"never":           {time.Time{}, 0, 0},
		"within a minute": {time.Now().Add(time.Minute), 50, 60},
		"in two days":     {time.Now().Add(48 * time.Hour), 36000, 36000},
		"just over":       {time.Now().Add(-time.Second), 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w, m := newWorld(t), message()
			m.Expires = tt.expires
			require.Equal(t, alerting.Accepted, w.channel.Send(t.Context(), m).State)
			got := w.twilio.Messages()[0].ValidityPeriod
			assert.GreaterOrEqual(t, got, tt.min)
			assert.LessOrEqual(t, got, tt.max)
		})
	}
}

// Each row is a way in which Twilio, or what is between it and us, can answer.
func TestOutcomes(t *testing.T) {
	answer := func(status int, body string, header ...string) twiliosim.Behavior {
		a := &twiliosim.Answer{Status: status, Body: body, Header: map[string]string{}}
		for i := 0; i < len(header); i += 2 {
			a.Header[header[i]] = header[i+1]
		}
		return twiliosim.Behavior{Answer: a}
	}
	refuse := func(status, code int) twiliosim.Behavior {
		return twiliosim.Behavior{Answer: twiliosim.Refuse(status, code)}
	}
	soonDate := time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat)

	type want struct {
		state    alerting.State
		code     string
		retry    bool
		after    time.Duration
		pause    bool
		only     bool // this message's fault, or this number's
		optedOut bool
		taken    int
	}
	failed := func(code string) want { return want{state: alerting.Failed, code: code} }
	retried := func(code string) want { return want{state: alerting.Failed, code: code, retry: true} }
	only := func(code string) want { return want{state: alerting.Failed, code: code, retry: true, only: true} }
	paused := func(code string) want { return want{state: alerting.Failed, code: code, retry: true, pause: true} }
	inDoubt := func(code string, taken int) want {
		return want{state: alerting.Unknown, code: code, taken: taken}
	}

	for _, tt := range []struct {
		name     string
		behavior twiliosim.Behavior
		want     want
	}{
		{"accepted", twiliosim.Behavior{}, want{state: alerting.Accepted, taken: 1}},
		{"accepted slowly", twiliosim.Behavior{Latency: 50 * time.Millisecond}, want{state: alerting.Accepted, taken: 1}},
		{"given up on the spot", answer(201, `{"sid":"SM1","status":"failed","error_code":30005}`), failed("30005")},
		{"given up without a code", answer(201, `{"sid":"SM1","status":"failed","error_code":null}`), retried("unspecified")},
		{"already on its way", answer(201, `{"sid":"SM1","status":"sent"}`), want{state: alerting.Sent}},
		{"claims delivered at once", answer(201, `{"sid":"SM1","status":"delivered"}`), want{state: alerting.Sent}},

		{"not a number", refuse(400, 21211), failed("21211")},
		{"landline", twiliosim.Behavior{Landline: true}, failed("21614")},
		{"country not allowed, which is about this number only", refuse(400, 21408), failed("21408")},
		{"blocked by the carrier", refuse(400, 30004), failed("30004")},
		{"unknown handset", refuse(400, 30005), failed("30005")},
		{"landline carrier", refuse(400, 30006), failed("30006")},
		{"filtered", refuse(400, 30007), failed("30007")},
		{"too long", refuse(400, 21617), failed("21617")},
		{"said STOP", refuse(400, 21610), want{state: alerting.Failed, code: "21610", optedOut: true}},

		{"wrong credentials", refuse(401, 20003), paused("20003")},
		{"account suspended", refuse(400, 30002), paused("30002")},
		{"not registered", refuse(400, 30034), paused("30034")},
		{"not our number", refuse(400, 21606), paused("21606")},
		{"another service at the address", answer(404, "<html>not found"), paused("http-404")},
		{"a gate before the API", answer(403, ""), paused("http-403")},

		{"too fast, with a wait", twiliosim.Behavior{Answer: twiliosim.Throttle(7 * time.Second)}, want{state: alerting.Failed, code: "20429", retry: true, after: 7 * time.Second}},
		{"too fast, without a wait", twiliosim.Behavior{Answer: twiliosim.Throttle(0)}, want{state: alerting.Failed, code: "20429", retry: true, after: time.Second}},
		{"too fast, not in JSON, without a wait", answer(429, "slow down"), want{state: alerting.Failed, code: "http-429", retry: true, after: time.Second}},
		{"too fast, not in JSON", answer(429, "slow down", "Retry-After", "3"), want{state: alerting.Failed, code: "http-429", retry: true, after: 3 * time.Second}},
		{"wait until a date", answer(503, "", "Retry-After", soonDate), want{state: alerting.Failed, code: "http-503", retry: true, after: 85 * time.Second}},
		{"a wait beyond belief", answer(503, "", "Retry-After", "99999999999"), want{state: alerting.Failed, code: "http-503", retry: true, after: 0}},
		{"a negative wait", answer(503, "", "Retry-After", "-5"), retried("http-503")},
		{"queue full", refuse(429, 21611), retried("21611")},
		{"handset off", refuse(400, 30003), only("30003")},
		{"carrier gives no reason", refuse(400, 30008), only("30008")},
		{"a part was lost", refuse(400, 30009), only("30009")},
		{"carrier is slow", refuse(400, 30410), only("30410")},
		{"handset off, told on the spot", answer(201, `{"sid":"SM1","status":"failed","error_code":30003}`), only("30003")},
		{"handset off, and Twilio wants a wait", answer(400, `{"code":30003,"status":400}`, "Retry-After", "3"), want{state: alerting.Failed, code: "30003", retry: true, after: 3 * time.Second}},
		{"handset off, and Twilio is in trouble", refuse(500, 30003), retried("30003")},
		{"the campaign's rate", refuse(400, 30022), retried("30022")},
		{"internal error", refuse(500, 20500), retried("20500")},
		{"internal error, not in JSON", answer(500, "oops"), retried("http-500")},
		{"a code that nobody knows", refuse(400, 29999), retried("29999")},
		{"JSON without a code", answer(400, `{}`), retried("http-400")},
		{"broken JSON of an error", answer(400, `{"code":212`, "Content-Length", "500"), retried("http-400")},

		{"gateway without an answer", answer(502, "<html>bad gateway"), inDoubt("http-502", 0)},
		{"gateway out of patience", answer(504, ""), inDoubt("http-504", 0)},
		{"gateway passes Twilio's word on", refuse(502, 20503), retried("20503")},
		{"redirect", answer(302, "", "Location", "http://127.0.0.1:1/elsewhere"), inDoubt("http-302", 0)},
		{"redirect that keeps the method", answer(307, "", "Location", "/2010-04-01/Accounts/"+accountSID+"/Messages.json"), inDoubt("http-307", 0)},
		{"empty answer", twiliosim.Behavior{Fault: twiliosim.EmptyAnswer}, inDoubt("http-200", 1)},
		{"answer without a SID", answer(201, `{"status":"queued"}`), inDoubt("http-201", 0)},
		{"answer is not JSON", answer(200, "<html>welcome to the hotel's network"), inDoubt("http-200", 0)},
		{"answer is null", answer(201, "null"), inDoubt("http-201", 0)},
		{"cut before accepting", twiliosim.Behavior{Fault: twiliosim.CutBefore}, inDoubt("no-answer", 0)},
		{"cut after accepting", twiliosim.Behavior{Fault: twiliosim.CutAfter}, inDoubt("no-answer", 1)},
		{"cut within the answer", twiliosim.Behavior{Fault: twiliosim.CutAnswer}, inDoubt("http-201", 1)},
		{"hangs before accepting", twiliosim.Behavior{Fault: twiliosim.HangBefore}, inDoubt("no-answer", 0)},
		{"hangs after accepting", twiliosim.Behavior{Fault: twiliosim.HangAfter}, inDoubt("no-answer", 1)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *sms.Config) { c.Timeout = 400 * time.Millisecond })
			w.twilio.SetBehaviorFor(theirs, tt.behavior)
			out := w.channel.Send(context.Background(), message())

			assert.Equal(t, tt.want.state, out.State, "%+v", out)
			assert.Equal(t, tt.want.code, out.Code)
			assert.Equal(t, tt.want.retry, out.Retry, "retry")
			assert.GreaterOrEqual(t, out.RetryAfter, tt.want.after)
			assert.LessOrEqual(t, out.RetryAfter, time.Hour)
			assert.Equal(t, tt.want.pause, out.PauseChannel > 0, "pause")
			assert.Equal(t, tt.want.only, out.MessageOnly, "this message's fault only")
			assert.Equal(t, tt.want.optedOut, out.OptedOut, "opted out")
			assert.Len(t, w.twilio.Messages(), tt.want.taken)
			assert.EqualValues(t, 1, w.twilio.Stats().Creates, "one Send is one request")
			if tt.want.code != "" {
				assert.NotEmpty(t, out.Reason)
			}
			assert.NotContains(t, out.Reason, theirs, "no number in a reason")
			assert.NotContains(t, out.Reason, authToken)
			assert.NotContains(t, out.Reason, "Phishing")
		})
	}
}

// What surely never left is tried again at once: no connection came about.
func TestUnreachable(t *testing.T) {
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { plain.Close() })
	go func() { // a server that speaks no TLS
		for conn, err := plain.Accept(); err == nil; conn, err = plain.Accept() {
			conn.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) //nolint:errcheck // The client goes away.
			conn.Close()
		}
	}()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closed.Close()

	for name, base := range map[string]string{
		"connection refused": "http://" + closed.Addr().String(),
		"no TLS":             "https://" + plain.Addr().String(),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(c *sms.Config) { c.BaseURL = base })
			out := w.channel.Send(t.Context(), message())
			assert.Equal(t, alerting.Failed, out.State, "%+v", out)
			assert.True(t, out.Retry)
			assert.Equal(t, "unreachable", out.Code)
			assert.Zero(t, out.PauseChannel)
			assert.NotContains(t, out.Reason, accountSID, "the address that was called is not repeated")
		})
	}
}

func TestStoppedPersonIsOptedOut(t *testing.T) {
	w := newWorld(t)
	_, err := w.twilio.Reply(theirs, ours, "stop")
	require.NoError(t, err)
	out := w.channel.Send(t.Context(), message())
	assert.True(t, out.OptedOut)
	assert.Equal(t, alerting.Failed, out.State)
	assert.False(t, out.Retry)

	_, err = w.twilio.Reply(theirs, ours, "START")
	require.NoError(t, err)
	assert.Equal(t, alerting.Accepted, w.channel.Send(t.Context(), message()).State)
}

func TestConnectionsAreReused(t *testing.T) {
	w := newWorld(t)
	w.twilio.SetBehaviorFor(theirs, twiliosim.Behavior{Answer: twiliosim.Refuse(400, 21211), Times: 5})
	for range 20 {
		w.channel.Send(t.Context(), message())
	}
	assert.EqualValues(t, 20, w.twilio.Stats().Creates)
	assert.EqualValues(t, 1, w.twilio.Stats().Connections, "errors must not cost a connection either")
}

func TestBaseURLMayHaveAPath(t *testing.T) {
	var asked string
	behind := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked = r.URL.Path })
	server := newServer(t, behind)
	w := newWorld(t, func(c *sms.Config) { c.BaseURL = server + "/twilio/" })
	w.channel.Send(t.Context(), message())
	assert.Equal(t, "/twilio/2010-04-01/Accounts/"+accountSID+"/Messages.json", asked)
}

func TestCostIsSegments(t *testing.T) {
	w := newWorld(t)
	for text, want := range map[string]int{
		"":                       1,
		message().Text:           1,
		strings.Repeat("a", 161): 2,
		strings.Repeat("ж", 71):  2,
	} {
		assert.Equal(t, want, w.channel.Cost(alerting.Message{Text: text}), "%q", text)
	}
}

func TestReceiptsOfAllKindsComeBack(t *testing.T) {
	for name, tt := range map[string]struct {
		behavior twiliosim.Behavior
		want     []alerting.State // each fact, in the order in which it came
		code     string           // of the last state
	}{
		"delivered":    {twiliosim.Behavior{}, []alerting.State{alerting.Accepted, alerting.Accepted, alerting.Sent, alerting.Delivered}, ""},
		"read":         {twiliosim.Behavior{Outcome: twiliosim.ReadByUser}, []alerting.State{alerting.Accepted, alerting.Accepted, alerting.Sent, alerting.Delivered, alerting.Read}, ""},
		"undelivered":  {twiliosim.Behavior{Outcome: twiliosim.Undelivered, ErrorCode: 30003}, []alerting.State{alerting.Accepted, alerting.Accepted, alerting.Sent, alerting.Undelivered}, "30003"},
		"failed":       {twiliosim.Behavior{Outcome: twiliosim.Failed, ErrorCode: 30034}, []alerting.State{alerting.Accepted, alerting.Undelivered}, "30034"},
		"out of order": {twiliosim.Behavior{Receipts: twiliosim.OutOfOrder}, []alerting.State{alerting.Delivered, alerting.Sent, alerting.Accepted, alerting.Accepted}, ""},
		"twice":        {twiliosim.Behavior{Receipts: twiliosim.Twice, Outcome: twiliosim.SentOnly}, []alerting.State{alerting.Accepted, alerting.Accepted, alerting.Accepted, alerting.Accepted, alerting.Sent, alerting.Sent}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.twilio.SetBehavior(tt.behavior)
			m := message()
			out := w.channel.Send(context.Background(), m)
			require.Equal(t, alerting.Accepted, out.State)
			require.Eventually(t, func() bool { return len(w.inbox.Facts()) == len(tt.want) }, soon, tick)
			var last alerting.Inbound
			for i, fact := range w.inbox.Facts() {
				assert.Equal(t, tt.want[i], fact.State)
				assert.Equal(t, alerting.InboundReceipt, fact.Kind)
				assert.Equal(t, m.Ref.String(), fact.Ref)
				assert.Equal(t, []string{out.ProviderID}, fact.About)
				last = fact
			}
			assert.Equal(t, tt.code, last.Code)
			assert.Equal(t, tt.code != "", last.Reason != "")
		})
	}
}

// Nothing that goes wrong is worded with the address that was called, which has the number in it.
func TestErrorsNameNoNumber(t *testing.T) {
	w := newWorld(t, func(c *sms.Config) { c.Timeout = 200 * time.Millisecond })
	w.twilio.Stop()
	out := w.channel.Send(t.Context(), message())
	_, _, err := w.reconciler().Reconcile(t.Context(), message(), time.Now())
	require.Error(t, err)
	for _, text := range []string{out.Reason, err.Error()} {
		assert.NotContains(t, text, theirs)
		assert.NotContains(t, text, url.QueryEscape(theirs))
	}
}
