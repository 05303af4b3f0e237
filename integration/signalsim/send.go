package signalsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// A Message is one that the bridge took.
type Message struct {
	From, To, Text string
	// Timestamp names the message on Signal, in milliseconds since 1970.
	Timestamp int64
	// TextMode is "normal", "styled", or empty where the request left it to the bridge.
	TextMode string
	// NotifySelf is whether the sender's own devices were to ring; nil where the request didn't say.
	NotifySelf *bool
	// Arrived is set once a receipt has told that the phone has it.
	Arrived bool
}

type sendRequest struct {
	Message    string   `json:"message"`
	Number     string   `json:"number"`
	Recipients []string `json:"recipients"`
	TextMode   string   `json:"text_mode"`
	NotifySelf *bool    `json:"notify_self"`
}

type sendAnswer struct {
	Timestamp string      `json:"timestamp"`
	Errors    *sendErrors `json:"errors,omitempty"`
}

type sendErrors struct {
	Recipients []sendError `json:"recipients"`
}

type sendError struct {
	Number   string `json:"number,omitempty"`
	Username string `json:"username,omitempty"`
	Reason   string `json:"reason"`
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v2/send", s.send)
	mux.HandleFunc("GET /v1/health", s.open(func(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) }))
	mux.HandleFunc("GET /v1/about", s.open(func(w http.ResponseWriter) {
		answer(w, http.StatusOK, map[string]any{"versions": []string{"v1", "v2"}, "build": 2, "mode": "json-rpc", "version": "0.98"})
	}))
	mux.HandleFunc("GET /v1/accounts", s.open(func(w http.ResponseWriter) {
		answer(w, http.StatusOK, []string{s.config.Number})
	}))
	return mux
}

func (s *Server) open(serve func(http.ResponseWriter)) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		locked := s.behavior.Locked
		s.mu.Unlock()
		if locked {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		serve(w)
	}
}

func (s *Server) send(w http.ResponseWriter, r *http.Request) {
	b, alive := s.enter()
	defer s.leave()
	if !alive {
		go s.crash() // not here: closing the server from its own handler could wait for itself
		<-r.Context().Done()
		return
	}
	var request sendRequest
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		fail(w, http.StatusBadRequest, "Couldn't process request - invalid request")
		return
	}
	if !wait(r, b.Latency) || b.CutBefore {
		panic(http.ErrAbortHandler)
	}
	if b.HangBefore {
		<-r.Context().Done()
		return
	}
	if s.refuse(w, b, request) {
		return
	}
	timestamp, failed := s.take(b, request)
	switch {
	case b.Hang:
		<-r.Context().Done()
	case !wait(r, b.AnswerDelay) || b.CutAfter:
		panic(http.ErrAbortHandler)
	case b.CutAnswer:
		w.Header().Set("Content-Length", "40")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"timest`)) // a client that is gone needs no answer
	case b.Empty:
	case b.NotJSON:
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte("<html>Created</html>")) // a client that is gone needs no answer
	case b.Array:
		answer(w, http.StatusCreated, []sendAnswer{{Timestamp: timestamp, Errors: failed}})
	default:
		answer(w, http.StatusCreated, sendAnswer{Timestamp: timestamp, Errors: failed})
	}
}

// enter counts the request in and says whether the daemon bears it.
func (s *Server) enter() (b Behavior, alive bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight++
	s.busiest = max(s.busiest, s.inFlight)
	b = s.behavior
	switch {
	case b.Times == 1:
		s.behavior = Behavior{}
	case b.Times > 1:
		s.behavior.Times--
	}
	return b, b.CrashAbove == 0 || s.inFlight <= b.CrashAbove
}

func (s *Server) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight--
}

// wait lets the latency pass, and reports false when the client went away meanwhile.
func wait(r *http.Request, latency time.Duration) bool {
	if latency == 0 {
		return true
	}
	timer := time.NewTimer(latency)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// recipient is what signal-cli takes: an E.164 number, a username, or an account's UUID.
var recipient = regexp.MustCompile(`^(\+[1-9][0-9]{6,14}|[A-Za-z_][A-Za-z0-9_]{2,31}\.[0-9]{2,9}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)

// refuse answers a request that is not sent, and reports whether it did.
func (s *Server) refuse(w http.ResponseWriter, b Behavior, r sendRequest) bool {
	switch {
	case b.Locked:
		w.WriteHeader(http.StatusUnauthorized)
		return true
	case b.Status != 0:
		if b.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(b.RetryAfter/time.Second)))
		}
		if b.Status/100 == 3 {
			w.Header().Set("Location", "/login")
		}
		answer(w, b.Status, map[string]any{"error": b.Error, "challenge_tokens": b.ChallengeTokens, "account": r.Number})
		return true
	case len(r.Recipients) == 0:
		fail(w, http.StatusBadRequest, "Couldn't process request - please provide at least one recipient")
		return true
	case r.Number != s.config.Number:
		fail(w, http.StatusBadRequest, ErrorNoAccount)
		return true
	}
	for _, to := range r.Recipients {
		if reason, ok := b.Refuse[to]; ok {
			fail(w, http.StatusBadRequest, reason)
			return true
		}
		if !recipient.MatchString(to) {
			fail(w, http.StatusBadRequest, fmt.Sprintf(ErrorBadNumber, to))
			return true
		}
	}
	return false
}

// take keeps the message for every recipient that is not listed as failed, and returns its timestamp.
func (s *Server) take(b Behavior, r sendRequest) (timestamp string, failed *sendErrors) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.tick()
	for _, to := range r.Recipients {
		if reason, ok := b.Partly[to]; ok {
			if failed == nil {
				failed = new(sendErrors)
			}
			failed.Recipients = append(failed.Recipients, sendError{Number: to, Reason: reason})
			continue
		}
		m := Message{From: r.Number, To: to, Text: r.Message, Timestamp: now, TextMode: r.TextMode, NotifySelf: r.NotifySelf}
		s.messages = append(s.messages, m)
		if hook := s.onMessage; hook != nil && s.ctx.Err() == nil {
			s.hooks.Go(func() { hook(m) })
		}
	}
	return strconv.FormatInt(now, 10), failed
}

func fail(w http.ResponseWriter, status int, text string) {
	answer(w, status, map[string]string{"error": text})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that is gone needs no answer
}
