// Package service puts the rooms of Revere together into one running process: which of them run
// is its roles, and nothing else is decided here.
package service

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"revere/alerting"
	"revere/alerting/access"
	"revere/alerting/engine"
	"revere/alerting/recovery"
	"revere/alerting/replies"
	"revere/alerting/tracking"
	"revere/alerting/wording"
	"revere/channels"
	"revere/config"
	"revere/subscribers/registry"
)

// The roles of a process. Several processes share a cluster by running different ones, or the same
// for spares.
const (
	RoleAPI     = "api"     // HTTP: publishing, the directory, webhooks, links
	RoleRouter  = "router"  // from a published alert to its manifest
	RoleWorker  = "worker"  // sends what is due, one dispatcher a channel
	RoleTracker = "tracker" // replies, receipts, fallback, expiry
)

// Roles lists all roles.
var Roles = []string{RoleAPI, RoleRouter, RoleWorker, RoleTracker}

// Options are what a service is started with.
type Options struct {
	Config *config.Config
	Kinds  []channels.Kind
	// Roles that this process runs; nil for all.
	Roles []string
	Log   zerolog.Logger
	// Version is shown by the API.
	Version string
	// FileAfter is how long an alert that is over stays in memory; 0 for filing.After.
	FileAfter time.Duration
	// FileMost is how many deliveries alerts may hold in memory while some can be filed; 0 for filing.Most.
	FileMost int
	// FreeBytes says how much is free on the disk of a directory; nil asks the operating system.
	FreeBytes func(dir string) (uint64, error)
}

// A Service is a running process of Revere.
type Service struct {
	config *config.Config
	log    zerolog.Logger
	holder string // names this process in leases

	server   *engine.Server // nil on a cluster
	engine   *engine.Engine
	board    *tracking.Board
	registry *registry.Registry
	tokens   *access.Book
	channels map[string]channels.Channel
	kinds    []channels.Kind
	desk     wording.Desk
	links    replies.Links
	metrics  *metrics
	gate     *recovery.Gate
	free     func(dir string) (uint64, error)
	version  string

	fileAfter time.Duration
	fileMost  int

	publicURL string
	listener  net.Listener // nil without the API
	http      *http.Server

	closing     chan struct{} // closed when Stop begins: streams to browsers end then
	stop        context.CancelFunc
	stopReading context.CancelFunc
	work        *errgroup.Group
	stopped     <-chan struct{}
}

// Start starts a service, and returns when it is ready: everything durable has been read, and the
// API takes requests. On an error nothing is left running.
func Start(ctx context.Context, o Options) (_ *Service, err error) {
	if o.Roles == nil {
		o.Roles = Roles
	}
	if err := checkRoles(o.Roles, o.Config); err != nil {
		return nil, err
	}
	if err := checkFault(o.Log); err != nil {
		return nil, err
	}
	host, _ := os.Hostname()
	s := &Service{
		config: o.Config, log: o.Log, kinds: o.Kinds, version: o.Version, fileAfter: o.FileAfter, fileMost: o.FileMost, tokens: access.NewBook(), board: tracking.NewBoard(),
		gate: recovery.NewGate(), free: o.FreeBytes, closing: make(chan struct{}),
		holder: fmt.Sprintf("%s-%d-%s", host, os.Getpid(), rand.Text()[:6]),
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if slices.Contains(o.Roles, RoleAPI) {
		if s.listener, err = listen(o.Config.HTTP.Listen); err != nil {
			return nil, err
		}
	}
	s.publicURL = publicURL(o.Config, s.listener)
	if err := s.openEngine(ctx); err != nil {
		return nil, err
	}
	// The service outlives the call that starts it. Stop ends the work first, and the reading of
	// what is durable last: work that comes to its end waits to read back what it wrote.
	reading, stopReading := context.WithCancel(context.WithoutCancel(ctx))
	s.stopReading = stopReading
	running, stop := context.WithCancel(reading)
	s.stop = stop
	s.work, running = errgroup.WithContext(running)
	s.stopped = running.Done()
	interrupted := context.AfterFunc(ctx, stopReading) // Ctrl-C while much is being read
	if err := s.read(ctx, reading); err != nil {
		return nil, err
	}
	interrupted()
	if err := s.openChannels(); err != nil {
		return nil, err
	}
	s.metrics = newMetrics(prometheus.NewRegistry(), s.board, s.gate, s.channels, s.engine)
	return s, s.run(ctx, running, o.Roles)
}

func checkRoles(roles []string, c *config.Config) error {
	for _, role := range roles {
		if !slices.Contains(Roles, role) {
			return alerting.Errorf(alerting.CodeInvalid, "there is no role %q; use some of %s", role, strings.Join(Roles, ","))
		}
	}
	if c.NATS.Embedded() && len(roles) < len(Roles) {
		return alerting.Errorf(alerting.CodeInvalid, "the roles %s alone need a cluster that the others run on too: set nats.url, or leave --roles out", strings.Join(roles, ","))
	}
	return nil
}

func listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, alerting.Errorf(alerting.CodeConflict, "can't listen on http.listen %s: %v; stop what has it, or set another http.listen", address, err)
	}
	return l, nil
}

