//go:build !race

package harness

// Race says whether the race detector is on.
const Race = false
