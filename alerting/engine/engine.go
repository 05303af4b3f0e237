package engine

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"revere/alerting"
)

// An Engine is a connection to JetStream with its streams in place. Its methods are safe for
// concurrent use.
type Engine struct {
	conn *nats.Conn
	// inboxes is the connection on which producers hear of verdicts: conn itself on a cluster.
	inboxes *nats.Conn
	js      jetstream.JetStream
	log     zerolog.Logger

	streams map[string]jetstream.Stream // by name
	leases  jetstream.KeyValue
	keep    jetstream.KeyValue
	seal    []byte                         // the secret that vouches for submissions
	full    atomic.Pointer[alerting.Error] // why nothing new is taken on; nil while it is
	turns   turns
	inbound commits[*arrival] // what comes in, on its way to INBOUND
	fewPuts int               // below so many of it are no batch
	mover   *mover            // nil where the server is in this process
	unwatch context.CancelFunc

	stragglers stragglers

	passed struct {
		mu   sync.Mutex
		over map[string]int // by stream
	}
}

// A ClusterConfig says how to reach a NATS server outside this process.
type ClusterConfig struct {
	URL         string
	Credentials string // path of a .creds file; "" for none
	Replicas    int    // copies of each stream
	// StragglerAfter is for how long a server may get nothing of a stream before it is a straggler; 0 for
	// half a minute.
	StragglerAfter time.Duration
}

// Embedded connects to a server in this process, without a socket.
func Embedded(ctx context.Context, s *Server, log zerolog.Logger) (*Engine, error) {
	e, err := open(ctx, log, 1, nats.DefaultURL, nats.InProcessServer(s.nats), nats.UserInfo(internalUser, s.door.password))
	if err != nil {
		return nil, err
	}
	e.inboxes, err = nats.Connect(nats.DefaultURL, nats.InProcessServer(s.nats), nats.UserInfo(verdictUser, s.door.password), nats.MaxReconnects(-1))
	if err != nil {
		e.conn.Close()
		return nil, fmt.Errorf("connect to the producers' account: %w", err)
	}
	s.begun.Do(func() { err = e.voidLeases(ctx) })
	if err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

// Connect connects to a cluster.
func Connect(ctx context.Context, config ClusterConfig, log zerolog.Logger) (*Engine, error) {
	e, err := open(ctx, log, config.Replicas, config.URL, config.options()...)
	if err != nil {
		return nil, err
	}
	e.mover = &mover{conn: e.conn, log: log, missed: map[string]int{}}
	watching, unwatch := context.WithCancel(context.Background())
	e.unwatch = unwatch
	go e.watch(watching)
	if config.Replicas > 1 {
		e.stragglers.after, e.stragglers.lags = cmp.Or(config.StragglerAfter, stragglerAfter), map[copyOf]lag{}
		go e.watchStragglers(watching)
	}
	return e, nil
}

func (c ClusterConfig) options() []nats.Option {
	options := []nats.Option{nats.RetryOnFailedConnect(false)}
	if c.Credentials != "" {
		options = append(options, nats.UserCredentials(c.Credentials))
	}
	return options
}

func open(ctx context.Context, log zerolog.Logger, replicas int, url string, options ...nats.Option) (*Engine, error) {
	conn, js, err := dial(log, url, options...)
	if err != nil {
		return nil, err
	}
	e := &Engine{conn: conn, inboxes: conn, js: js, log: log, unwatch: func() {}}
	e.inbound.store, e.inbound.mostItems, e.inbound.mostBytes = e.storeArrivals, maxBatch, putBytes
	if e.fewPuts = fewPuts; replicas > 1 {
		e.fewPuts = fewCopiedPuts
	}
	if err := e.prepare(ctx, replicas); err != nil {
		conn.Close()
		return nil, err
	}
	return e, nil
}

// dial connects as Revere does: it goes on trying whenever the connection is lost.
func dial(log zerolog.Logger, url string, options ...nats.Option) (*nats.Conn, jetstream.JetStream, error) {
	options = append(options,
		nats.Name("revere"), nats.CustomInboxPrefix(inboxPrefix), nats.MaxReconnects(-1), nats.ReconnectWait(leaderWait),
		nats.PingInterval(time.Second), nats.MaxPingsOutstanding(3), // a server that hangs is left within seconds
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn().Err(err).Msg("lost the connection to NATS; reconnecting")
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { log.Info().Msg("reconnected to NATS") }),
	)
	conn, err := nats.Connect(url, options...)
	if err != nil {
		return nil, nil, fmt.Errorf("connect to NATS at %s: %w", redactURL(url), err)
	}
	js, err := jetstream.New(conn, jetstream.WithDefaultTimeout(publishPatience))
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	return conn, js, nil
}

// prepare makes sure of the streams and of the secret that vouches for submissions.
func (e *Engine) prepare(ctx context.Context, replicas int) (err error) {
	if err := refuseHalf(ctx, e.js); err != nil {
		return err
	}
	if err := e.ensureTopology(ctx, replicas); err != nil {
		return err
	}
	if e.seal, err = e.Secret(ctx, sealSecret); err != nil {
		return fmt.Errorf("read the seal's secret: %w", err)
	}
	return nil
}

// Close ends the connection. What was acknowledged is safe; what was not may or may not be.
func (e *Engine) Close() {
	e.unwatch()
	e.inboxes.Close()
	e.conn.Close()
}

// Ready reports whether the engine can take work: connected, and every stream present.
func (e *Engine) Ready(ctx context.Context) error {
	if !e.conn.IsConnected() {
		return fmt.Errorf("not connected to NATS (%s)", e.conn.Status())
	}
	for _, config := range streams(1) {
		if _, err := once(ctx, func(ctx context.Context) (jetstream.Stream, error) { return e.js.Stream(ctx, config.Name) }); err != nil {
			return fmt.Errorf("stream %s: %w", config.Name, err)
		}
	}
	return nil
}
