package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"revere/alerting"
	"revere/alerting/access"
)

// A Health is the answer of /healthz and /readyz.
type Health struct {
	Status   string `json:"status" enum:"ok,ready,held,awaits_router" doc:"held: alerts are taken, and no message goes out until an operator releases it. awaits_router: it is released, and none goes out before a process with the router role has run since the restore."`
	Refusing string `json:"refusing,omitempty" doc:"Why new alerts and imports are refused, while replies, receipts and what was accepted are worked on."`
	// Stragglers are named here for an operator, and change nothing: the others serve.
	Stragglers []Straggler `json:"stragglers,omitempty" doc:"Servers of the NATS cluster that don't get what is written, and to which streams. Until they do, the loss of another one stops everything."`
}

// A Straggler is a server that does not keep up, with what to do about it.
type Straggler struct {
	alerting.Straggler
	Advice string `json:"advice"`
}

// A VersionView says which program answers.
type VersionView struct {
	Version string `json:"version"`
}

// readyPatience is how long readiness is looked for: an orchestrator does not wait longer.
const readyPatience = 5 * time.Second

func (s *Server) healthRoutes(r *Router) {
	tags := []string{"Operating"}
	open(r, huma.Operation{OperationID: "healthz", Method: http.MethodGet, Path: "/healthz", Tags: tags, Summary: "The process lives"},
		func(context.Context, *struct{}) (*Body[Health], error) { return Answer(Health{Status: "ok"}, nil) })
	open(r, huma.Operation{
		OperationID: "readyz", Method: http.MethodGet, Path: "/readyz", Tags: tags,
		Summary: "The process can take work: the engine answers and its streams are there", Errors: []int{http.StatusServiceUnavailable},
	}, func(ctx context.Context, _ *struct{}) (*Body[Health], error) {
		ctx, cancel := context.WithTimeout(ctx, readyPatience)
		defer cancel()
		if err := s.Ready(ctx); err != nil {
			return nil, alerting.Errorf(alerting.CodeUnavailable, "not ready: %v", err)
		}
		return Answer(s.ready(), nil)
	})
	Handle(r, access.Viewer, huma.Operation{OperationID: "version", Method: http.MethodGet, Path: "/api/v1/version", Tags: tags, Summary: "The program's version"},
		func(context.Context, access.Token, *struct{}) (*Body[VersionView], error) {
			return Answer(VersionView{s.Version}, nil)
		})
}

// ready is the answer of a process that can work. It stays ready on a disk that is nearly full: whoever
// balances load by this must not take the providers' receipts and people's replies away from it.
func (s *Server) ready() Health {
	h := Health{Status: "ready"}
	switch {
	case s.held():
		h.Status = "held"
	case s.awaitsRouter():
		h.Status = "awaits_router"
	}
	if s.Storage != nil {
		if err := s.Storage(); err != nil {
			h.Refusing = err.Error()
		}
	}
	if s.Stragglers != nil {
		for _, x := range s.Stragglers() {
			h.Stragglers = append(h.Stragglers, Straggler{x, x.String()})
		}
	}
	return h
}

func (s *Server) metricsRoute(mux *http.ServeMux, r *Router) {
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.Metrics, promhttp.HandlerOpts{}))
	r.describe(&huma.Operation{
		OperationID: "metrics", Method: http.MethodGet, Path: "/metrics", Tags: []string{"Operating"}, Summary: "Metrics for Prometheus",
		Responses: map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"text/plain": {Schema: &huma.Schema{Type: huma.TypeString}}}}},
	})
}

// describe adds to the OpenAPI document a route that huma does not serve.
func (r *Router) describe(op *huma.Operation) { r.huma.OpenAPI().AddOperation(op) }
