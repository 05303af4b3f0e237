package harness

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"revere/alerting/faults"
)

// A Fleet is several processes of Revere on one cluster, with a front before their APIs. What a World
// does, it does by way of the front.
type Fleet struct {
	*World
	Cluster *Cluster
	Members []*Member
	front   *front
}

// A Member is one process of a fleet.
type Member struct {
	// Roles are those that it runs, with commas between.
	Roles string
	// Log is what it has said, over all of its lives.
	Log *Log

	fleet    *Fleet
	settings map[string]string
	child    *child
	began    int // where this life begins in the log
	paused   bool
}

// NewFleet starts a process for each of the lists of roles. The first must have the API.
func NewFleet(t testing.TB, cluster *Cluster, settings map[string]string, roles ...string) *Fleet {
	t.Helper()
	f := newWorld(t).MoveTo(cluster, settings, roles...)
	f.ImportAreas(Municipalities)
	return f
}

// MoveTo starts processes on a cluster in the place of the world's service, which has ended: with its
// providers, its directories and its configuration, of which settings are changed. The first has the API,
// and the admin token of the world's data directory where there is one.
func (w *World) MoveTo(cluster *Cluster, settings map[string]string, roles ...string) *Fleet {
	w.t.Helper()
	f := &Fleet{World: w, Cluster: cluster}
	f.front, w.http = startFront(w.t)
	w.nats = strings.TrimPrefix(cluster.ProducerURL(), "nats://")
	maps.Copy(w.settings, cluster.settings())
	w.settings["HTTP__PUBLIC_URL"] = w.URL()
	maps.Copy(w.settings, settings)
	w.Providers.at(w.URL())
	w.run = f
	for i, r := range roles {
		m := &Member{Roles: r, Log: &Log{}, fleet: f, settings: maps.Clone(w.settings)}
		m.settings["DATA_DIR"] = w.Dir
		if i > 0 {
			m.settings["DATA_DIR"] = filepath.Join(w.Dir, fmt.Sprint(i))
		}
		m.settings["HTTP__LISTEN"] = FreeAddress(w.t)
		f.Members = append(f.Members, m)
		m.Start()
		m.Ready()
		if i == 0 {
			w.token = w.readToken()
		}
	}
	return f
}

// Start starts the process, again after it has ended. Ready waits for it.
func (m *Member) Start() {
	t := m.fleet.t
	t.Helper()
	var err error
	m.began = m.Log.Len()
	out := io.MultiWriter(m.Log, m.fleet.Log)
	if m.child, err = spawn(Binary(t), []string{"serve", "--roles", m.Roles}, append(environ(m.settings), "HOME="+t.TempDir()), t.TempDir(), out); err != nil {
		t.Fatalf("start %s: %v", m.Roles, err)
	}
}

// Revive starts the process as World.Revive does the service.
func (m *Member) Revive(fault faults.Plan) (alive bool) {
	m.fleet.t.Helper()
	delete(m.settings, setFault)
	if fault.Point != "" {
		m.settings[setFault] = fault.String()
	}
	m.Start()
	alive = lives(m.fleet.t, m.child, m.Log, m.began)
	m.fleet.balance()
	return alive
}

// Alive reports whether the process runs.
func (m *Member) Alive() bool { return m.child.running() }

// Ready waits until the process is ready.
func (m *Member) Ready() {
	m.fleet.t.Helper()
	m.fleet.awaitReady(m.child, m.Log, m.began)
	m.fleet.balance()
}

// Kill ends the process at once.
func (m *Member) Kill() {
	if !m.child.end(syscall.SIGKILL, stopTime) {
		m.fleet.t.Errorf("process %d did not end within %s of a kill -9", m.child.cmd.Process.Pid, stopTime)
	}
	m.fleet.balance()
}

// Lose ends all processes at once.
func (f *Fleet) Lose() {
	for _, m := range f.Members {
		m.Kill()
	}
}

// Stop ends the process in good order.
func (m *Member) Stop() error {
	if !m.child.end(os.Interrupt, stopTime) {
		return fmt.Errorf("%s did not stop within %s of Ctrl-C", m.Roles, stopTime)
	}
	m.fleet.balance()
	if status := m.child.status(); status != 0 {
		return fmt.Errorf("%s ended with status %d after Ctrl-C", m.Roles, status)
	}
	return nil
}

// Pause stops the process in the middle of what it does, until Resume.
func (m *Member) Pause() {
	m.paused = true
	m.fleet.balance()
	_ = m.child.cmd.Process.Signal(syscall.SIGSTOP) // the test's own child
}

// Resume lets the process go on after Pause.
func (m *Member) Resume() {
	m.paused = false
	_ = m.child.cmd.Process.Signal(syscall.SIGCONT) // the test's own child
	m.fleet.balance()
}

// balance tells the front which APIs are well.
func (f *Fleet) balance() {
	var well []string
	for _, m := range f.Members {
		if strings.Contains(m.Roles, "api") && m.child.running() && !m.paused {
			well = append(well, m.settings["HTTP__LISTEN"])
		}
	}
	f.front.set(well)
}

// Holding returns the member that holds a lease, by what the members have said; nil when none does.
func (f *Fleet) Holding(lease string) *Member {
	for _, m := range f.Members {
		if m.child.running() && !m.paused && m.holds(lease) {
			return m
		}
	}
	return nil
}

func (m *Member) holds(lease string) (holding bool) {
	for _, line := range m.Log.Lines(m.began) {
		switch {
		case line["lease"] != lease:
		case line["message"] == "holding the lease":
			holding = true
		case line["message"] == "lost the lease":
			holding = false
		}
	}
	return holding
}

// stop implements runner.
func (f *Fleet) stop() error {
	var errs []error
	for _, m := range f.Members {
		if m.child.running() {
			errs = append(errs, m.Stop())
		}
	}
	return errors.Join(errs...)
}

// end implements runner.
func (f *Fleet) end() {
	for _, m := range f.Members {
		if m.child != nil && m.child.running() {
			m.Kill()
		}
	}
}
