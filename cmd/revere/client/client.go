// Package client speaks Revere's HTTP API: bearer tokens, problem documents, pages, writes that may
// be repeated, and events that go on where they broke off. What it carries is up to its caller.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

const (
	// answerTime is how long a server may take to begin its answer. A publisher is kept waiting for
	// a verdict for 30 s at most.
	answerTime = 45 * time.Second
	// importTime is the same for whole files, which take a while to judge.
	importTime = 10 * time.Minute
	// maxAnswer bounds an answer that is read as one: a page of 1000 entries is well below.
	maxAnswer = 256 << 20
)

// A Client calls one Revere server. It is safe for concurrent use once its fields are set.
type Client struct {
	// Patience is how long calls with a Key are repeated. New sets it.
	Patience time.Duration
	// Repeating, where set, is told each time such a call is made again, and why.
	Repeating func(cause error)

	server string // without a trailing slash
	token  string
	quick  *http.Client
	slow   *http.Client
}

// New returns a client of the server at a URL such as http://127.0.0.1:8080, which may have a path.
// An empty token sends none.
func New(server, token string) (*Client, error) {
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("server %q is not a URL such as http://127.0.0.1:8080", redacted(server))
	}
	return &Client{
		Patience: Patience,
		server:   strings.TrimSuffix(u.String(), "/"), token: token,
		quick: newHTTP(answerTime), slow: newHTTP(importTime),
	}, nil
}

// redacted drops a user and password that someone put into the URL.
func redacted(server string) string {
	if u, err := url.Parse(server); err == nil && u.User != nil {
		u.User = nil
		return u.String()
	}
	return server
}

func newHTTP(patience time.Duration) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext
	transport.ResponseHeaderTimeout = patience
	return &http.Client{
		Transport: transport,
		// The API never redirects: whoever does is not Revere, and must not be handed the token.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Server is the URL that the client calls.
func (c *Client) Server() string { return c.server }

// A Request is one call of the API.
type Request struct {
	Method string // empty: GET
	Path   string // "/api/v1/alerts", its variable parts escaped: see Path
	Query  url.Values
	Accept string // empty: application/json
	// Body and what it is; ContentType empty means application/json.
	Body        []byte
	ContentType string
	// Key, where set, is the Idempotency-Key of the call: it is made again until its answer is
	// known, and done once all the same.
	Key string
	// Import says that the server may take its time.
	Import bool

	lastEvent string
}

func (r Request) lost(server string, err error) *Lost {
	return &Lost{Server: server, Err: err, Write: r.Method != "" && r.Method != http.MethodGet}
}

// Path joins segments to a path of the API, each of them escaped.
func Path(segments ...string) string {
	var b strings.Builder
	b.WriteString("/api/v1")
	for _, s := range segments {
		b.WriteString("/" + url.PathEscape(s))
	}
	return b.String()
}

// Get reads the JSON at a path into the value that into points to.
func (c *Client) Get(ctx context.Context, path string, query url.Values, into any) error {
	return c.Do(ctx, Request{Path: path, Query: query}, into)
}

// Do makes a call and reads its JSON answer into the value that into points to; nil drops the
// answer. The error is a *Problem where the server refused, an *Unreachable where none answers, a
// *Lost where nobody can say whether the call was done.
func (c *Client) Do(ctx context.Context, r Request, into any) error {
	answer, err := c.Open(ctx, r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return r.lost(c.server, err)
	}
	if into == nil || len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s does not answer as a Revere of this version does (%w); is --server right?", c.server, err)
	}
	return nil
}

// Open makes a call and returns its answer, whose body the caller closes. Errors are those of Do.
func (c *Client) Open(ctx context.Context, r Request) (*http.Response, error) {
	if r.Key != "" {
		return c.repeat(ctx, r)
	}
	return c.once(ctx, r)
}

func (c *Client) once(ctx context.Context, r Request) (*http.Response, error) {
	request, err := c.request(ctx, r)
	if err != nil {
		return nil, err
	}
	doer := c.quick
	if r.Import {
		doer = c.slow
	}
	answer, err := doer.Do(request)
	switch {
	case ctx.Err() != nil:
		if err == nil {
			_ = answer.Body.Close()
		}
		return nil, r.lost(c.server, ctx.Err())
	case err != nil && neverArrived(err):
		return nil, &Unreachable{Server: c.server, Err: reason(err)}
	case err != nil:
		return nil, r.lost(c.server, reason(err))
	case answer.StatusCode/100 == 2:
		return answer, nil
	}
	defer func() { _ = answer.Body.Close() }()
	return nil, readProblem(c.server, answer)
}

func (c *Client) request(ctx context.Context, r Request) (*http.Request, error) {
	target := c.server + r.Path
	if len(r.Query) > 0 {
		target += "?" + r.Query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, target, bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	set := func(name, value string) {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	set("Accept", "application/json")
	set("Accept", r.Accept)
	if len(r.Body) > 0 {
		set("Content-Type", "application/json")
		set("Content-Type", r.ContentType)
	}
	set("User-Agent", "revere")
	set("Idempotency-Key", r.Key)
	set("Last-Event-ID", r.lastEvent)
	if c.token != "" {
		set("Authorization", "Bearer "+c.token)
	}
	return request, nil
}

// neverArrived reports whether the server can't have seen the request.
func neverArrived(err error) bool {
	var dial *net.OpError
	return errors.As(err, &dial) && dial.Op == "dial" || errors.Is(err, syscall.ECONNREFUSED)
}

// reason drops the method and the URL that net/http puts before an error: what the user typed is
// said once, by whoever reports it.
func reason(err error) error {
	var outer *url.Error
	if errors.As(err, &outer) {
		return outer.Err
	}
	return err
}
