package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"revere/alerting"
	"revere/alerting/access"
	"revere/alerting/fanout"
)

// A Published is the answer to an alert, an update or a cancel that was taken: it is durable.
type Published struct {
	ID        string             `json:"id" doc:"The producer's own id, or the one that was given to the alert."`
	Key       alerting.Key       `json:"key" doc:"Names the alert's record for ever."`
	Code      string             `json:"code,omitempty" doc:"The short code that people say and type; absent while the verdict is pending."`
	Areas     []alerting.Area    `json:"areas" nullable:"false"`
	StatusURL string             `json:"status_url"`
	Sequence  uint64             `json:"sequence" doc:"The ledger's; 0 while the verdict is pending."`
	Verdict   string             `json:"verdict" enum:"accepted,pending" doc:"pending: durable, and not judged within ten seconds, or too many wait for verdicts to wait for this one; verdicts.<key> will say."`
	Repeated  bool               `json:"repeated,omitempty" doc:"The same content was taken before: this is that alert."`
	Warnings  []alerting.Problem `json:"warnings" nullable:"false"`
}

// A DryRun is what publishing would do.
type DryRun struct {
	Alert    alerting.Alert     `json:"alert" doc:"The alert as it was read, with defaults filled in."`
	Preview  fanout.Preview     `json:"preview"`
	Warnings []alerting.Problem `json:"warnings" nullable:"false"`
}

// A Publication is a request to publish. It is exported, as whatever is embedded in a request must be:
// huma passes over what is not.
type Publication struct {
	DryRun bool   `query:"dry_run" doc:"Only show whom it would reach."`
	Key    string `header:"Idempotency-Key" maxLength:"255" doc:"The same key with the same body is published once, for 24 h; another body is refused."`
	Type   string `header:"Content-Type" hidden:"true"`

	RawBody []byte
}

// A published answer is a Published with 202, or a DryRun with 200.
type published struct {
	Status int
	Replay string `header:"Idempotency-Replayed" doc:"true where the answer is one that was given before."`
	Body   any
}

// publishTime bounds one publication, its waits for the engine and the verdict included. It goes
// on when the client has gone: what it began must not be left half known.
const publishTime = 30 * time.Second

// maxPublishBytes leaves room above an alert's limit, so that one a little too large is told so with
// its size.
const maxPublishBytes = 2 * alerting.MaxAlertBytes

func (s *Server) publishRoutes(r *Router) {
	op := huma.Operation{
		OperationID: "publish-alert", Method: http.MethodPost, Path: "/api/v1/alerts", Tags: []string{"Alerts"},
		Summary:     "Publish an alert",
		Description: "Answers 202 when the alert is durable. A failed validation names every problem at once.",
	}
	HandleRaw(r, access.Producer, r.publishes(op), r.alertBody(true), func(ctx context.Context, caller access.Token, in *Publication) (*published, error) {
		if strings.Contains(in.Type, "xml") {
			return nil, newProblem(CodeMediaType, "alerts are taken as JSON; CAP XML is not yet", nil)
		}
		if in.DryRun {
			return s.dryRun(caller, in.RawBody)
		}
		return s.once(ctx, caller, op.Path, in, func(ctx context.Context, id string) (Published, error) {
			return s.publish(ctx, caller, withID(in.RawBody, id))
		})
	})
	s.correctionRoutes(r)
}

// publishes describes what an operation answers that takes an alert, or changes to one.
func (r *Router) publishes(op huma.Operation) huma.Operation {
	op.DefaultStatus = http.StatusAccepted
	op.Middlewares = huma.Middlewares{r.bodies.inTurn}
	op.Errors = []int{http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusInsufficientStorage}
	op.Responses = map[string]*huma.Response{
		"200": {Description: "A dry run", Content: r.content(DryRun{})},
		"202": {Description: "Durable", Content: r.content(Published{})},
	}
	return op
}

// alertBody is a whole alert, or the changes to one, which may be none. alerting.Intake judges it.
func (r *Router) alertBody(whole bool) RawBody {
	return RawBody{Limit: maxPublishBytes, Optional: !whole, Schemas: map[string]*huma.Schema{"application/json": alertSchema(whole)}}
}

// publisher is what the caller may address.
func (s *Server) publisher(caller access.Token) fanout.Publisher {
	return fanout.Publisher{Name: caller.Name, MayAddress: func(a alerting.Area) bool { return caller.MayAddress(s.Atlas, a) }}
}

// read judges an alert, and whether the caller may correct what it refers to.
func (s *Server) read(caller access.Token, body []byte) (alerting.Alert, []alerting.Problem, error) {
	alert, warnings, err := s.Publish.Read(s.publisher(caller), body)
	if err == nil && alert.Type.Corrects() {
		_, err = s.corrected(caller, alert)
	}
	return alert, warnings, err
}

func (s *Server) dryRun(caller access.Token, body []byte) (*published, error) {
	alert, warnings, err := s.read(caller, body)
	if err != nil {
		return nil, err
	}
	preview, err := s.preview(caller, alert)
	if err != nil {
		return nil, err
	}
	return &published{Status: http.StatusOK, Body: DryRun{alert, preview, s.warn(warnings)}}, nil
}

// publish makes an alert durable and waits for its verdict.
func (s *Server) publish(ctx context.Context, caller access.Token, body []byte) (Published, error) {
	alert, _, err := s.read(caller, body)
	if err != nil {
		return Published{}, err
	}
	verdict, err := s.Publish.Publish(ctx, s.publisher(caller), body)
	// An alert that was accepted is, even where this process has not read the ledger that far.
	if err != nil && verdict.Verdict != alerting.VerdictAccepted {
		return Published{}, err
	}
	p := Published{
		ID: verdict.ID, Key: verdict.Key, Code: verdict.Code, Areas: alert.Areas, Sequence: verdict.Ledger,
		Verdict: verdict.Verdict, Repeated: verdict.Repeated, Warnings: s.warn(verdict.Warnings),
	}
	if verdict.Alert != "" {
		p.Key = verdict.Alert
	}
	if opened, ok := s.Board.Opened(p.Key); ok {
		p.ID, p.Areas = opened.Alert.ID, opened.Alert.Areas
	}
	if p.ID == "" {
		p.ID = string(p.Key) // what the router gives to an alert without one
	}
	p.StatusURL = s.statusURL(p.Key)
	return p, nil
}

// warn adds to an alert's own warnings that nothing of it goes out for now.
func (s *Server) warn(own []alerting.Problem) []alerting.Problem {
	why := ""
	switch {
	case s.held():
		why = "nothing is sent now: the system was restored from a backup, and an operator has not released it (`revere release`)"
	case s.awaitsRouter():
		why = alerting.AwaitsRouter
	default:
		return list(own)
	}
	return append([]alerting.Problem{{Code: alerting.CodeHeld, Detail: why}}, own...)
}

func (s *Server) statusURL(key alerting.Key) string {
	return s.PublicURL + "/api/v1/alerts/" + string(key)
}

// list makes an absent list an empty one: clients read [] more safely than null.
func list[T any](given []T) []T {
	if given == nil {
		return []T{}
	}
	return given
}