// publicURL is where the API is reached; a port that the system picked stands in for port 0.
func publicURL(c *config.Config, l net.Listener) string {
	url := strings.TrimSuffix(c.HTTP.PublicURL, "/")
	if l == nil {
		return url
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if before, ok := strings.CutSuffix(url, ":0"); ok {
		return before + ":" + port
	}
	return url
}

func (s *Service) openEngine(ctx context.Context) (err error) {
	c := s.config.NATS
	if !c.Embedded() {
		s.engine, err = engine.Connect(ctx, engine.ClusterConfig{URL: c.URL, Credentials: c.Credentials, Replicas: c.Replicas}, s.log)
		return err
	}
	s.server, err = engine.StartServer(engine.ServerConfig{Dir: s.config.DataDir, Listen: c.Listen, Authenticate: s.tokens.Producer, Log: s.log})
	if err != nil {
		return err
	}
	s.engine, err = engine.Embedded(ctx, s.server, s.log)
	return err
}

// read rebuilds what is known from what is durable, and follows it from then on.
func (s *Service) read(ctx, reading context.Context) (err error) {
	watchers := map[string]registry.Watcher{access.ChangeToken: s.tokens.Apply}
	if s.registry, err = registry.Open(reading, s.engine, watchers, s.log); err != nil {
		return fmt.Errorf("read the directory: %w", err)
	}
	if err := s.readFiled(ctx, reading); err != nil {
		return fmt.Errorf("read what is filed: %w", err)
	}
	reached, err := s.engine.FollowLedger(reading, s.board.Reached(), s.board.Apply)
	if err != nil {
		return fmt.Errorf("read the ledger: %w", err)
	}
	if err := s.board.Wait(ctx, reached); err != nil {
		return fmt.Errorf("read the ledger: %w", err)
	}
	if err := s.engine.FollowHold(reading, s.watchHold); err != nil {
		return err
	}
	secret, err := s.engine.Secret(ctx, "link")
	if err != nil {
		return fmt.Errorf("read the secret of links: %w", err)
	}
	s.links = replies.Links{Secret: secret, PublicURL: s.publicURL}
	s.desk = wording.Desk{SenderName: s.config.SenderName, Phone: s.config.DeskPhone, Atlas: s.registry.Directory.Atlas()}
	return nil
}

func (s *Service) openChannels() error {
	s.channels = map[string]channels.Channel{}
	for _, kind := range s.kinds {
		section := s.config.Channels.Section(kind.Name)
		if section == nil || !section.On() {
			continue
		}
		channel, err := kind.Open(section, channels.Environment{PublicURL: s.publicURL, SenderName: s.config.SenderName, Log: s.log})
		if err != nil {
			return fmt.Errorf("open the %s channel: %w", kind.Name, err)
		}
		s.channels[kind.Name] = channel
	}
	return nil
}

// URL is where the API answers; "" without it.
func (s *Service) URL() string {
	if s.listener == nil {
		return ""
	}
	return "http://" + s.listener.Addr().String()
}

// PublicURL is where providers and browsers reach the API.
func (s *Service) PublicURL() string { return s.publicURL }

// NATSURL is where producers publish; "" when the engine is elsewhere.
func (s *Service) NATSURL() string {
	if s.server == nil {
		return ""
	}
	return s.server.URL()
}

// drainPatience is how long requests under way are waited for at the end.
const drainPatience = 45 * time.Second

// Stop takes nothing new, lets what is under way come to its end and its record, and closes
// everything. It is called once.
func (s *Service) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), drainPatience)
	defer cancel()
	var errs []error
	close(s.closing)
	if s.http != nil {
		if err := s.http.Shutdown(ctx); err != nil {
			errs = append(errs, s.http.Close())
		}
	}
	s.stop()
	errs = append(errs, s.drained(ctx), s.close())
	return errors.Join(errs...)
}

// drained waits for the work to come to its end. Where the engine is gone for good it would wait for
// ever to read back what it wrote: what was acknowledged is safe all the same.
func (s *Service) drained(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() { ended <- s.work.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return alerting.Errorf(alerting.CodeUnavailable, "work did not end within %s and was left; the next start looks into what it was sending", drainPatience)
	}
}

// Done is closed when the service can't go on by itself; Stop then says why.
func (s *Service) Done() <-chan struct{} { return s.stopped }

func (s *Service) close() error {
	var errs []error
	if s.stopReading != nil {
		s.stopReading()
	}
	if s.listener != nil {
		if err := s.listener.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	for _, channel := range s.channels {
		if closer, ok := channel.(io.Closer); ok {
			errs = append(errs, closer.Close())
		}
	}
	if s.engine != nil {
		s.engine.Close()
	}
	if s.server != nil {
		errs = append(errs, s.server.Stop())
	}
	return errors.Join(errs...)
}

// AdminTokenFile is where the first admin token lies: the command line finds it there.
func AdminTokenFile(dataDir string) string { return filepath.Join(dataDir, "admin.token") }

// Channels lists the channels that are on, by name.
func (s *Service) Channels() []string { return slices.Sorted(maps.Keys(s.channels)) }

// Board is what the service knows of every alert, for whoever runs it in the same process.
func (s *Service) Board() *tracking.Board { return s.board }
