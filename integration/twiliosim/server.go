// Package twiliosim is a stand-in for Twilio's messaging API (version 2010-04-01), for tests and for
// the demonstration. It answers as the real one does, posts signed receipts and replies, and can be
// told to fail in every way that the real one has been seen to.
package twiliosim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of the stand-in.
const (
	maxForm      = 64 << 10 // bytes of a request that is read
	maxMessages  = 200_000  // kept; after that creating answers 20429
	maxCallbacks = 64       // posts under way at once
	callbackTime = 15 * time.Second
)

// A Server is one Twilio account and its API. Set the fields before Start; everything else may be
// called at any time, from any goroutine.
type Server struct {
	// Addr is the loopback address to listen on; 127.0.0.1:0 when empty.
	Addr string
	// AccountSID and AuthToken are the account's credentials, and AuthToken signs its webhooks.
	AccountSID, AuthToken string
	// Numbers are the account's own, in E.164: others can't stand in From.
	Numbers []string
	// MessagingServices are the SIDs that may stand in place of a From. Each sends from Numbers[0].
	MessagingServices []string
	// Trial makes the account one that has not been paid for: each text begins by saying so.
	Trial bool
	// CallbackRetries is how often a webhook that was not answered 2xx is posted again, at once.
	// Twilio's own default is not to.
	CallbackRetries int
	// Forgetful keeps nothing of a message that was answered: lists stay empty, and no receipt comes.
	// It makes the stand-in cheap enough to measure against, and lets any number of messages through.
	Forgetful bool
	// OnMessage hears of each accepted message, before its first receipt. It must not block.
	OnMessage func(Message)

	http     *http.Server
	listener net.Listener
	client   *http.Client
	running  context.Context // done when the server stops
	stop     context.CancelFunc
	tasks    sync.WaitGroup // requests, receipts and replies under way
	tasksMu  sync.Mutex     // no task begins once Stop waits for them
	posting  chan struct{}  // a slot for each callback under way
	store    store
	knobs    knobs
	counts   counters
}

// Stats count what went through the server since Start.
type Stats struct {
	Connections int64 // that clients opened
	Requests    int64 // of any kind
	Creates     int64 // requests to create a message, accepted or not
	Callbacks   int64 // webhooks that were answered 2xx
	Refused     int64 // webhooks that were answered otherwise, or not at all
}

type counters struct{ connections, requests, creates, callbacks, refused atomic.Int64 }

// Start listens and serves until Stop.
func (s *Server) Start() error {
	addr := s.Addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	if host, _, err := net.SplitHostPort(addr); err != nil || !net.ParseIP(host).IsLoopback() {
		return fmt.Errorf("the Twilio stand-in can't listen on %q: give a loopback address such as 127.0.0.1:0", addr)
	}
	if s.AccountSID == "" || s.AuthToken == "" || len(s.Numbers) == 0 {
		return errors.New("the Twilio stand-in needs an AccountSID, an AuthToken and at least one of Numbers")
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("the Twilio stand-in can't listen on %s: %w", addr, err)
	}
	s.listener = listener
	s.running, s.stop = context.WithCancel(context.Background())
	s.posting = make(chan struct{}, maxCallbacks)
	s.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: maxCallbacks}, Timeout: callbackTime}
	s.http = &http.Server{
		Handler:           s.routes(),
		ReadHeaderTimeout: 10 * time.Second,
		// What it has to say are the cut connections, which were asked for.
		ErrorLog: log.New(io.Discard, "", 0),
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				s.counts.connections.Add(1)
			}
		},
	}
	go s.http.Serve(listener) //nolint:errcheck // Serve ends with ErrServerClosed, by Stop.
	return nil
}

// Stop cuts every connection, and returns when no request, receipt or reply is under way any more.
func (s *Server) Stop() {
	s.tasksMu.Lock()
	s.stop()
	s.tasksMu.Unlock()
	s.http.Close() //nolint:errcheck // The listener is gone either way.
	s.tasks.Wait()
	s.client.CloseIdleConnections()
}

// URL is where the API is: what base_url should be.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// Stats returns what was counted so far.
func (s *Server) Stats() Stats {
	return Stats{
		Connections: s.counts.connections.Load(),
		Requests:    s.counts.requests.Load(),
		Creates:     s.counts.creates.Load(),
		Callbacks:   s.counts.callbacks.Load(),
		Refused:     s.counts.refused.Load(),
	}
}

func (s *Server) routes() http.Handler {
	const account = "/2010-04-01/Accounts/{account}"
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+account+"/Messages.json", s.create)
	mux.HandleFunc("GET "+account+"/Messages.json", s.reading(s.list))
	mux.HandleFunc("GET "+account+"/Messages/{message}", s.reading(s.fetch))
	mux.HandleFunc("GET "+account+"/IncomingPhoneNumbers.json", s.reading(s.numbers))
	// The pattern language has no "{account}.json".
	mux.HandleFunc("GET /2010-04-01/Accounts/{file}", s.reading(s.account))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { notFound.answer(w) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.begin() {
			panic(http.ErrAbortHandler)
		}
		defer s.tasks.Done()
		s.counts.requests.Add(1)
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		mux.ServeHTTP(w, r)
	})
}

// begin reserves a task that Stop waits for; it reports false once the server stops.
func (s *Server) begin() bool {
	s.tasksMu.Lock()
	defer s.tasksMu.Unlock()
	if s.running.Err() != nil {
		return false
	}
	s.tasks.Add(1)
	return true
}

// reading answers a read as SetReadAnswer says, else from the account.
func (s *Server) reading(handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch answer := s.knobs.readAnswer(); {
		case answer != nil && answer.Hang:
			s.wait(r.Context(), time.Hour)
			panic(http.ErrAbortHandler)
		case answer != nil:
			answer.write(w)
		case !s.authorized(r):
			unauthorized.answer(w)
		default:
			handler(w, r)
		}
	}
}

func (s *Server) authorized(r *http.Request) bool {
	user, password, ok := r.BasicAuth()
	named := r.PathValue("account")
	return ok && user == s.AccountSID && password == s.AuthToken && (named == "" || named == s.AccountSID)
}

// wait returns false when the caller went away, or the server stopped, before d was over.
func (s *Server) wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return s.running.Err() == nil && ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	case <-s.running.Done():
		return false
	}
}
