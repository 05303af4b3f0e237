package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"revere/integration/twiliosim"
)

// A shell runs command lines in process, as a terminal or a script would.
type shell struct {
	environ  []string
	stdin    string
	attended bool
}

// A result is what a command line printed, and its exit status.
type result struct {
	status   int
	out, err string
}

func (s shell) run(t *testing.T, args ...string) result {
	t.Helper()
	return s.runContext(t.Context(), args...)
}

func (s shell) runContext(ctx context.Context, args ...string) result {
	var out, talk bytes.Buffer
	status := run(ctx, args, environment{
		stdin: strings.NewReader(s.stdin), stdout: &out, stderr: &talk,
		environ: s.environ, attended: s.attended, now: time.Now, zone: time.UTC,
	})
	return result{status, out.String(), talk.String()}
}

// ok runs a command line that must succeed, and returns what it printed.
func (s shell) ok(t *testing.T, args ...string) string {
	t.Helper()
	r := s.run(t, args...)
	require.Equal(t, statusOK, r.status, "revere %q: %s", args, r.err)
	return r.out
}

// jsonOf runs a command line with --json, and decodes what it printed.
func jsonOf[T any](t *testing.T, s shell, args ...string) T {
	t.Helper()
	var value T
	require.NoError(t, json.Unmarshal([]byte(s.ok(t, append(args, "--json")...)), &value))
	return value
}

// typing is the shell of a person who will type a line when asked.
func (s shell) typing(line string) shell {
	s.stdin, s.attended = line+"\n", true
	return s
}

// with is the shell with another variable.
func (s shell) with(variable string) shell {
	s.environ = append(slices.Clip(s.environ), variable)
	return s
}

// A world is a running service with a directory of two people, and a phone company.
type world struct {
	shell
	phones *twiliosim.Server
	nats   string // URL
}

// newWorld runs `revere serve` until the test ends.
func newWorld(t *testing.T) *world {
	t.Helper()
	phones := &twiliosim.Server{AccountSID: "AC0123456789abcdef0123456789abcdef", AuthToken: "0123456789abcdef0123456789abcdef", Numbers: []string{"+16175550001"}}
	require.NoError(t, phones.Start())
	t.Cleanup(phones.Stop)

	dir := t.TempDir()
	w := &world{phones: phones}
	serving := shell{environ: []string{
		"REVERE_DATA_DIR=" + dir, "REVERE_NATS__LISTEN=127.0.0.1:0", "REVERE_HTTP__LISTEN=127.0.0.1:0",
		"REVERE_CHANNELS__SMS__ACCOUNT_SID=" + phones.AccountSID, "REVERE_CHANNELS__SMS__AUTH_TOKEN=" + phones.AuthToken,
		"REVERE_CHANNELS__SMS__FROM=+16175550001", "REVERE_CHANNELS__SMS__BASE_URL=" + phones.URL(), "REVERE_CHANNELS__SMS__RATE=100",
	}}
	var url string
	url, w.nats = serving.serve(t)
	w.environ = []string{"REVERE_SERVER=" + url, "REVERE_DATA_DIR=" + dir}
	w.ok(t, "subscribers", "add", "--id", "boston-clerk", "--name", "Boston Clerk", "--areas", "ma.boston", "--sms", "+16175550123")
	w.ok(t, "subscribers", "add", "--id", "salem-clerk", "--name", "Salem Clerk", "--areas", "ma.salem", "--sms", "+16175550124")
	return w
}

// serve runs the service until the test ends, and returns where it is.
func (s shell) serve(t *testing.T) (url, nats string) {
	t.Helper()
	reading, logs := io.Pipe()
	ctx, stop := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() {
		status := run(ctx, []string{"serve"}, environment{stdin: strings.NewReader(""), stdout: io.Discard, stderr: logs, environ: s.environ, now: time.Now, zone: time.UTC})
		_ = logs.Close()
		if status != statusOK {
			t.Errorf("serve ended with status %d", status)
		}
	})
	t.Cleanup(func() {
		stop()
		serving.Wait()
	})
	lines := bufio.NewScanner(reading)
	for lines.Scan() {
		var entry struct{ HTTP, NATS, Message string }
		if json.Unmarshal(lines.Bytes(), &entry) == nil && entry.Message == "revere is ready" {
			go func() { _, _ = io.Copy(io.Discard, reading) }()
			return entry.HTTP, entry.NATS
		}
		t.Log(lines.Text())
	}
	t.Fatal("serve ended before it was ready")
	return "", ""
}
