package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime/debug"
	"strings"
	"time"

	"revere/integration/twiliosim"
)

// The stand-in's one account. It sends nothing, and only this machine reaches it.
const (
	standInAccount = "AC00000000000000000000000000000000"
	standInToken   = "00000000000000000000000000000000"
	standInNumber  = "+16175550100"
)

// standInVariable makes a process the stand-in; its value is how long a call takes.
const standInVariable = "REVERE_BENCH_STAND_IN"

// BeStandIn makes the process what Run has started it as: a stand-in for Twilio on loopback, until
// its standard input ends. It returns false, at once, in every process that Run has not started.
// Call it first thing in main: true means that all is done.
func BeStandIn() bool {
	latency, asked := os.LookupEnv(standInVariable)
	if !asked {
		return false
	}
	// Ctrl-C goes to every process of a terminal: whoever started this one decides when it ends.
	signal.Ignore(os.Interrupt)
	if err := serveStandIn(latency, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return true
}

// standInGarbage has the garbage of the stand-in, which keeps nothing, collected seldom: it shares the
// processors with what is measured.
const standInGarbage = 800

// serveStandIn serves until parent ends. The system ends it with the process that holds its other
// end, however that comes to its end; so nothing is left behind.
func serveStandIn(latency string, parent io.Reader, out io.Writer) error {
	debug.SetGCPercent(standInGarbage)
	d, err := time.ParseDuration(latency)
	if err != nil {
		return fmt.Errorf("%s: %w", standInVariable, err)
	}
	twilio := &twiliosim.Server{AccountSID: standInAccount, AuthToken: standInToken, Numbers: []string{standInNumber}, Forgetful: true}
	twilio.SetBehavior(twiliosim.Behavior{Latency: d})
	if err := twilio.Start(); err != nil {
		return err
	}
	defer twilio.Stop()
	if _, err := fmt.Fprintln(out, twilio.URL()); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, parent)
	return err
}

// A standIn is Twilio in a process of its own.
type standIn struct {
	url    string
	cmd    *exec.Cmd
	stdin  io.Closer
	stderr strings.Builder
}

// standInPatience is how long the process may take to begin and to end.
const standInPatience = 10 * time.Second

// startStandIn starts the program as Twilio, where each call takes the latency.
func startStandIn(ctx context.Context, program string, latency time.Duration) (*standIn, error) {
	if program == "" {
		return nil, errors.New("no program is named that can stand in for Twilio; set Options.Program")
	}
	s := &standIn{cmd: exec.Command(program)}
	s.cmd.Env = append(os.Environ(), standInVariable+"="+latency.String())
	s.cmd.Stderr = &s.stderr
	stdin, err := s.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the stand-in: %w", err)
	}
	s.stdin = stdin
	line := make(chan string, 1)
	go func() {
		text, _ := bufio.NewReader(stdout).ReadString('\n') // what is no URL is told below
		line <- strings.TrimSpace(text)
	}()
	ctx, cancel := context.WithTimeout(ctx, standInPatience)
	defer cancel()
	select {
	case s.url = <-line:
	case <-ctx.Done():
	}
	if !strings.HasPrefix(s.url, "http://") {
		err := s.stop()
		return nil, errors.Join(fmt.Errorf("%s did not become the stand-in: it said %q, and %q on standard error", program, s.url, s.stderr.String()), err)
	}
	return s, nil
}

// stop ends the process, and returns when it is gone.
func (s *standIn) stop() error {
	kill := time.AfterFunc(standInPatience, func() { _ = s.cmd.Process.Kill() }) // it has ended by itself where that fails
	defer kill.Stop()
	return errors.Join(s.stdin.Close(), s.cmd.Wait())
}
