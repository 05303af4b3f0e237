// Package bare sends messages with twilio-go as a first program would: one client for all calls, no
// deadline, no judgement of what came back. It is what the sms channel is measured against.
package bare

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/twilio/twilio-go/client"
	openapi "github.com/twilio/twilio-go/rest/api/v2010"
)

// An Account is where messages are sent from, and how.
type Account struct {
	// BaseURL is where the API is reached, without a path: http://127.0.0.1:8081.
	BaseURL string
	// SID and Token are the account's credentials, and From its number in E.164.
	SID, Token, From string
	// Connections is how many calls are under way at once, at most: so many connections are kept.
	Connections int
}

// A Client sends for one account. It may be used from many goroutines.
type Client struct {
	account   Account
	api       *openapi.ApiService
	transport *http.Transport
}

// New returns a client. An error means that the BaseURL is no address.
func New(a Account) (*Client, error) {
	base, err := url.Parse(a.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("base URL %q is not an address", a.BaseURL)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost, transport.MaxConnsPerHost = a.Connections, a.Connections, a.Connections
	twilio := &client.Client{
		Credentials: client.NewCredentials(a.SID, a.Token),
		HTTPClient:  &http.Client{Transport: redirected{base, transport}},
	}
	twilio.SetAccountSid(a.SID)
	return &Client{account: a, api: openapi.NewApiServiceWithClient(twilio), transport: transport}, nil
}

// redirected takes requests for Twilio, whose address the library has built in, elsewhere.
type redirected struct {
	base      *url.URL
	transport *http.Transport
}

func (r redirected) RoundTrip(request *http.Request) (*http.Response, error) {
	request.URL.Scheme, request.URL.Host, request.Host = r.base.Scheme, r.base.Host, ""
	return r.transport.RoundTrip(request)
}

// Send sends a text. callback is where receipts are to go, and validity for how many seconds the
// message is worth sending. An error means that the message was not taken.
func (c *Client) Send(to, text, callback string, validity int) error {
	params := new(openapi.CreateMessageParams).
		SetTo(to).SetFrom(c.account.From).SetBody(text).SetStatusCallback(callback).SetValidityPeriod(validity)
	message, err := c.api.CreateMessage(params)
	if err != nil {
		return err
	}
	if message.Sid == nil {
		return fmt.Errorf("the answer to a message to %s names none", to)
	}
	return nil
}

// Close closes the connections.
func (c *Client) Close() { c.transport.CloseIdleConnections() }
