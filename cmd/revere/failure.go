package main

import (
	"context"
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

// report says on stderr what went wrong, and returns the exit status.
func report(env environment, to connection, err error) int {
	if err == nil {
		return statusOK
	}
	var wrong usageError
	if errors.As(err, &wrong) {
		env.sayf("revere: %s", wrong)
		return statusUsage
	}
	var lost *client.Lost
	if errors.Is(err, context.Canceled) && !(errors.As(err, &lost) && lost.Write) {
		env.sayf("revere: interrupted")
		return statusFailed
	}
	env.sayf("revere: %v", err)
	var refusal *client.Problem
	if errors.As(err, &refusal) {
		switch refusal.Code {
		case alerting.CodeUnauthorized:
			env.sayf("The token is from %s; an admin makes another with `revere tokens new`.", to.tokenSource(env))
		case alerting.CodeForbidden:
			env.sayf("The token is from %s; `revere tokens list` shows what each may do.", to.tokenSource(env))
		}
	}
	return statusFailed
}

// sayf talks to the person, on a line of its own. What can't be said there can't be said at all.
func (e environment) sayf(format string, args ...any) {
	_, _ = fmt.Fprintln(e.stderr, plainLines(fmt.Sprintf(format, args...)))
}
