// Revere fans threat alerts out to municipalities by SMS, email and Signal, and shows who has
// acknowledged. This is its one binary: the service and the command line that talks to it.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"

	"revere/cmd/bench"
)

func main() {
	if bench.BeStandIn() {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second Ctrl-C ends the process at once, should it hang.
	context.AfterFunc(ctx, stop)
	status := run(ctx, os.Args[1:], environment{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		environ:  os.Environ(),
		attended: term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd())),
		now:      time.Now,
		zone:     time.Local,
	})
	stop()
	os.Exit(status)
}

// An environment is what surrounds a command. Tests give one of their own.
type environment struct {
	stdin  io.Reader
	stdout io.Writer // data
	stderr io.Writer // talk
	// environ is what os.Environ returns.
	environ []string
	// attended says that a person sits before stdin and stderr and can be asked.
	attended bool
	now      func() time.Time
	zone     *time.Location // in which times are shown
}
