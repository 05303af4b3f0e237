package alerting

import (
	"errors"
	"fmt"
	"path"
	"runtime"
	"strings"
	"sync"
)

// Rescue makes an error of a panic of the function that defers it, so that one message that nobody thought of costs itself
// and not all that stand behind it. The error has CodeInternal and says where it happened; of the
// panic's value only the runtime's own words are kept, since any other may hold an alert's text.
func Rescue(err *error) {
	if p := recover(); p != nil {
		f := caught(p)
		*err = Errorf(CodeInternal, "a fault in Revere itself at %s (%s); please report it", f.place, words(f.value))
	}
}

// Together runs functions beside each other, and returns when all are done. A panic in one of them is the caller's
// then, as if it had called that: one of its own goroutine nobody could make an error of.
func Together(functions ...func()) {
	faults := make([]*fault, len(functions))
	var all sync.WaitGroup
	for i, f := range functions {
		all.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					faults[i] = caught(p)
				}
			}()
			f()
		})
	}
	all.Wait()
	for _, f := range faults {
		if f != nil {
			panic(f)
		}
	}
}

// A fault is a panic that was caught.
type fault struct {
	value any
	place string // the file and line that it came from
}

// caught notes a panic. It is called by what recovers from it.
func caught(p any) *fault {
	if f, before := p.(*fault); before {
		return f
	}
	return &fault{p, panicked()}
}

func words(p any) string {
	if own, ok := p.(runtime.Error); ok {
		return own.Error()
	}
	return fmt.Sprintf("a panic with %T", p)
}

// panicked is the file and line that a panic came from: the frame behind the runtime's last.
func panicked() string {
	callers := make([]uintptr, 32)
	frames := runtime.CallersFrames(callers[:runtime.Callers(1, callers)])
	in := false
	for {
		frame, more := frames.Next()
		if strings.HasPrefix(frame.Function, "runtime.") {
			in = in || frame.Function == "runtime.gopanic"
		} else if in {
			return fmt.Sprintf("%s:%d", path.Base(frame.File), frame.Line)
		}
		if !more {
			return "an unknown place"
		}
	}
}

// Hopeless reports whether doing the same again would fail the same way: the fault is the message's or
// Revere's own, not the engine's. Whoever deals with messages in their order passes such a one over.
func Hopeless(err error) bool {
	var own *Error
	return errors.As(err, &own) && own.Code != CodeUnavailable && !errors.Is(err, ErrOvertaken)
}
