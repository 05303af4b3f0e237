package sms

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twilio/twilio-go/client"
	openapi "github.com/twilio/twilio-go/rest/api/v2010"
)

const (
	maxAnswer     = 8 << 20   // bytes of an answer that are read: a page of a list is well below 1 MiB
	maxRetryAfter = time.Hour // longer waits that a provider asks for are not believed
)

// A call is one request to Twilio. The library takes no context, and loses the status and headers of
// answers that it can't decode; so each call brings its own http.RoundTripper, which adds the one and
// keeps the other, over connections that all calls share.
type call struct {
	channel *channel
	ctx     context.Context

	// connected is set while the request has a connection: from then on Twilio may have it.
	connected  atomic.Bool
	status     int // of the answer, 0 where none came
	retryAfter time.Duration
}

// newTransport keeps to HTTP/1.1, where a connection that breaks leaves one message in doubt and not
// all that are under way.
func newTransport(concurrency int) http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP1(true)
	t.DialContext = (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	t.TLSHandshakeTimeout = 5 * time.Second
	t.MaxIdleConns = concurrency
	t.MaxIdleConnsPerHost = concurrency
	return t
}

func (c *channel) newCall(ctx context.Context) *call { return &call{channel: c, ctx: ctx} }

// api is Twilio's client for this call alone.
func (x *call) api() *openapi.ApiService {
	config := x.channel.config
	base := &client.Client{
		Credentials: client.NewCredentials(config.AccountSID, config.AuthToken),
		HTTPClient: &http.Client{
			Transport: x,
			// A message is posted to the address that was configured, or not at all.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	base.SetAccountSid(config.AccountSID)
	return openapi.NewApiServiceWithClient(base)
}

// RoundTrip sends the request to the configured address within the call's context, and reads the
// whole answer, since the library leaves bodies of errors open.
func (x *call) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx := httptrace.WithClientTrace(x.ctx, &httptrace.ClientTrace{
		// The transport dials anew only when it is sure that nothing was written before.
		GetConn: func(string) { x.connected.Store(false) },
		GotConn: func(httptrace.GotConnInfo) { x.connected.Store(true) },
	})
	request = request.Clone(ctx)
	x.channel.readdress(request)
	response, err := x.channel.transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	x.status = response.StatusCode
	x.retryAfter = retryAfter(response.Header, time.Now())
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil && response.StatusCode < http.StatusBadRequest {
		return nil, err
	}
	// What is left of a broken answer of 400 and up will not decode; its status says enough.
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

// readdress points a request, which the library makes for Twilio's own address, at base_url.
func (c *channel) readdress(request *http.Request) {
	request.URL.Scheme, request.URL.Host = c.baseURL.Scheme, c.baseURL.Host
	if prefix := strings.TrimRight(c.baseURL.Path, "/"); prefix != "" {
		request.URL.Path, request.URL.RawPath = prefix+request.URL.Path, ""
	}
	request.Host = ""
}

// retryAfter reads the header of that name: seconds, or a date (RFC 9110, section 10.2.3).
func retryAfter(header http.Header, now time.Time) time.Duration {
	value := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		return min(max(time.Duration(min(seconds, 1<<20))*time.Second, 0), maxRetryAfter)
	}
	if date, err := http.ParseTime(value); err == nil {
		return min(max(date.Sub(now), 0), maxRetryAfter)
	}
	return 0
}

// cause takes off an error what http.Client puts around it, which repeats the address that was
// called, and with it the person's number.
func cause(err error) error {
	for {
		wrapped, ok := err.(*url.Error) //nolint:errorlint // Only the outermost is ours to drop.
		if !ok {
			return err
		}
		err = wrapped.Err
	}
}
