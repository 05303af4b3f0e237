package sms

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
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

// A call is one request to Twilio. It is the client that the library asks to carry its request out:
// the library's own takes no context, loses the status and headers of answers that it can't decode,
// and leaves the bodies of errors open. All calls share their connections.
type call struct {
	channel *channel
	ctx     context.Context

	// connected is set while the request has a connection: from then on Twilio may have it.
	connected  atomic.Bool
	status     int // of the answer, 0 where none came
	retryAfter time.Duration
}

var _ client.BaseClient = (*call)(nil)

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

// api is Twilio's API for this call alone. The environment has no say in where it is.
func (x *call) api() *openapi.ApiService {
	return openapi.NewApiService(&client.RequestHandler{Client: x})
}

// AccountSid implements client.BaseClient.
func (x *call) AccountSid() string { return x.channel.config.AccountSID }

// SetTimeout implements client.BaseClient: the context has the deadline.
func (x *call) SetTimeout(time.Duration) {}

// SetOauth implements client.BaseClient: the account's token is what we have.
func (x *call) SetOauth(client.OAuth) {}

// OAuth implements client.BaseClient.
func (x *call) OAuth() client.OAuth { return nil }

// SendRequest implements client.BaseClient: one exchange with the configured address, within the
// call's context. No redirect is followed: a message is posted to that address, or not at all. An
// answer of 400 and up is an error: a *client.TwilioRestError where Twilio itself speaks.
func (x *call) SendRequest(method, rawURL string, data url.Values, headers map[string]any, _ ...byte) (*http.Response, error) {
	request, err := x.request(method, rawURL, data, headers)
	if err != nil {
		return nil, err
	}
	response, err := x.channel.transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	x.status = response.StatusCode
	x.retryAfter = retryAfter(response.Header, time.Now())
	response.Body = answer{io.LimitReader(response.Body, maxAnswer), response.Body}
	if response.StatusCode >= http.StatusBadRequest {
		defer response.Body.Close()
		return nil, restError(response.Body)
	}
	return response, nil // the library reads it, and closes it
}

// request makes what the library asks for: a form to post, else a query.
func (x *call) request(method, rawURL string, data url.Values, headers map[string]any) (*http.Request, error) {
	ctx := httptrace.WithClientTrace(x.ctx, &httptrace.ClientTrace{
		// The transport dials anew only when it is sure that nothing was written before.
		GetConn: func(string) { x.connected.Store(false) },
		GotConn: func(httptrace.GotConnInfo) { x.connected.Store(true) },
	})
	form := ""
	if method == http.MethodPost {
		form = data.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, method, rawURL, strings.NewReader(form))
	if err != nil {
		return nil, err
	}
	if method != http.MethodPost {
		request.URL.RawQuery = data.Encode()
	}
	x.channel.readdress(request)
	maps.Copy(request.Header, x.channel.header)
	for name, value := range headers {
		request.Header.Set(name, fmt.Sprint(value))
	}
	return request, nil
}

// newHeader is what every request says: who calls, with the version of the library that decides how,
// and with which credentials.
func newHeader(c Config) http.Header {
	r := http.Request{Header: http.Header{"User-Agent": {"revere twilio-go/" + client.LibraryVersion}}}
	r.SetBasicAuth(c.AccountSID, c.AuthToken)
	return r.Header
}

// An answer is a body that is read to its end when it is closed, or the connection would not be used again.
type answer struct {
	io.Reader
	body io.Closer
}

// Close implements io.Closer.
func (a answer) Close() error {
	_, _ = io.Copy(io.Discard, a) // what breaks here breaks the connection, which then is not used again
	return a.body.Close()
}

// restError reads Twilio's error. What there is of a broken answer will not decode; its status says enough.
func restError(body io.Reader) error {
	fault := new(client.TwilioRestError)
	if err := json.NewDecoder(body).Decode(fault); err != nil {
		return fmt.Errorf("the answer is not Twilio's: %w", err)
	}
	return fault
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
	if value == "" {
		return 0
	}
	if seconds, err := strconv.Atoi(value); err == nil {
		return min(max(time.Duration(min(seconds, 1<<20))*time.Second, 0), maxRetryAfter)
	}
	if date, err := http.ParseTime(value); err == nil {
		return min(max(date.Sub(now), 0), maxRetryAfter)
	}
	return 0
}
