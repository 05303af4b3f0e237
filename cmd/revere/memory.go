package main

import (
	"math"
	"os"
	"runtime/debug"
)

const (
	// garbagePercent trades memory for processor time: a blast makes much garbage beside a small heap.
	garbagePercent = 200
	// softLimit is where memory counts for more than time again.
	softLimit = 1 << 30
)

// tuneMemory sets how the garbage collector works, unless the operator did (GOGC, GOMEMLIMIT).
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(softLimit)
	}
}
