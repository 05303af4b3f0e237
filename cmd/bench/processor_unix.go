//go:build unix

package bench

import (
	"syscall"
	"time"
)

// processorTime is how long the process has been on a processor, its own code and the system's.
func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0 // only a wrong argument fails
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
