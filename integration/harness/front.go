package harness

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"sync"
	"testing"
)

// A front is what stands before several API processes, as an operator's load balancer does: one
// address, and each request goes to the next of those that are well.
type front struct {
	mu   sync.Mutex
	well []string // host:port
	next int
}

func startFront(t testing.TB) (f *front, address string) {
	t.Helper()
	f = &front{}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "http", r.In.Host, r.In.Host
		},
		Transport: f,
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return f, server.Listener.Addr().String()
}

// set tells which processes are well.
func (f *front) set(well []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.well = well
}

// turn lists those that are well, beginning with another one each time.
func (f *front) turn() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.well) == 0 {
		return nil
	}
	f.next = (f.next + 1) % len(f.well)
	return append(append([]string(nil), f.well[f.next:]...), f.well[:f.next]...)
}

var errNobodyWell = errors.New("no API process is well")

// RoundTrip implements http.RoundTripper. A request that did not leave is given to the next process.
func (f *front) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	failure := errNobodyWell
	for _, host := range f.turn() {
		try := r.Clone(r.Context())
		try.URL.Host, try.Body = host, io.NopCloser(bytes.NewReader(body))
		response, err := http.DefaultTransport.RoundTrip(try)
		var network *net.OpError
		if err == nil || !errors.As(err, &network) || network.Op != "dial" {
			return response, err
		}
		failure = err
	}
	return nil, failure
}
