package alerting

import (
	"errors"
	"fmt"
	"strings"
)

// A Problem is one thing that is wrong with what was given, in words that say how to mend it.
// Pointer is an RFC 6901 JSON pointer into the input ("/areas/0"), empty when the whole is meant.
type Problem struct {
	Pointer string `json:"pointer,omitempty"`
	Code    string `json:"code"`
	Detail  string `json:"detail"`
}

// Codes name a class of failure. They are part of the contract: programs branch on them.
const (
	CodeInvalid      = "invalid"             // a value that can't be understood
	CodeMissing      = "missing"             // a required value is absent
	CodeUnknownArea  = "unknown_area"        // no such area
	CodeOutsideArea  = "area_outside"        // an area the subject or the producer doesn't cover
	CodeExpired      = "expired"             // already over
	CodeFuture       = "future_dated"        // sent more than five minutes ahead
	CodeOversized    = "oversized"           // more bytes than allowed
	CodeTLP          = "tlp_not_enforceable" // a TLP label that v1 refuses
	CodeMalformed    = "malformed"           // not JSON, not UTF-8, not an object
	CodeConflict     = "conflict"            // other content under the same identity
	CodeReference    = "unknown_reference"   // a correction of nothing
	CodeNotFound     = "not_found"           // no such record
	CodeForbidden    = "forbidden"           // this caller may not
	CodeUnauthorized = "unauthorized"        // no caller is known
	CodeAmbiguous    = "ambiguous"           // more than one record is meant
	CodeDuplicate    = "duplicate"           // given twice where once is meant
	CodeClosed       = "closed"              // the alert takes no answers any more
	CodeUnavailable  = "unavailable"         // try again: the engine is not reachable
	CodeNobody       = "no_recipients"       // a warning: the alert reaches nobody
	CodeUnexpanded   = "not_expanded"        // a warning: it is not known yet to whom the correction goes
	CodeHeld         = "held"                // a warning: nothing is sent until an operator releases it
	CodeOverloaded   = "overloaded"          // too much waits before it; try again
	CodeStorage      = "storage_full"        // the disk must keep room for what was accepted; try again
	CodeInternal     = "internal"            // a fault of Revere's own
	CodeInFlight     = "in_flight"           // the same request is being worked on
)

// An Error is a failure that a person or a program can act on: a code for the program, a
// sentence for the person, and every Problem at once where the input was at fault.
type Error struct {
	Code     string
	Detail   string
	Problems []Problem
}

func (e *Error) Error() string {
	if len(e.Problems) == 0 {
		return e.Detail
	}
	var b strings.Builder
	b.WriteString(e.Detail)
	for _, p := range e.Problems {
		b.WriteString("; ")
		if p.Pointer != "" {
			b.WriteString(strings.TrimPrefix(p.Pointer, "/"))
			b.WriteString(": ")
		}
		b.WriteString(p.Detail)
	}
	return b.String()
}

// Errorf makes an Error without Problems.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// CodeOf returns the code of the first Error in err's chain, and "" where there is none.
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// Problems collects what is wrong, so that all of it is told at once.
type Problems []Problem

// Add appends one problem.
func (p *Problems) Add(pointer, code, format string, args ...any) {
	*p = append(*p, Problem{Pointer: pointer, Code: code, Detail: fmt.Sprintf(format, args...)})
}

// Err is nil when nothing is wrong. The error takes the code of its only problem, or CodeInvalid.
func (p Problems) Err(what string) error {
	if len(p) == 0 {
		return nil
	}
	code := p[0].Code
	for _, q := range p[1:] {
		if q.Code != code {
			code = CodeInvalid
		}
	}
	return &Error{Code: code, Detail: what, Problems: p}
}
