package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// garbagePercent trades memory for processor time: a blast makes much garbage beside a small heap.
	garbagePercent = 400
	// leastLimit is the memory beyond which it counts for more than time; it moves up where what is
	// in use needs more than half of it, so that collecting never becomes all that is done.
	leastLimit = 512 << 20
	limitLook  = time.Second
)

// tuneMemory sets how the garbage collector works until ctx is done, unless the operator did (GOGC,
// GOMEMLIMIT).
func tuneMemory(ctx context.Context) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetGCPercent(garbagePercent)
	debug.SetMemoryLimit(leastLimit)
	go every(ctx, limitLook, func() { debug.SetMemoryLimit(max(leastLimit, 2*inUse()-leastLimit/2)) })
}

// every does something again and again until ctx is done, for the first time after one interval.
func every(ctx context.Context, interval time.Duration, do func()) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			do()
		}
	}
}

// inUse is how many bytes of the heap the last collection found in use.
func inUse() int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}
