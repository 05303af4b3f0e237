package engine

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/rs/zerolog"

	"revere/alerting"
)

// MaxPayload is the largest message that the embedded server takes, in bytes. It lies well above
// alerting.MaxAlertBytes so that an oversized alert is kept and explained, not cut off.
const MaxPayload = 1 << 20

// unboundedStore takes the server's own bound out of the way, three quarters of what is free when it
// starts: that would stop records, too. KeepReserve stops only what is new.
const unboundedStore = 1 << 60

// A ServerConfig describes the embedded server.
type ServerConfig struct {
	// Dir is where everything durable lives. One process at a time may have it.
	Dir string
	// Listen is host:port for producers; "" for no listener at all, port 0 for any free one.
	Listen string
	// Authenticate maps a password that a producer presents to the areas it may publish for.
	// Nil refuses everyone who presents one.
	Authenticate func(token string) (areas []alerting.Area, ok bool)
	Log          zerolog.Logger
}

// A Server is an embedded NATS server that syncs every write to disk before it acknowledges it.
type Server struct {
	nats  *server.Server
	lock  *flock.Flock
	door  *door
	begun sync.Once // the first engine voids the leases that a process before left behind
}

// StartServer starts an embedded server, and returns when it takes connections. Its errors say
// whether the data directory or the listen address is in use.
func StartServer(config ServerConfig) (*Server, error) {
	if err := os.MkdirAll(config.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	lock := flock.New(filepath.Join(config.Dir, "lock"))
	if locked, err := lock.TryLock(); err != nil {
		return nil, fmt.Errorf("lock the data directory %s: %w", config.Dir, err)
	} else if !locked {
		return nil, alerting.Errorf(alerting.CodeConflict, "another revere is running on the data directory %s; stop it, or set another data_dir", config.Dir)
	}
	s, err := startLocked(config)
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	s.lock = lock
	return s, nil
}

func startLocked(config ServerConfig) (*Server, error) {
	host, port, err := listenAddress(config.Listen)
	if err != nil {
		return nil, err
	}
	d := newDoor(config)
	options := &server.Options{
		ServerName: "revere", Host: host, Port: port, DontListen: config.Listen == "",
		NoSigs: true, NoLog: true, MaxPayload: MaxPayload,
		JetStream: true, StoreDir: config.Dir, SyncAlways: true,
		JetStreamMaxStore:          unboundedStore,
		JetStreamLimits:            server.JSLimitOpts{MaxBatchSize: maxBatch},
		CustomClientAuthentication: d,
	}
	if err := options.ProcessConfigString(accounts); err != nil {
		return nil, fmt.Errorf("set up the accounts of the embedded NATS server: %w", err)
	}
	nats, err := server.NewServer(options)
	if err != nil {
		return nil, fmt.Errorf("set up the embedded NATS server: %w", err)
	}
	if err := d.between(nats); err != nil {
		return nil, fmt.Errorf("set up the accounts of the embedded NATS server: %w", err)
	}
	nats.SetLoggerV2(serverLog{config.Log}, false, false, false)
	nats.Start()
	if !nats.ReadyForConnections(30 * time.Second) {
		nats.Shutdown()
		return nil, fmt.Errorf("the embedded NATS server was not ready within 30 s (data directory %s)", config.Dir)
	}
	return &Server{nats: nats, door: d}, nil
}

// listenAddress splits host:port and makes sure that nobody else has it: the server itself would
// only log that.
func listenAddress(listen string) (host string, port int, err error) {
	if listen == "" {
		return "", 0, nil
	}
	probe, err := net.Listen("tcp", listen)
	if err != nil {
		return "", 0, alerting.Errorf(alerting.CodeConflict, "can't listen for producers on nats.listen %s: %v; stop what has it, or set another nats.listen", listen, err)
	}
	defer probe.Close()
	host, text, err := net.SplitHostPort(listen)
	if err != nil {
		return "", 0, err
	}
	if port, err = strconv.Atoi(text); err != nil {
		return "", 0, err
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	return host, port, nil
}

// URL is where producers connect; "" without a listener.
func (s *Server) URL() string {
	if s.nats.Addr() == nil {
		return ""
	}
	return "nats://" + s.nats.Addr().String()
}

// Stop lets clients go, closes the streams and releases the data directory.
func (s *Server) Stop() error {
	s.nats.Shutdown()
	s.nats.WaitForShutdown()
	return s.lock.Unlock()
}

// serverLog passes the server's words on. Its notices are for people who run NATS, so they come at
// debug level.
type serverLog struct{ log zerolog.Logger }

func (l serverLog) Noticef(format string, v ...any) { l.log.Debug().Msgf(format, v...) }
func (l serverLog) Warnf(format string, v ...any)   { l.log.Warn().Msgf(format, v...) }
func (l serverLog) Fatalf(format string, v ...any)  { l.log.Error().Msgf(format, v...) }
func (l serverLog) Errorf(format string, v ...any)  { l.log.Error().Msgf(format, v...) }
func (l serverLog) Debugf(format string, v ...any)  { l.log.Debug().Msgf(format, v...) }
func (l serverLog) Tracef(format string, v ...any)  { l.log.Trace().Msgf(format, v...) }
