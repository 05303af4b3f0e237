package main

import (
	"context"
	"math"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

const (
	// garbagePercent trades memory for processor time: a blast makes much garbage beside a small heap.
	garbagePercent = 400
	// leastLimit is the memory beyond which it counts for more than time. It is enough for as much in use as
	// little says, with a million queued.
	leastLimit = 512 << 20
	little     = 352 << 20
	limitLook  = 100 * time.Millisecond
)

// tuneMemory sets how the garbage collector works until ctx is done, unless the operator did (GOGC,
// GOMEMLIMIT).
func tuneMemory(ctx context.Context) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetGCPercent(garbagePercent)
	debug.SetMemoryLimit(leastLimit)
	there := machine()
	go every(ctx, limitLook, func() { debug.SetMemoryLimit(limit(inUse(), there)) })
}

// limit is the memory to keep to where so much is in use. A large heap takes long to look through, so it gets
// room for few collections: six times what is in use beyond little, but no more than three quarters of the
// machine. However little there is, half of what is in use beyond it is left: collecting never becomes all that is done.
func limit(inUse, machine int64) int64 {
	beyond := inUse - little
	return max(leastLimit, leastLimit+beyond*3/2, min(leastLimit+6*beyond, machine/4*3))
}

// machine is how much memory there is: the control group's, or the system's.
func machine() int64 {
	bytes, err := memlimit.ApplyFallback(memlimit.FromCgroup, memlimit.FromSystem)()
	if err != nil || bytes > math.MaxInt64 {
		return 0 // nobody knows
	}
	return int64(bytes)
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
