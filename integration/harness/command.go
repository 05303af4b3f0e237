package harness

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strings"
	"time"
)

// A Result is what a command line did.
type Result struct {
	Status         int
	Stdout, Stderr string
}

const commandTime = 60 * time.Second

// CLI runs the binary as a person on the service's machine would, with its data directory.
func (w *World) CLI(args ...string) Result {
	w.t.Helper()
	return w.Command("", []string{"REVERE_SERVER=" + w.URL(), "REVERE_DATA_DIR=" + w.Dir}, args...)
}

// Command runs the binary with the given standard input and environment, and no other.
func (w *World) Command(stdin string, environ []string, args ...string) Result {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), commandTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, Binary(w.t), args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &stdout, &stderr
	cmd.Env, cmd.Dir = append(environ, "HOME="+w.t.TempDir(), briefly), w.t.TempDir()
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.t.Fatalf("run revere %s: %v", strings.Join(args, " "), err)
	}
	return Result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// ServeAgain runs `revere serve` with the world's configuration beside the service that runs, with
// some of it changed, and returns how that ended.
func (w *World) ServeAgain(changes map[string]string) Result {
	w.t.Helper()
	other := &World{t: w.t, settings: map[string]string{}}
	for key, value := range w.settings {
		other.settings[key] = value
	}
	for key, value := range changes {
		other.settings[key] = value
	}
	return w.Command("", other.environ(), "serve")
}
