package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/rs/zerolog"

	"revere/alerting"
	"revere/alerting/access"
)

// A Router takes the operations that the API consists of. Each is described in the OpenAPI document
// by its types, asks for a token, and tells failures as problem documents.
type Router struct {
	huma   huma.API
	tokens *access.Book
	bodies bodies
	log    zerolog.Logger
}

// humaErrors makes huma's own refusals ours; huma keeps how they are made in two variables.
var humaErrors = sync.OnceFunc(func() {
	huma.NewError = humaProblem
	huma.NewErrorWithContext = func(ctx huma.Context, status int, detail string, errs ...error) huma.StatusError {
		if status == http.StatusRequestEntityTooLarge {
			detail = tooLarge(ctx.Operation().MaxBodyBytes)
		}
		return humaProblem(status, detail, errs...)
	}
})

// tooLarge says what a body may have. That of an alert is told the alert's own limit, which its request's
// is above.
func tooLarge(limit int64) string {
	if limit == maxPublishBytes {
		return fmt.Sprintf("the body is more than twice the %d bytes that an alert may have; shorten the description", alerting.MaxAlertBytes)
	}
	return fmt.Sprintf("the body is larger than the %d bytes that are taken here", limit)
}

const bearer = "token"

func (s *Server) newRouter(mux *http.ServeMux) *Router {
	humaErrors()
	config := huma.DefaultConfig("Revere", s.Version)
	config.Info.Description = "Threat alerts to municipalities by SMS, email and Signal, with acknowledgement tracking. " +
		"Every write answers with a sequence; a read that is given it as ?sequence= or in the Revere-Sequence header waits until it shows that write."
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.CreateHooks = nil // no $schema in answers
	// The document and its page are served by docsRoutes: both are made once and need no network.
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		bearer: {Type: "http", Scheme: "bearer", Description: "A token of `revere tokens new`. Roles: admin, producer, viewer."},
	}
	return &Router{huma: humago.New(mux, config), tokens: s.Tokens, bodies: newBodies(), log: s.Log}
}

// Handle adds an operation for callers whose token has the role, or one that includes it. The error
// that h returns is told in HTTP's terms (ProblemOf).
func Handle[I, O any](r *Router, role access.Role, op huma.Operation, h func(ctx context.Context, caller access.Token, in *I) (*O, error)) {
	op.Security = []map[string][]string{{bearer: {}}}
	op.Errors = append(op.Errors, http.StatusUnauthorized, http.StatusForbidden, http.StatusServiceUnavailable)
	op.Middlewares = append(huma.Middlewares{r.authenticate(role)}, op.Middlewares...)
	huma.Register(r.huma, op, func(ctx context.Context, in *I) (*O, error) {
		caller, _ := ctx.Value(callerKey{}).(access.Token)
		out, err := h(ctx, caller, in)
		return out, r.told(op, err)
	})
}

// A RawBody describes a body that an operation judges by itself, so that it can name everything that
// is wrong at once: the operation's input has a field RawBody []byte.
type RawBody struct {
	// Limit is how many bytes it may have; from there on it is refused.
	Limit int64
	// Optional bodies may be absent.
	Optional bool
	// Schemas by media type; they describe, and nothing is checked against them.
	Schemas map[string]*huma.Schema
}

// HandleRaw is Handle for an operation with a RawBody.
func HandleRaw[I, O any](r *Router, role access.Role, op huma.Operation, body RawBody, h func(ctx context.Context, caller access.Token, in *I) (*O, error)) {
	op.SkipValidateBody, op.MaxBodyBytes = true, body.Limit
	op.RequestBody = &huma.RequestBody{}
	Handle(r, role, op, h)
	// huma describes every raw body as required bytes, so what it is can be said only afterwards.
	op.RequestBody.Required, op.RequestBody.Content = !body.Optional, map[string]*huma.MediaType{}
	for media, schema := range body.Schemas {
		op.RequestBody.Content[media] = &huma.MediaType{Schema: schema}
	}
}

// Text is the schema of a body of text.
func Text() *huma.Schema { return &huma.Schema{Type: huma.TypeString} }

// open adds an operation that needs no token.
func open[I, O any](r *Router, op huma.Operation, h func(context.Context, *I) (*O, error)) {
	huma.Register(r.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := h(ctx, in)
		return out, r.told(op, err)
	})
}

// told turns an error into the problem that is answered, and logs what the answer must not say.
func (r *Router) told(op huma.Operation, err error) error {
	if err == nil {
		return nil
	}
	p, ok := ProblemOf(err)
	if !ok {
		r.log.Error().Err(err).Str("operation", op.OperationID).Msg("request failed")
	}
	return p
}

// callerKey is where the authenticated caller waits between the middleware and the operation, which
// gets it as an argument.
type callerKey struct{}

// authenticate lets those pass whose token has the role.
func (r *Router) authenticate(role access.Role) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		_, w := humago.Unwrap(ctx)
		w.Header().Set("Cache-Control", "no-store")
		scheme, secret, _ := strings.Cut(ctx.Header("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") {
			newProblem(alerting.CodeUnauthorized, "a token is needed: send the header Authorization: Bearer …; `revere tokens new` makes one", nil).write(w)
			return
		}
		caller, ok := r.tokens.Authenticate(strings.TrimSpace(secret))
		if !ok {
			newProblem(alerting.CodeUnauthorized, "the token is not known here, or was deleted; `revere tokens new` makes one", nil).write(w)
			return
		}
		if !caller.May(role) {
			newProblem(alerting.CodeForbidden, "the token "+caller.Name+" is a "+string(caller.Role)+"'s; this takes a "+string(role)+"'s", nil).write(w)
			return
		}
		next(huma.WithValue(ctx, callerKey{}, caller))
	}
}

// A Seen is what a caller has seen written: the read is to show at least that.
type Seen struct {
	Sequence uint64 `query:"sequence" doc:"Wait, 10 s at most, until the answer shows the write that returned this sequence."`
	Header   uint64 `header:"Revere-Sequence" doc:"The same as sequence."`
}

const seenPatience = 10 * time.Second

// Await waits until what the caller has seen is there. The error has CodeUnavailable.
func (s Seen) Await(ctx context.Context, wait func(context.Context, uint64) error) error {
	sequence := max(s.Sequence, s.Header)
	if sequence == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, seenPatience)
	defer cancel()
	return wait(ctx, sequence)
}

// A Page is one answer of a list.
type Page[T any] struct {
	Data       []T     `json:"data" nullable:"false"`
	NextCursor *string `json:"next_cursor" doc:"Ask for the next page with ?cursor=; null on the last one."`
}

// NewPage returns a page; an empty next means that it is the last one.
func NewPage[T any](data []T, next string) Page[T] {
	p := Page[T]{Data: data}
	if data == nil {
		p.Data = []T{}
	}
	if next != "" {
		p.NextCursor = &next
	}
	return p
}

// A Paging says which page is wanted.
type Paging struct {
	Cursor string `query:"cursor" doc:"next_cursor of the page before; empty begins."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many entries at most."`
}

// A Body is an answer of JSON.
type Body[T any] struct {
	Body T
}

// Answer wraps what is answered.
func Answer[T any](body T, err error) (*Body[T], error) {
	if err != nil {
		return nil, err
	}
	return &Body[T]{body}, nil
}

// A Written is the answer to a write that returns nothing else.
type Written struct {
	Sequence uint64 `json:"sequence" doc:"Give it to a read as ?sequence= to see this write."`
}
