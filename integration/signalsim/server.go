// Package signalsim is a stand-in for signal-cli-rest-api, the bridge to Signal: the routes that
// Revere calls, the errors that the real one gives, and its receive webhook. What it answers
// follows the sources of signal-cli-rest-api (src/api/api.go, src/client/jsonrpc2.go) and of
// signal-cli (SendMessageResultUtils.java). It listens on loopback and nothing leaves the machine.
package signalsim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// A Config says which bridge to stand in for.
type Config struct {
	// Number is the account that the bridge has registered, in E.164.
	Number string
	// Listen is a loopback address; empty picks a free port, which later Starts keep.
	Listen string
	// Webhook is where received messages are posted (the real one's RECEIVE_WEBHOOK_URL); may be
	// empty, and set later with SetWebhook.
	Webhook string
}

// A Server is one bridge. Its methods are safe for concurrent use.
type Server struct {
	config Config

	mu        sync.Mutex
	http      *http.Server
	listener  net.Listener
	address   string
	webhook   string
	behavior  Behavior
	onMessage func(Message)
	messages  []Message
	last      int64 // the timestamp given last
	inFlight  int
	busiest   int
	ctx       context.Context
	cancel    context.CancelFunc

	posting sync.Mutex     // the real one posts from one loop
	hooks   sync.WaitGroup // OnMessage calls under way
}

// New makes a bridge that is not started.
func New(config Config) *Server {
	if config.Listen == "" {
		config.Listen = "127.0.0.1:0"
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Server{config: config, address: config.Listen, webhook: config.Webhook, ctx: ctx, cancel: cancel}
}

// Start listens and serves. A stopped or crashed bridge can be started again, at the same address
// and with all that it had taken.
func (s *Server) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.http != nil {
		return errors.New("the Signal stand-in is already started")
	}
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		return fmt.Errorf("the Signal stand-in can't listen on %s: %w; give another address", s.address, err)
	}
	s.address = listener.Addr().String()
	if s.ctx.Err() != nil {
		s.ctx, s.cancel = context.WithCancel(context.Background())
	}
	server := &http.Server{Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second}
	s.http, s.listener = server, listener
	go func() { _ = server.Serve(listener) }() // it returns when Stop closes the server
	return nil
}

// Stop cuts every connection, refuses new ones, and waits for OnMessage calls that are under way.
// Call it from outside of OnMessage. Stopping twice is harmless.
func (s *Server) Stop() {
	s.crash()
	s.hooks.Wait()
}

// crash is Stop without the wait: what a request that kills the daemon may call.
func (s *Server) crash() {
	s.mu.Lock()
	server, listener := s.http, s.listener
	s.http, s.listener = nil, nil
	s.cancel()
	s.mu.Unlock()
	if server != nil {
		_ = listener.Close() // a server that has not begun to serve would leave it open for a moment
		_ = server.Close()   // every connection is cut; which of them minded does not matter
	}
}

// URL is the bridge's address: "http://127.0.0.1:49152". It is known once Start has returned.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return "http://" + s.address
}

// SetWebhook changes where received messages are posted.
func (s *Server) SetWebhook(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.webhook = url
}

// OnMessage has f called with each message that is taken, in a goroutine of its own, as a phone
// answers: f may call Reply, React and the others.
func (s *Server) OnMessage(f func(Message)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onMessage = f
}

// Behave changes how the bridge answers from now on. The zero Behavior is a bridge that works.
func (s *Server) Behave(b Behavior) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.behavior = b
}

// Messages returns all messages that were taken, in order.
func (s *Server) Messages() []Message { return s.taken(func(Message) bool { return true }) }

// MessagesTo returns the messages that were taken for one address, in order.
func (s *Server) MessagesTo(address string) []Message {
	return s.taken(func(m Message) bool { return m.To == address })
}

// MaxConcurrent returns how many sends were ever under way at once.
func (s *Server) MaxConcurrent() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.busiest
}

func (s *Server) taken(matches func(Message) bool) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Message
	for _, m := range s.messages {
		if matches(m) {
			out = append(out, m)
		}
	}
	return out
}

// tick returns a timestamp in milliseconds that was never given before: Signal names messages by it.
// The caller holds the lock.
func (s *Server) tick() int64 {
	s.last = max(time.Now().UnixMilli(), s.last+1)
	return s.last
}
