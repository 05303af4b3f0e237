package api

import (
	"errors"
	"fmt"
	"net/http"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"

	"revere/alerting"
)

// A recorder notes what was answered. It unwraps, so that http.ResponseController reaches the
// connection.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= http.StatusOK {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(p)
}

// Unwrap implements what http.ResponseController looks for.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// observed logs and counts every request by the pattern of its route: the paths of links and
// webhooks carry tokens.
func (s *Server) observed(next http.Handler) http.Handler {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "revere_http_requests_total", Help: "Requests by route, method and status.",
	}, []string{"route", "method", "status"})
	took := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "revere_http_request_seconds", Help: "How long requests took, by route and method; streams until they end.",
		Buckets: []float64{.001, .005, .025, .1, .25, 1, 2.5, 10, 30},
	}, []string{"route", "method"})
	s.Metrics.MustRegister(requests, took)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := s.Now()
		rec := &recorder{ResponseWriter: w}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		defer func() {
			route, method, duration := routeOf(r), methodOf(r), s.Now().Sub(start)
			if rec.status == 0 {
				rec.status = http.StatusOK // what the server sends where a handler writes nothing
			}
			requests.WithLabelValues(route, method, strconv.Itoa(rec.status)).Inc()
			took.WithLabelValues(route, method).Observe(duration.Seconds())
			event := s.Log.Info()
			if routine[route] {
				event = s.Log.Debug()
			}
			event.Str("method", method).Str("route", route).Int("status", rec.status).Int64("ms", duration.Milliseconds()).Msg("request")
		}()
		next.ServeHTTP(rec, r)
	})
}

// routine are routes that machines ask every few seconds.
var routine = map[string]bool{"/healthz": true, "/readyz": true, "/metrics": true}

// routeOf is the pattern that the mux matched, without the method.
func routeOf(r *http.Request) string {
	if r.Pattern == "" {
		return "unmatched"
	}
	_, route, found := strings.Cut(r.Pattern, " ")
	if !found {
		return r.Pattern
	}
	return route
}

// methodOf keeps made-up methods out of logs and metrics.
func methodOf(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "other"
}

// recovered answers a panic with a problem that says nothing of it, and logs it.
func (s *Server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(http.ErrAbortHandler)
			}
			s.Log.Error().Str("route", routeOf(r)).Str("panic", fmt.Sprint(cause)).Bytes("stack", debug.Stack()).Msg("request panicked")
			if rec, ok := w.(*recorder); ok && rec.status != 0 {
				panic(http.ErrAbortHandler) // the answer had begun: only breaking it off tells the client
			}
			p, _ := ProblemOf(errPanic)
			p.write(w)
		}()
		next.ServeHTTP(w, r)
	})
}

var errPanic = errors.New("panic")

// unmatched gives the mux's own refusals, which are plain text, the form of all others. A path that is
// not in its simplest form is no route: the mux would send its caller to another.
func unmatched(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
			newProblem(CodeMediaType, "bodies are taken as they are: send this one without Content-Encoding", nil).write(w)
			return
		}
		if clean := path.Clean(r.URL.Path); clean != strings.TrimSuffix(r.URL.Path, "/") && clean != r.URL.Path {
			newProblem(alerting.CodeNotFound, "there is no such route; /docs lists those there are", nil).write(w)
			return
		}
		refuse, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		probe := refusal{header: http.Header{}}
		refuse.ServeHTTP(&probe, r)
		if allow := probe.header.Get("Allow"); allow != "" {
			w.Header().Set("Allow", allow)
			newProblem(CodeMethod, "this route takes "+allow+", not "+methodOf(r), nil).write(w)
			return
		}
		newProblem(alerting.CodeNotFound, "there is no such route; /docs lists those there are", nil).write(w)
	})
}

// A refusal takes the headers of an answer and drops the rest.
type refusal struct{ header http.Header }

func (r *refusal) Header() http.Header         { return r.header }
func (r *refusal) Write(p []byte) (int, error) { return len(p), nil }
func (r *refusal) WriteHeader(int)             {}

// streamPatience is how long one write of a stream may take before its client counts as gone.
const streamPatience = 30 * time.Second

// Unhurried is a middleware for operations that take large bodies: they end by their own timeout, not
// the server's.
func Unhurried(ctx huma.Context, next func(huma.Context)) {
	_, w := humago.Unwrap(ctx)
	control := http.NewResponseController(w)
	// A writer without deadlines (in a test) has none to lift.
	_ = control.SetReadDeadline(time.Time{})
	_ = control.SetWriteDeadline(time.Time{})
	next(ctx)
	unhurried(w)
}

// unhurried lifts the server's deadlines from a response that takes its time, and gives the next
// write one of its own.
func unhurried(w http.ResponseWriter) {
	control := http.NewResponseController(w)
	// A writer without deadlines (in a test) has none to lift.
	_ = control.SetReadDeadline(time.Time{})
	_ = control.SetWriteDeadline(time.Now().Add(streamPatience))
}
