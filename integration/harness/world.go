package harness

import (
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"revere/cmd/service"
)

// Options say how a world differs from the usual one.
type Options struct {
	// InProcess runs the service inside the test instead of as a process.
	InProcess bool
	// Settings are configuration as variables without REVERE_: "CHANNELS__SMS__RATE". An empty value
	// takes a usual one out.
	Settings map[string]string
	// Empty leaves out the municipalities that a world usually has.
	Empty bool
	// Dir is the data directory; "" for one of the test's own.
	Dir string
	// FileAfter is how long an alert that is over stays in memory, in process; 0 for as long as in production.
	FileAfter time.Duration
	// FileMost is how many deliveries alerts may hold in memory while some can be filed, in process; 0 for as many as
	// in production.
	FileMost int
	// Binary is the path of the binary that runs; "" for the usual one.
	Binary string
	// Environ are variables that the process has beside its settings: "GOGC=25".
	Environ []string
}

// A World is one service with its providers.
type World struct {
	Providers
	// Dir is the service's data directory.
	Dir string
	// Log is what the service has said.
	Log *Log

	t        testing.TB
	settings map[string]string
	binary   string
	extra    []string      // Options.Environ
	after    time.Duration // Options.FileAfter
	most     int           // Options.FileMost
	http     string        // host:port
	nats     string
	token    string
	run      runner
}

// A runner is a service that runs.
type runner interface {
	// stop lets it stop in good order, and says what went wrong.
	stop() error
	// end makes sure that nothing of it is left.
	end()
}

// New starts a world, which ends with the test. A test that fails shows the end of the service's log.
func New(t testing.TB, o Options) *World {
	t.Helper()
	w := newWorld(t)
	w.binary, w.extra, w.after, w.most = o.Binary, o.Environ, o.FileAfter, o.FileMost
	if o.Dir != "" {
		w.Dir = o.Dir
	}
	w.http, w.nats = FreeAddress(t), FreeAddress(t)
	maps.Copy(w.settings, map[string]string{"DATA_DIR": w.Dir, "HTTP__LISTEN": w.http, "HTTP__PUBLIC_URL": w.URL(), "NATS__LISTEN": w.nats})
	maps.Copy(w.settings, o.Settings)
	w.Providers.at(w.URL())
	if o.InProcess {
		w.run = startInside(t, w)
	} else {
		w.run = startProcess(t, w)
	}
	w.token = w.readToken()
	if !o.Empty {
		w.ImportAreas(Municipalities)
	}
	return w
}

// newWorld is a world with its providers, in which nothing runs yet.
func newWorld(t testing.TB) *World {
	t.Helper()
	w := &World{t: t, Dir: filepath.Join(t.TempDir(), "data"), Log: &Log{}, Providers: startProviders(t)}
	w.settings = w.Providers.settings()
	w.settings["SENDER_NAME"], w.settings["DESK_PHONE"] = "MA State SOC", "+16175550101"
	t.Cleanup(w.close)
	return w
}

func (w *World) close() {
	if w.run != nil {
		w.run.end()
	}
	if strings.Contains(w.Log.String(), "DATA RACE") {
		w.t.Error("the service has a data race")
	}
	if w.t.Failed() {
		w.t.Logf("the end of the service's log:\n%s", w.Log.Tail(60))
	}
}

// FreeAddress returns a loopback address that nobody listens on. It lies below the ports that systems hand
// out by themselves, so that a service which restarts finds it free again.
func FreeAddress(t testing.TB) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", ports.next())
		if l, err := net.Listen("tcp", address); err == nil {
			_ = l.Close() // it was only to see
			return address
		}
	}
	t.Fatal("no free port was found")
	return ""
}

// For returns the world for a subtest: what fails there fails the subtest.
func (w *World) For(t testing.TB) *World {
	theirs := *w
	theirs.t = t
	return &theirs
}

// environ is the environment of the service.
func (w *World) environ() []string { return environ(w.settings) }

func environ(settings map[string]string) (variables []string) {
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		if settings[key] != "" {
			variables = append(variables, "REVERE_"+key+"="+settings[key])
		}
	}
	return variables
}

func (w *World) readToken() string {
	w.t.Helper()
	var raw []byte
	Soon(w.t, func() (err error) {
		raw, err = os.ReadFile(service.AdminTokenFile(w.Dir))
		return err
	})
	return strings.TrimSpace(string(raw))
}

// URL is where the service answers, and its public URL too.
func (w *World) URL() string { return "http://" + w.http }

// NATSURL is where producers publish.
func (w *World) NATSURL() string { return "nats://" + w.nats }

// Token is the first admin token.
func (w *World) Token() string { return w.token }

// Set changes the configuration that the next start will have.
func (w *World) Set(key, value string) { w.settings[key] = value }

// stopTime is how long a service may take to stop in good order.
const stopTime = 30 * time.Second
