package fanout

import (
	"testing"
	"time"

	"revere/alerting"
)

// A writer that panics writes no more, and whoever hashes does not wait for it: the panic is then one alert's error.
func TestNobodyWaitsForAWriterThatPanicked(t *testing.T) {
	g := newDigesting(make([]alerting.Planned, 500*partSize), nil)
	for i := range g.written {
		close(g.written[i])
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		g.hash()
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("it waits for ever")
	}
}
