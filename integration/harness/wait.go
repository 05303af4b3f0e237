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

// Within is Soon with a patience of its own.
func Within(t testing.TB, patience time.Duration, check func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(15 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %v", patience, err)
		}
		<-tick.C
	}
}
