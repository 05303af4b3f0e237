package signal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync/atomic"
	"time"

	"revere/alerting"
)

type sendRequest struct {
	Message    string   `json:"message"`
	Number     string   `json:"number"`
	Recipients []string `json:"recipients"`
	NotifySelf bool     `json:"notify_self"`
	// TextMode "normal" keeps a bridge whose DEFAULT_SIGNAL_TEXT_MODE is "styled" from eating the
	// asterisks and tildes of an alert.
	TextMode string `json:"text_mode"`
}

// Send makes one attempt, within its context and the configured timeout. Once a connection to the bridge stands,
// every end but the bridge's own plain answer is Unknown.
func (c *Channel) Send(ctx context.Context, m alerting.Message) alerting.Outcome {
	if ctx.Err() != nil {
		return retry("canceled", "not tried: the process is stopping")
	}
	body, err := json.Marshal(sendRequest{Message: m.Text, Number: c.config.Number, Recipients: []string{m.To}, TextMode: "normal"})
	if err != nil {
		return alerting.Outcome{State: alerting.Failed, Code: "encoding", Reason: "the message can't be written as JSON"}
	}
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	a, err := c.call(ctx, http.MethodPost, "/v2/send", body)
	switch {
	case err == nil:
		return a.outcome(c.config.Number, m.To)
	case !a.connected:
		return retry("unreachable", "signal-cli-rest-api could not be reached: "+plain(err)+"; see that it runs and that channels.signal.url is its address")
	case ctx.Err() != nil:
		return unknown("timeout", "signal-cli-rest-api did not answer in time; the daemon behind it may have died, restart it if this goes on")
	default:
		return unknown("connection_lost", "the connection to signal-cli-rest-api broke before it answered: "+plain(err))
	}
}

// An answer is what the bridge said to one call, or how far the call came.
type answer struct {
	// connected is whether a connection stood, so that the bridge may have seen the request.
	connected  bool
	status     int
	retryAfter time.Duration
	body       []byte
}

// call makes one HTTP request and reads its answer whole. Its answer is of use beside an error too.
func (c *Channel) call(ctx context.Context, method, path string, body []byte) (answer, error) {
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	request, err := http.NewRequestWithContext(ctx, method, c.config.URL+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.client.Do(request)
	if err != nil {
		return answer{connected: connected.Load()}, err
	}
	defer func() { _ = response.Body.Close() }()
	a := answer{connected: true, status: response.StatusCode, retryAfter: retryAfter(response.Header)}
	a.body, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	return a, err
}

// retryAfter reads a Retry-After header (RFC 9110 section 10.2.3): seconds or a date; 0 where there
// is none that can be read.
func retryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		return inSeconds(seconds)
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// maxWait bounds the waits that a bridge may ask for: no alert lives longer.
const maxWait = alerting.MaxLife

func inSeconds(seconds int) time.Duration {
	const most = int(maxWait / time.Second)
	return time.Duration(min(max(seconds, 0), most)) * time.Second
}

// plain is an error of net/http without the URL around it.
func plain(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

func retry(code, reason string) alerting.Outcome {
	return alerting.Outcome{State: alerting.Failed, Retry: true, Code: code, Reason: reason}
}

func unknown(code, reason string) alerting.Outcome {
	return alerting.Outcome{State: alerting.Unknown, Code: code, Reason: reason}
}
