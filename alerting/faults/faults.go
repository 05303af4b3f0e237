// Package faults lets a test kill the process at a named moment. It is inert unless the environment
// variable REVERE_FAULT names one: "after-attempt:3" ends the process, as kill -9 does, when it comes
// to that point for the third time.
package faults

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// Variable is the environment variable that arms a point.
const Variable = "REVERE_FAULT"

// armed is the process's own plan, read once: the environment is not looked at afterwards.
var armed, errArmed = Parse(os.Getenv(Variable))

// A Plan is at which passing of which point the process dies. The zero Plan is never.
type Plan struct {
	Point   Point
	Passing int64 // counted from 1
}

// Parse reads what the variable holds: a point, or a point and the number of the passing, "after-attempt:3".
func Parse(s string) (Plan, error) {
	if s == "" {
		return Plan{}, nil
	}
	name, count, numbered := strings.Cut(s, ":")
	p := Plan{Point: Point(name), Passing: 1}
	if !slices.Contains(Points, p.Point) {
		return Plan{}, fmt.Errorf("%s: there is no point %q; use one of %v, or unset the variable", Variable, name, Points)
	}
	if !numbered {
		return p, nil
	}
	var err error
	if p.Passing, err = strconv.ParseInt(count, 10, 64); err != nil || p.Passing < 1 {
		return Plan{}, fmt.Errorf("%s: %q does not count passings; write %s:1 for the first, or unset the variable", Variable, count, name)
	}
	return p, nil
}

func (p Plan) String() string { return string(p.Point) + ":" + strconv.FormatInt(p.Passing, 10) }

// Armed returns the process's own plan, and an error where the variable can't be read.
func Armed() (Plan, error) { return armed, errArmed }

var passed atomic.Int64

// Reach says that the process has come to a point. It does nothing unless the variable names it.
func Reach(p Point) {
	if p == armed.Point && passed.Add(1) == armed.Passing {
		die()
	}
}

// die ends the process without a word, and never returns: the signal may take a moment, in which
// nothing more must happen here.
func die() {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill() // there is nobody to tell
	}
	select {}
}
