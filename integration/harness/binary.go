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
	binary.once.Do(func() { binary.path, binary.err = build() })
	if binary.err != nil {
		t.Fatal(binary.err)
	}
	return binary.path
}

const buildTime = 10 * time.Minute

func build() (path string, err error) {
	if binary.dir, err = os.MkdirTemp("", "revere-binary-"); err != nil {
		return "", err
	}
	path = filepath.Join(binary.dir, "revere")
	args := []string{"build", "-o", path}
	if Race {
		args = append(args, "-race")
	}
	ctx, cancel := context.WithTimeout(context.Background(), buildTime)
	defer cancel()
	if output, err := exec.CommandContext(ctx, "go", append(args, "revere/cmd/revere")...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the binary: %w\n%s", err, output)
	}
	return path, nil
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
