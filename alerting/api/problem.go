package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"revere/alerting"
)

// Codes that only HTTP knows, beside those of the domain.
const (
	CodeInternal    = "internal"
	CodeMethod      = "method_not_allowed"
	CodeMediaType   = "unsupported_media_type"
	CodeIdempotency = "idempotency_mismatch" // the same Idempotency-Key with another request
)

// A ProblemDocument is a failure as HTTP tells it: a problem document (RFC 9457) with a code for programs
// and, where the input was at fault, everything that is wrong with it at once.
type ProblemDocument struct {
	Type   string             `json:"type" doc:"Always about:blank: the status and the code say what kind of problem it is."`
	Title  string             `json:"title" doc:"The status in words."`
	Status int                `json:"status"`
	Detail string             `json:"detail" doc:"What went wrong and what to do, for people."`
	Code   string             `json:"code" doc:"The class of failure, for programs."`
	Errors []alerting.Problem `json:"errors" doc:"Everything that is wrong with the input; pointer is a JSON pointer (RFC 6901) into the body."`

	retryAfter time.Duration
}

// statuses maps the domain's codes to HTTP's. It is the only place where they meet.
var statuses = map[string]int{
	alerting.CodeInvalid:      http.StatusUnprocessableEntity,
	alerting.CodeMissing:      http.StatusUnprocessableEntity,
	alerting.CodeUnknownArea:  http.StatusUnprocessableEntity,
	alerting.CodeOutsideArea:  http.StatusUnprocessableEntity,
	alerting.CodeExpired:      http.StatusUnprocessableEntity,
	alerting.CodeFuture:       http.StatusUnprocessableEntity,
	alerting.CodeTLP:          http.StatusUnprocessableEntity,
	alerting.CodeReference:    http.StatusUnprocessableEntity,
	alerting.CodeDuplicate:    http.StatusUnprocessableEntity,
	alerting.CodeMalformed:    http.StatusBadRequest,
	alerting.CodeOversized:    http.StatusRequestEntityTooLarge,
	alerting.CodeConflict:     http.StatusConflict,
	alerting.CodeAmbiguous:    http.StatusConflict,
	alerting.CodeClosed:       http.StatusConflict,
	alerting.CodeInFlight:     http.StatusConflict,
	alerting.CodeNotFound:     http.StatusNotFound,
	alerting.CodeForbidden:    http.StatusForbidden,
	alerting.CodeUnauthorized: http.StatusUnauthorized,
	alerting.CodeUnavailable:  http.StatusServiceUnavailable,
	alerting.CodeOverloaded:   http.StatusTooManyRequests,
	alerting.CodeStorage:      http.StatusInsufficientStorage,
	CodeInternal:              http.StatusInternalServerError,
	CodeMethod:                http.StatusMethodNotAllowed,
	CodeMediaType:             http.StatusUnsupportedMediaType,
	CodeIdempotency:           http.StatusUnprocessableEntity,
}

// retries says after how long it is worth trying again.
var retries = map[string]time.Duration{
	alerting.CodeUnavailable: 5 * time.Second,
	alerting.CodeInFlight:    time.Second,
	alerting.CodeOverloaded:  2 * time.Second,
	alerting.CodeStorage:     30 * time.Second,
}

func newProblem(code, detail string, problems []alerting.Problem) *ProblemDocument {
	status, known := statuses[code]
	if !known {
		status = http.StatusUnprocessableEntity
	}
	// What a single field names can be absent or too long without the resource being so.
	if len(problems) > 0 && (status == http.StatusNotFound || status == http.StatusRequestEntityTooLarge) {
		status = http.StatusUnprocessableEntity
	}
	return &ProblemDocument{
		Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: clip(detail), Code: code,
		Errors: append([]alerting.Problem{}, problems...), retryAfter: retries[code],
	}
}

// clip bounds what is told of a request by repeating it.
func clip(detail string) string {
	const limit = 1000
	if len(detail) <= limit {
		return detail
	}
	return strings.ToValidUTF8(detail[:limit], "") + "…"
}

// ProblemOf tells a failure in HTTP's terms. What is not an alerting.Error says nothing of its
// cause: ok is false then, and the cause belongs into the log.
func ProblemOf(err error) (p *ProblemDocument, ok bool) {
	var domain *alerting.Error
	switch {
	case errors.As(err, &p):
		return p, true
	case errors.As(err, &domain):
		return newProblem(domain.Code, domain.Detail, domain.Problems), true
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return newProblem(alerting.CodeUnavailable, "it took too long; try again", nil), false
	}
	return newProblem(CodeInternal, "something went wrong on the server; its log says what", nil), false
}

// Error is the detail.
func (p *ProblemDocument) Error() string { return p.Detail }

// GetStatus implements huma.StatusError.
func (p *ProblemDocument) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *ProblemDocument) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

// GetHeaders implements huma.HeadersError.
func (p *ProblemDocument) GetHeaders() http.Header {
	h := http.Header{}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(p.retryAfter.Seconds())))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="revere"`)
	}
	return h
}

// write answers with the problem outside huma's operations.
func (p *ProblemDocument) write(w http.ResponseWriter) {
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // a client that has gone needs no answer
}

// humaProblem gives what huma finds wrong with a request the same form as everything else.
func humaProblem(status int, detail string, errs ...error) huma.StatusError {
	code := codeOfStatus(status)
	if code == CodeInternal {
		detail, errs = "something went wrong on the server; its log says what", nil
	}
	p := newProblem(code, detail, nil)
	p.Status, p.Title = status, http.StatusText(status)
	for _, err := range errs {
		p.Errors = append(p.Errors, humaDetail(err))
	}
	return p
}

func codeOfStatus(status int) string {
	switch status {
	case http.StatusBadRequest:
		return alerting.CodeMalformed
	case http.StatusRequestEntityTooLarge:
		return alerting.CodeOversized
	case http.StatusUnsupportedMediaType:
		return CodeMediaType
	case http.StatusUnprocessableEntity:
		return alerting.CodeInvalid
	case http.StatusRequestTimeout:
		return alerting.CodeUnavailable
	}
	return CodeInternal
}

// humaDetail turns huma's "body.contacts[0].address" into a JSON pointer. A parameter is no part of
// the body: it is named in the sentence.
func humaDetail(err error) alerting.Problem {
	var d *huma.ErrorDetail
	if !errors.As(err, &d) {
		return alerting.Problem{Code: alerting.CodeInvalid, Detail: err.Error()}
	}
	code := alerting.CodeInvalid
	if strings.Contains(d.Message, "required") {
		code = alerting.CodeMissing
	}
	place, rest, _ := strings.Cut(d.Location, ".")
	if place == "body" {
		return alerting.Problem{Pointer: pointer(rest), Code: code, Detail: d.Message}
	}
	return alerting.Problem{Code: code, Detail: fmt.Sprintf("%s parameter %s: %s", place, rest, d.Message)}
}

func pointer(location string) string {
	if location == "" {
		return ""
	}
	return "/" + strings.NewReplacer(".", "/", "[", "/", "]", "").Replace(location)
}
