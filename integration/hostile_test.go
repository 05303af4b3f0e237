package integration_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/integration/harness"
	"revere/integration/twiliosim"
)

// The binary stands what strangers send to its listeners: nothing crashes, nothing changes, nothing
// secret is said.
func TestTheBinaryStandsStrangers(t *testing.T) {
	t.Parallel()
	w := desk(t, harness.Options{})
	first := out(t, w, plainly)
	before := truth(w, []alerting.Key{first.Key})
	form := url.Values{"AccountSid": {harness.AccountSID}, "MessageSid": {"SM0123456789abcdef0123456789abcdef"}, "From": {harness.Phone(1)}, "Body": {"ACK " + first.Code}}.Encode()
	signature := "X-Twilio-Signature: " + twiliosim.Sign(harness.AuthToken, w.URL()+"/webhooks/twilio/messages", url.Values{})
	const formLine = "Content-Type: application/x-www-form-urlencoded"
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"a form key that comes twice":   {post("/webhooks/twilio/messages", form+"&Body=hello", formLine, signature), 403},
		"a query key that comes twice":  {post("/webhooks/twilio/status?ref=a&ref=b", form, formLine, signature), 403},
		"two signatures":                {post("/webhooks/twilio/messages", form, formLine, signature, signature), 403},
		"a webhook that is no form":     {post("/webhooks/twilio/messages", "{}", "Content-Type: application/json", signature), 415},
		"a webhook of 1 MiB":            {post("/webhooks/twilio/messages", strings.Repeat("a", 1<<20), formLine, signature), 413},
		"a path to a webhook":           {post("//webhooks/twilio/messages", form, formLine, signature), 404},
		"an encoded path to a webhook":  {post("/webhooks%2ftwilio%2fmessages", form, formLine, signature), 404},
		"a wrong token with a NUL":      {post("/webhooks/signal/"+harness.WebhookToken+"%00", "{}"), 403},
		"a right token with dots":       {post("/webhooks/signal/x/../"+harness.WebhookToken, "{}"), 404},
		"a Signal envelope of 1 MiB":    {post("/webhooks/signal/"+harness.WebhookToken, strings.Repeat("a", 1<<20)), 413},
		"deep JSON by Signal":           {post("/webhooks/signal/"+harness.WebhookToken, strings.Repeat("[", 100_000)), 400},
		"Signal's JSON in another form": {post("/webhooks/signal/"+harness.WebhookToken, `{"envelope": 7, "params": [], "account": {}}`), 200},
		"a compressed envelope":         {post("/webhooks/signal/"+harness.WebhookToken, "\x1f\x8b", "Content-Encoding: gzip"), 415},
		"a header of 40 KiB":            {post("/webhooks/twilio/status", form, "X-A: "+strings.Repeat("a", 40<<10)), 431},
		"no HTTP":                       {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400},
	} {
		t.Run(name, func(t *testing.T) {
			status, body := raw(t, w, c.request)
			assert.Equal(t, c.status, status, "%.300s", body)
			for _, secret := range []string{harness.AuthToken, harness.WebhookToken, harness.MailPassword, w.Token()} {
				assert.NotContains(t, body, secret)
			}
		})
	}
	nats, err := net.Dial("tcp", strings.TrimPrefix(w.NATSURL(), "nats://"))
	require.NoError(t, err)
	defer nats.Close()
	_, err = io.WriteString(nats, "CONNECT {\"verbose\":true}\r\nPUB ledger.alerts 5\r\nhello\r\nPUB alerts.ma.boston 99999999\r\n"+strings.Repeat("x", 8<<10))
	require.NoError(t, err)

	assert.Equal(t, before, truth(w, []alerting.Key{first.Key}), "a stranger changed something")
	assert.Zero(t, w.Summary(first.Key).Acknowledged)
	w.Call(http.StatusOK, harness.Request{Method: http.MethodGet, Path: "/readyz"})
	for _, secret := range []string{harness.AuthToken, harness.WebhookToken, w.Token()} {
		assert.NotContains(t, w.Log.String(), secret)
	}
	assert.NotContains(t, w.Log.String(), "panicked")
}

// post is a request as it stands on the wire.
func post(target, body string, header ...string) string {
	lines := append([]string{"POST " + target + " HTTP/1.1", "Host: revere", "Connection: close", "Content-Length: " + strconv.Itoa(len(body))}, header...)
	return strings.Join(lines, "\r\n") + "\r\n\r\n" + body
}

// raw sends bytes to the HTTP listener, and returns what was answered.
func raw(t *testing.T, w *harness.World, request string) (status int, body string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.URL(), "http://"))
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(harness.Patience)))
	go func() { _, _ = io.WriteString(conn, request) }() // a server that refuses may not read to the end
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(answer)
}
