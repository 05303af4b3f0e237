package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// An Error is everything that is wrong with a configuration, at once.
type Error struct {
	// Problems are in the order of the file, then by variable, then what was not given at all.
	Problems []Problem
}

// A Problem is one thing that is wrong, in words that say how to mend it. It never holds a secret.
type Problem struct {
	// Key is the path of the key, "channels.sms.rate"; empty when no one key is at fault.
	Key string `json:"key,omitempty"`
	// Place is where the value was given: a file and line, "revere.yaml:12", or the name of an
	// environment variable. It is empty for what was not given at all.
	Place  string `json:"place,omitempty"`
	Detail string `json:"detail"`

	line int
}

// String is the problem in one line: its place, its key and what is wrong.
func (p Problem) String() string {
	parts := []string{p.Place, p.Key, p.Detail}
	if strings.HasPrefix(p.Place, envPrefix) {
		parts[1] = "" // the variable's name says it
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ": ")
}

// Error is one line for each problem, under a heading that counts them.
func (e *Error) Error() string {
	var b strings.Builder
	noun := "problems"
	if len(e.Problems) == 1 {
		noun = "problem"
	}
	fmt.Fprintf(&b, "the configuration has %d %s:", len(e.Problems), noun)
	for _, p := range e.Problems {
		b.WriteString("\n  " + p.String())
	}
	return b.String()
}

// A place is where a value was given. line is 0 outside a file.
type place struct {
	name string
	line int
}

func (p place) String() string {
	if p.line == 0 {
		return p.name
	}
	return fmt.Sprintf("%s:%d", p.name, p.line)
}

type problems []Problem

func (p *problems) add(key string, at place, format string, args ...any) {
	*p = append(*p, Problem{Key: key, Place: at.String(), line: at.line, Detail: fmt.Sprintf(format, args...)})
}

// about reports whether something is wrong with the key already, or with the file that holds it.
func (p problems) about(key string) bool {
	return slices.ContainsFunc(p, func(q Problem) bool { return q.Key == key || q.Key == key+secretFileSuffix })
}

// err is nil when nothing is wrong. What it says has none of the secrets in it, whoever worded it.
func (p problems) err(secrets []string) error {
	if len(p) == 0 {
		return nil
	}
	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.line, b.line), cmp.Compare(a.Place, b.Place))
	})
	for i := range p {
		p[i].Detail = scrub(p[i].Detail, secrets)
	}
	return &Error{Problems: p}
}

func (p Problem) rank() int {
	switch {
	case p.line > 0:
		return 0
	case p.Place != "":
		return 1
	default:
		return 2
	}
}

// shown quotes a value that is not a secret, cut to what fits a line.
func shown(value string) string {
	const limit = 60
	if utf8.RuneCountInString(value) > limit {
		value = string([]rune(value)[:limit]) + "…"
	}
	return fmt.Sprintf("%q", value)
}

// shownKey returns as much of an unknown key as looks like one. "auth_token=hunter2" is a slip
// that puts a secret into a key.
func shownKey(key string) string {
	const limit = 40
	for i, r := range key {
		if i == limit || !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.", r) {
			return key[:i] + "…"
		}
	}
	return key
}
