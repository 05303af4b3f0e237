package bench

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/prometheus/procfs"
)

// sampling is how often memory is looked at where the system does not keep its peak.
const sampling = 20 * time.Millisecond

// A memory watches how much memory the process has at most.
type memory struct {
	ended chan struct{}
	done  sync.WaitGroup
	end   sync.Once
	peak  uint64
	reset bool
}

// watchMemory begins to watch. What the steps before have left is given back first, and the
// system's own peak (VmHWM, proc_pid_status(5)) begins anew where it can.
func watchMemory() *memory {
	debug.FreeOSMemory()
	m := &memory{ended: make(chan struct{})}
	m.reset = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) == nil
	m.done.Go(func() {
		tick := time.NewTicker(sampling)
		defer tick.Stop()
		for {
			m.peak = max(m.peak, read("/memory/classes/total:bytes")-read("/memory/classes/heap/released:bytes"))
			select {
			case <-tick.C:
			case <-m.ended:
				return
			}
		}
	})
	return m
}

// stop ends the watch and returns the peak in bytes: the system's where it keeps one, else the Go
// runtime's.
func (m *memory) stop() uint64 {
	m.end.Do(func() { close(m.ended) })
	m.done.Wait()
	if self, err := procfs.Self(); err == nil && m.reset {
		if status, err := self.NewStatus(); err == nil && status.VmHWM > 0 {
			return status.VmHWM
		}
	}
	return m.peak
}

// liveHeap is how many bytes of the heap are in use. What a sync.Pool keeps for later goes at the second
// collection.
func liveHeap() uint64 {
	runtime.GC()
	runtime.GC()
	return read("/gc/heap/live:bytes")
}

func read(name string) uint64 {
	sample := []metrics.Sample{{Name: name}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
