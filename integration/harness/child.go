package harness

import (
	"io"
	"os"
	"os/exec"
	"runtime"
	"time"
)

// A child is one process that was started here.
type child struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

// briefly is how long the race detector, where the binary has it, keeps a process that has ended: for
// what goes on in it beside its end. Its default of a second would be most of the life of a command line.
const briefly = "GORACE=atexit_sleep_ms=100"

// spawn starts a process whose two outputs go to out. It has the given environment and no other.
func spawn(path string, args, environ []string, dir string, out io.Writer) (*child, error) {
	c := &child{cmd: exec.Command(path, args...), done: make(chan struct{})}
	c.cmd.Env, c.cmd.Dir, c.cmd.Stdout, c.cmd.Stderr = append(environ, briefly), dir, out, out
	c.cmd.SysProcAttr = orphaned()
	started := make(chan error, 1)
	go func() {
		// The kernel counts the parent as dead when the thread that made the child is.
		runtime.LockOSThread()
		err := c.cmd.Start()
		started <- err
		if err == nil {
			_ = c.cmd.Wait() // how it ended is in its ProcessState
		}
		close(c.done)
	}()
	return c, <-started
}

// running reports whether the process has not ended.
func (c *child) running() bool {
	select {
	case <-c.done:
		return false
	default:
		return true
	}
}

// end sends a signal and waits for the process to end. It reports false when it did not in time.
func (c *child) end(signal os.Signal, patience time.Duration) bool {
	_ = c.cmd.Process.Signal(signal) // it may have ended by itself
	return c.wait(patience)
}

func (c *child) wait(patience time.Duration) bool {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-c.done:
		return true
	case <-timer.C:
		return false
	}
}

// status is the exit status of a process that has ended; -1 where a signal ended it.
func (c *child) status() int { return c.cmd.ProcessState.ExitCode() }
