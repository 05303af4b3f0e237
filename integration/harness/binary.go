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

var binary struct {
	once sync.Once
	dir  string
	path string
	err  error
}

// Binary returns the path of the revere binary, which is built once in a test run, with the race
// detector where the tests have it. It fails the test when it can't be built.
func Binary(t testing.TB) string {
	t.Helper()
	binary.once.Do(func() {
		if binary.dir, binary.err = os.MkdirTemp("", "revere-binary-"); binary.err == nil {
			binary.path = filepath.Join(binary.dir, "revere")
			binary.err = build(binary.path)
		}
	})
	if binary.err != nil {
		t.Fatal(binary.err)
	}
	return binary.path
}

// BinaryWith returns the path of a binary that is built with a tag, for the test alone.
func BinaryWith(t testing.TB, tag string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "revere")
	if err := build(path, "-tags", tag); err != nil {
		t.Fatal(err)
	}
	return path
}

const buildTime = 10 * time.Minute

func build(path string, flags ...string) error {
	args := append([]string{"build", "-o", path}, flags...)
	if raceEnabled {
		args = append(args, "-race")
	}
	ctx, cancel := context.WithTimeout(context.Background(), buildTime)
	defer cancel()
	if output, err := exec.CommandContext(ctx, "go", append(args, "revere/cmd/revere")...).CombinedOutput(); err != nil {
		return fmt.Errorf("build the binary: %w\n%s", err, output)
	}
	return nil
}

// Main runs the tests of a package, removes what they share, and returns the exit status. TestMain
// calls it.
func Main(m *testing.M) int {
	status := m.Run()
	if binary.dir != "" {
		if err := os.RemoveAll(binary.dir); err != nil {
			fmt.Fprintln(os.Stderr, "remove the binary:", err)
		}
	}
	return status
}
