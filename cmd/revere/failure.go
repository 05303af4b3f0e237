package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"revere/alerting"
	"revere/cmd/revere/client"
)

// A usageError is a command line that can't be carried out as it was typed.
type usageError string

func (u usageError) Error() string { return string(u) }

// usagef makes a usageError.
func usagef(format string, args ...any) error { return usageError(fmt.Sprintf(format, args...)) }

// An undecidedError is a publication of which nobody can say whether it was made. It wraps nothing: an
// interruption is reported without the rest.
type undecidedError string

func (u undecidedError) Error() string { return string(u) }

// Codes of failures that no server told, for programs.
const (
	codeFailed      = "failed"
	codeUsage       = "usage"
	codeInterrupted = "interrupted"
	codeUnreachable = "unreachable" // no server answers
	codeUndecided   = "undecided"   // what was asked for may have been done or not
)

// A failure is what went wrong. With --json it is printed in the words of the API's problem documents.
type failure struct {
	Code   string             `json:"code"`
	Detail string             `json:"detail"`
	Errors []alerting.Problem `json:"errors"`

	text   string // as a person reads it
	status int
}

// report says on stderr what went wrong, and returns the exit status.
func report(env environment, asJSON bool, to connection, err error) int {
	if err == nil {
		return statusOK
	}
	f := failureOf(env, to, err)
	if !asJSON {
		env.sayf("revere: %s", f.text)
		return f.status
	}
	line, err := json.Marshal(f)
	if err != nil {
		panic(err) // texts alone
	}
	env.sayf("%s", line)
	return f.status
}

func failureOf(env environment, to connection, err error) failure {
	f := failure{Code: codeFailed, Detail: err.Error(), Errors: []alerting.Problem{}, text: err.Error(), status: statusFailed}
	var wrong usageError
	var lost *client.Lost
	var nowhere *client.Unreachable
	var doubt undecidedError
	var refusal *client.Problem
	switch {
	case errors.As(err, &wrong):
		f.Code, f.Detail, f.text, f.status = codeUsage, string(wrong), string(wrong), statusUsage
	case errors.As(err, &lost) && lost.Write, errors.As(err, &doubt):
		f.Code = codeUndecided
	case errors.Is(err, context.Canceled):
		f.Code, f.Detail, f.text = codeInterrupted, codeInterrupted, codeInterrupted
	case errors.As(err, &nowhere):
		f.Code = codeUnreachable
	case errors.As(err, &refusal):
		f.Code, f.Detail, f.Errors = cmp.Or(refusal.Code, codeFailed), refusal.Detail, append(f.Errors, refusal.Errors...)
		if hint := tokenHint(refusal.Code, to.tokenSource(env)); hint != "" {
			f.Detail += ". " + hint
			f.text += "\n" + hint
		}
	}
	return f
}

// tokenHint says more to somebody whose token was refused.
func tokenHint(code, source string) string {
	switch code {
	case alerting.CodeUnauthorized:
		return fmt.Sprintf("The token is from %s; an admin makes another with `revere tokens new`.", source)
	case alerting.CodeForbidden:
		return fmt.Sprintf("The token is from %s; `revere tokens list` shows what each may do.", source)
	}
	return ""
}

// wantsJSON reports whether --json was typed: what is wrong with a command line is told before it is read.
func wantsJSON(args []string) bool {
	for _, arg := range args {
		switch arg {
		case "--json", "--json=true", "--json=1", "--json=yes": // as kong reads them
			return true
		case "--": // the rest are no flags
			return false
		}
	}
	return false
}

// sayf talks to the person, on a line of its own. What can't be said there can't be said at all.
func (e environment) sayf(format string, args ...any) {
	_, _ = fmt.Fprintln(e.stderr, plainLines(fmt.Sprintf(format, args...)))
}
