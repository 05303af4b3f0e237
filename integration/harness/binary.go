package harness

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// A program is a binary that is built once in a test run.
type program struct {
	pkg  string
	race bool // with the race detector where the tests have it
	once sync.Once
	dir  string
	path string
	err  error
}

var (
	revereBinary = &program{pkg: "revere/cmd/revere", race: true}
	plainBinary  = &program{pkg: revereBinary.pkg}
	natsServer   = &program{pkg: "github.com/nats-io/nats-server/v2"} // of the version that go.mod names
)

// Binary returns the path of the revere binary, which is built once in a test run, with the race
// detector where the tests have it. It fails the test when it can't be built.
func Binary(t testing.TB) string {
	t.Helper()
	return revereBinary.built(t)
}

func (p *program) built(t testing.TB) string {
	t.Helper()
	p.once.Do(func() {
		if p.dir, p.err = os.MkdirTemp("", "revere-binary-"); p.err == nil {
			p.path = filepath.Join(p.dir, "program")
			p.err = p.build(p.path)
		}
	})
	if p.err != nil {
		t.Fatal(p.err)
	}
	return p.path
}

// BinaryWith returns the path of a binary that is built with a tag, for the test alone, without the
// race detector: it is built to be found wrong.
func BinaryWith(t testing.TB, tag string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "revere")
	plain := &program{pkg: revereBinary.pkg}
	if err := plain.build(path, "-tags", tag); err != nil {
		t.Fatal(err)
	}
	return path
}

// Plain returns the path of a binary without the race detector, which takes ten times the memory.
func Plain(t testing.TB) string {
	t.Helper()
	if !Race {
		return Binary(t)
	}
	return plainBinary.built(t)
}

const buildTime = 10 * time.Minute

func (p *program) build(path string, flags ...string) error {
	args := append([]string{"build", "-o", path}, flags...)
	if Race && p.race {
		args = append(args, "-race")
	}
	ctx, cancel := context.WithTimeout(context.Background(), buildTime)
	defer cancel()
	if output, err := exec.CommandContext(ctx, "go", append(args, p.pkg)...).CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", p.pkg, err, output)
	}
	return nil
}

func (p *program) remove() {
	if p.dir == "" {
		return
	}
	if err := os.RemoveAll(p.dir); err != nil {
		fmt.Fprintln(os.Stderr, "remove the binary:", err)
	}
}

// Main runs the tests of a package, removes what they share, and returns the exit status. TestMain
// calls it.
func Main(m *testing.M) int {
	status := m.Run()
	revereBinary.remove()
	plainBinary.remove()
	natsServer.remove()
	return status
}
