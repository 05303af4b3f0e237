package channelstest

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// recorder stands in for a test that is expected to fail: it keeps what would have failed it.
type recorder struct {
	testing.TB
	mu      sync.Mutex
	errors  []string
	skipped bool
}

func (r *recorder) note(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errors = append(r.errors, text)
}

func (r *recorder) Helper()                      {}
func (r *recorder) Errorf(f string, args ...any) { r.note(fmt.Sprintf(f, args...)) }
func (r *recorder) Fatalf(f string, args ...any) {
	r.note(fmt.Sprintf(f, args...))
	runtime.Goexit()
}
func (r *recorder) Skipf(string, ...any) {
	r.skipped = true
	runtime.Goexit()
}

// watch runs one case of the suite to its end and returns what it recorded.
func watch(t *testing.T, name string, h Harness) (said string, skipped bool) {
	t.Helper()
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, c := range cases {
			if c.name == name {
				c.run(r, h)
				return
			}
		}
		r.note("the suite has no case " + name)
	}()
	<-done
	return strings.Join(r.errors, "\n"), r.skipped
}
