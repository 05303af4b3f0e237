package harness

import (
	"testing"
	"time"
)

// Patience is how long a test waits for what should take moments, on a busy machine.
const Patience = 20 * time.Second

// Soon waits until check returns nil, and fails the test with its last error when that takes longer
// than Patience.
func Soon(t testing.TB, check func() error) {
	t.Helper()
	Within(t, Patience, check)
}

// What is asked about is asked again after firstPause, and then the more seldom the longer it takes, by a
// tenth of the time so far: tests that wait side by side would take all of the machine with asking.
const (
	firstPause   = 15 * time.Millisecond
	longestPause = 100 * time.Millisecond
)

// Within is Soon with a patience of its own.
func Within(t testing.TB, patience time.Duration, check func() error) {
	t.Helper()
	began := time.Now()
	for {
		err := check()
		if err == nil {
			return
		}
		so := time.Since(began)
		if so > patience {
			t.Fatalf("not within %s: %v", patience, err)
		}
		timer := time.NewTimer(min(max(so/10, firstPause), longestPause))
		<-timer.C
	}
}
