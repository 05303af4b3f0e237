package client

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"revere/alerting"
)

// A Problem is a call that the server refused: an RFC 9457 problem document.
type Problem struct {
	Status int                `json:"status"`
	Title  string             `json:"title"`
	Detail string             `json:"detail"`
	Code   string             `json:"code"` // one of alerting's codes
	Errors []alerting.Problem `json:"errors"`

	retryAfter time.Duration
}

// Error is the detail, and below it every single problem on a line of its own.
func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.Detail)
	for _, e := range p.Errors {
		b.WriteString("\n  " + Line(e))
	}
	return b.String()
}

// Line is one problem on one line: the field that it is about, and what is wrong. Problems with
// files name their line and column themselves.
func Line(p alerting.Problem) string {
	field := strings.TrimPrefix(p.Pointer, "/")
	if field == "" || strings.HasPrefix(p.Detail, "line ") {
		return p.Detail
	}
	return field + ": " + p.Detail
}

// maxProblem bounds what is read of a refusal: an import tells 1000 problems at most.
const maxProblem = 4 << 20

// readProblem reads a refusal. What is no problem document comes from something that stands before
// Revere, or from another server altogether.
func readProblem(server string, answer *http.Response) *Problem {
	p := &Problem{}
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxProblem))
	if err != nil || kind != "application/problem+json" || json.Unmarshal(body, p) != nil {
		p = &Problem{Detail: fmt.Sprintf("%s answers %q and not as Revere does; is --server right?", server, answer.Status)}
	}
	p.Status = answer.StatusCode
	if p.Detail == "" {
		p.Detail = p.Title
	}
	if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && seconds >= 0 {
		p.retryAfter = time.Duration(seconds) * time.Second
	}
	return p
}

// An Unreachable is a call that never arrived: nobody listens, or no network leads there.
type Unreachable struct {
	Server string
	Err    error
}

func (u *Unreachable) Error() string {
	return fmt.Sprintf("no revere answers at %s (%v); start one with `revere serve`, or name another with --server or $REVERE_SERVER", u.Server, u.Err)
}

// Unwrap returns what the network said.
func (u *Unreachable) Unwrap() error { return u.Err }

// A Lost is a call whose answer never came: it may have been done or not.
type Lost struct {
	Server string
	Err    error
	// Write says that the call was to change something.
	Write bool
}

func (l *Lost) Error() string {
	doubt := ""
	if l.Write {
		doubt = "; what was asked for may have been done or not"
	}
	return fmt.Sprintf("the answer of %s was lost (%v)%s", l.Server, l.Err, doubt)
}

// Unwrap returns what the network said, or the context's error where the caller gave up.
func (l *Lost) Unwrap() error { return l.Err }
