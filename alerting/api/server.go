// Package api is Revere over HTTP: publishing and correcting alerts, what became of them, answers by
// hand and by link, and, for other rooms, the frame that their routes stand in (authentication,
// problem documents, OpenAPI, logs and metrics).
//
// It listens to nothing and imports neither the engine nor the channels: what it needs of them are
// the fields of Server.
package api

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"revere/alerting"
	"revere/alerting/access"
	"revere/alerting/fanout"
	"revere/alerting/replies"
	"revere/alerting/tracking"
)

// A Directory is where tokens are kept, beside everything else of the directory.
type Directory interface {
	// Edit changes the directory by compare and set: decide may be called several times.
	Edit(ctx context.Context, decide func() ([]alerting.Change, error)) (revision uint64, err error)
	// Wait returns when the directory of this process has taken in a revision.
	Wait(ctx context.Context, revision uint64) error
}

// Keys keeps what was answered to an Idempotency-Key, for a day.
type Keys interface {
	// Remember stores value unless something is stored under the key; kept is what is there then,
	// and first is true when that is value.
	Remember(ctx context.Context, key string, value []byte) (kept []byte, first bool, err error)
	// Revise replaces what is stored.
	Revise(ctx context.Context, key string, value []byte) error
	// Forget lets the key be used again.
	Forget(ctx context.Context, key string) error
}

// A Ledger is the record of every alert, for those who want to see it grow.
type Ledger interface {
	// FollowLedger calls apply with every message after the given sequence, in order and never
	// concurrently, until ctx is done. It returns as soon as it has begun.
	FollowLedger(ctx context.Context, after uint64, apply func(sequence uint64, subject string, records []alerting.Record)) (reached uint64, err error)
}

// Rejections are the messages that were not taken.
type Rejections interface {
	// Rejections lists them, the oldest first.
	Rejections(ctx context.Context) ([]alerting.Rejection, error)
	// Rejection returns one with the bytes that were published.
	Rejection(ctx context.Context, key alerting.Key) (alerting.Rejection, []byte, error)
	// Replay publishes one again, byte for byte, and returns the key of the new message.
	Replay(ctx context.Context, key alerting.Key) (alerting.Key, error)
}

// A Room adds its operations to the API.
type Room interface {
	Register(*Router)
}

// A Server is the HTTP API of one process. Every field is required unless it says otherwise.
type Server struct {
	Board     *tracking.Board
	Atlas     alerting.Atlas
	Publish   fanout.Desk
	Preview   fanout.Previewer
	Answers   replies.Desk
	Tokens    *access.Book
	Directory Directory
	Keys      Keys
	Ledger    Ledger
	Rejected  Rejections

	// Ready says what is missing before the process can take work; nil when nothing is.
	Ready func(context.Context) error
	// Hold tells whether messages are kept back; nil never does.
	Hold func() alerting.Hold
	// Storage says why nothing new is taken on although the process is ready; nil while it is. A nil
	// func says nothing.
	Storage func() error
	// Stragglers are the servers of the NATS cluster that don't get what is written; nil has none.
	Stragglers func() []alerting.Straggler
	// Stopping is closed when the process begins to stop: streams that would go on for ever end
	// then. Nil never closes.
	Stopping <-chan struct{}

	// PublicURL is where the API is reached, without a trailing slash; status_url begins with it.
	PublicURL string
	// SenderName is who sends where an alert does not say, DeskPhone a person to call (E.164, may
	// be empty): both stand on the pages of acknowledgement links.
	SenderName string
	DeskPhone  string
	// Version of the program.
	Version string

	// Rooms add operations to /api/v1. They may be empty.
	Rooms []Room
	// Routes are the channels' own, by http.ServeMux pattern: "POST /webhooks/twilio/status". They
	// authenticate by themselves.
	Routes map[string]http.Handler

	// Metrics is what /metrics shows; the API registers its own there.
	Metrics *prometheus.Registry
	Now     func() time.Time
	Log     zerolog.Logger
}

// Limits of a request.
const (
	maxHeaderBytes  = 32 << 10
	maxWebhookBytes = 1 << 20
)

// NewHTTPServer returns the settings for serving the API to anyone: slow and oversized requests are
// cut off. Routes that take or give more than that extend their own deadlines. The caller listens, and Limits how
// many clients there are.
func NewHTTPServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: time.Minute, // from the end of the request's header
		IdleTimeout:  2 * time.Minute, MaxHeaderBytes: maxHeaderBytes,
	}
}

// held reports whether messages are kept back.
func (s *Server) held() bool { return s.Hold != nil && s.Hold().Held() }

// awaitsRouter reports whether nothing goes out before a router has run.
func (s *Server) awaitsRouter() bool { return s.Hold != nil && s.Hold().Doubts() }

// Handler returns the API. Call it once: it registers its metrics.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	r := s.newRouter(mux)
	for _, register := range []func(*Router){
		s.publishRoutes, s.alertRoutes, s.deliveryRoutes, s.peopleRoutes, s.eventRoutes, s.acknowledgementRoutes,
		s.rejectedRoutes, s.tokenRoutes, s.healthRoutes,
	} {
		register(r)
	}
	for _, room := range s.Rooms {
		room.Register(r)
	}
	s.linkRoutes(mux, r)
	for pattern, handler := range s.Routes {
		mux.Handle(pattern, http.MaxBytesHandler(handler, maxWebhookBytes))
	}
	s.metricsRoute(mux, r)
	s.docsRoutes(mux, r)
	return s.observed(s.recovered(unmatched(mux)))
}
