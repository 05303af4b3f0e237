package harness

import (
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/procfs"
)

// A process is a service that runs as the binary does.
type process struct {
	t     testing.TB
	child *child
	log   *Log
	from  int // where in the log this life begins
}

// startTime is how long a process may take to be ready: a restart rebuilds what is known.
const startTime = 60 * time.Second

func startProcess(t testing.TB, w *World) *process {
	t.Helper()
	p := launch(t, w)
	p.ready()
	return p
}

// launch starts the service and does not wait for it.
func launch(t testing.TB, w *World) *process {
	t.Helper()
	from := w.Log.Len()
	return &process{t: t, child: w.spawn("serve"), log: w.Log, from: from}
}

// ready waits until the service takes requests.
func (p *process) ready() {
	p.t.Helper()
	if !p.lives() {
		p.t.Fatalf("the service ended with status %d:\n%s", p.child.status(), p.log.Tail(20))
	}
}

// lives waits until the service takes requests, and reports false when it ended instead.
func (p *process) lives() bool {
	p.t.Helper()
	return lives(p.t, p.child, p.log, p.from)
}

// awaitReady waits until a process says that it is ready, in its log after an offset.
func (w *World) awaitReady(c *child, log *Log, from int) {
	w.t.Helper()
	if !lives(w.t, c, log, from) {
		w.t.Fatalf("the service ended with status %d:\n%s", c.status(), log.Tail(20))
	}
}

// lives waits until a process says in its log after an offset that it is ready, and reports false when
// it ended instead.
func lives(t testing.TB, c *child, log *Log, from int) (alive bool) {
	t.Helper()
	Within(t, startTime, func() error {
		for _, line := range log.Lines(from) {
			if alive = line["message"] == "revere is ready"; alive {
				return nil
			}
		}
		if c.running() {
			return fmt.Errorf("the service is not ready")
		}
		return nil
	})
	return alive
}

// spawn runs the binary with the service's configuration; what it says goes into the log.
func (w *World) spawn(args ...string) *child {
	w.t.Helper()
	if w.binary == "" {
		w.binary = Binary(w.t)
	}
	environ := append(append(w.environ(), w.extra...), "HOME="+w.t.TempDir())
	c, err := spawn(w.binary, args, environ, w.t.TempDir(), w.Log)
	if err != nil {
		w.t.Fatalf("start the binary: %v", err)
	}
	return c
}

func (p *process) stop() error {
	if !p.child.end(os.Interrupt, stopTime) {
		return fmt.Errorf("the service did not stop within %s of Ctrl-C", stopTime)
	}
	if status := p.child.status(); status != 0 {
		return fmt.Errorf("the service ended with status %d after Ctrl-C", status)
	}
	return nil
}

// kill ends the process at once, as a power cut would, but for what the kernel still has to write.
func (p *process) kill() {
	if !p.child.end(syscall.SIGKILL, stopTime) {
		p.t.Fatalf("process %d did not end within %s of a kill -9", p.child.cmd.Process.Pid, stopTime)
	}
}

func (p *process) end() {
	if !p.child.running() {
		return
	}
	if err := p.stop(); err != nil {
		p.t.Error(err)
		p.kill()
	}
}

func (w *World) process() *process {
	w.t.Helper()
	p, ok := w.run.(*process)
	if !ok {
		w.t.Fatal("this world's service runs inside the test; start it as a process")
	}
	return p
}

// Kill9 ends the service in the middle of what it does.
func (w *World) Kill9() {
	w.t.Helper()
	w.process().kill()
}

// Interrupt sends the service what Ctrl-C does, and waits for its end; the error says how it was not
// in good order.
func (w *World) Interrupt() error {
	w.t.Helper()
	return w.run.stop()
}

// Freeze stops the service where it is, as an overloaded host does, and Thaw lets it go on.
func (w *World) Freeze() { w.signal(syscall.SIGSTOP) }

// Thaw lets a frozen service go on.
func (w *World) Thaw() { w.signal(syscall.SIGCONT) }

func (w *World) signal(s os.Signal) {
	w.t.Helper()
	if err := w.process().child.cmd.Process.Signal(s); err != nil && w.Alive() {
		w.t.Fatalf("signal %s: %v", s, err)
	}
}

// Alive reports whether the service runs.
func (w *World) Alive() bool {
	w.t.Helper()
	return w.process().child.running()
}

// PeakMemory is the most memory that the service has taken in this life, in bytes; 0 where the system does
// not tell (it is Linux that does).
func (w *World) PeakMemory() uint64 {
	w.t.Helper()
	self, err := procfs.NewProc(w.process().child.cmd.Process.Pid)
	if err != nil {
		w.t.Logf("the peak of the memory is not known here: %v", err)
		return 0
	}
	status, err := self.NewStatus()
	if err != nil {
		w.t.Fatal(err)
	}
	return status.VmHWM
}

// Begin starts the service again after Kill9 or Interrupt.
func (w *World) Begin() {
	w.t.Helper()
	if _, ok := w.run.(*process); ok {
		w.run = startProcess(w.t, w)
		return
	}
	w.run = startInside(w.t, w)
}

// Restart stops the service in good order and starts it again.
func (w *World) Restart() {
	w.t.Helper()
	if err := w.Interrupt(); err != nil {
		w.t.Fatal(err)
	}
	w.Begin()
}
