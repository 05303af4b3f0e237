package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"revere/alerting/engine"
	"revere/channels"
	"revere/config"
)

// A site is where one step keeps what is durable: a directory of its own for an embedded server, or
// an account of a cluster that was empty before and is afterwards.
type site struct {
	dir      string
	url      string // "" when embedded
	replicas int
	log      zerolog.Logger
}

// newSite makes a site. On a cluster it refuses an account that holds streams: alerts must never go
// to a directory of real people, nor a bench's to their desk.
func (r *run) newSite(ctx context.Context) (*site, error) {
	s := &site{url: r.NATS, replicas: max(r.Replicas, 1), log: r.Log}
	if s.url != "" {
		names, err := s.streams(ctx)
		if err == nil && len(names) > 0 {
			err = fmt.Errorf("the account at --nats holds streams (%s): measure in an account of its own, which the bench leaves empty", strings.Join(names, ", "))
		}
		if err != nil {
			return nil, err
		}
	}
	var err error
	s.dir, err = os.MkdirTemp(r.Dir, "revere-bench-")
	return s, err
}

// open starts an engine at the site. close ends it; what it holds stays.
func (s *site) open(ctx context.Context) (e *engine.Engine, shut func() error, err error) {
	if s.url != "" {
		e, err = engine.Connect(ctx, engine.ClusterConfig{URL: s.url, Replicas: s.replicas}, s.log)
		if err != nil {
			return nil, nil, err
		}
		return e, func() error { e.Close(); return nil }, nil
	}
	server, err := engine.StartServer(engine.ServerConfig{Dir: s.dir, Log: s.log})
	if err != nil {
		return nil, nil, err
	}
	if e, err = engine.Embedded(ctx, server, s.log); err != nil {
		return nil, nil, errors.Join(err, server.Stop())
	}
	return e, func() error { e.Close(); return server.Stop() }, nil
}

// config is a service's configuration at the site, with variables that configure its channels.
func (s *site) config(kinds []channels.Kind, variables ...string) (*config.Config, error) {
	return config.Load("", append([]string{
		"REVERE_DATA_DIR=" + s.dir, "REVERE_NATS__URL=" + s.url, "REVERE_NATS__REPLICAS=" + strconv.Itoa(s.replicas),
		"REVERE_NATS__LISTEN=127.0.0.1:0", "REVERE_HTTP__LISTEN=127.0.0.1:0",
		"REVERE_SENDER_NAME=Bench",
	}, variables...), config.Sections(kinds))
}

// cleanupPatience is how long a cluster has to remove the streams.
const cleanupPatience = 10 * time.Second

// remove takes away everything, whether or not the run was stopped.
func (s *site) remove() error {
	err := os.RemoveAll(s.dir)
	if s.url == "" {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), cleanupPatience)
	defer cancel()
	names, listing := s.streams(ctx)
	err = errors.Join(err, listing)
	for _, name := range names {
		err = errors.Join(err, s.do(func(js jetstream.JetStream) error { return js.DeleteStream(ctx, name) }))
	}
	return err
}

// streams lists the streams of the cluster's account.
func (s *site) streams(ctx context.Context) (names []string, err error) {
	err = s.do(func(js jetstream.JetStream) error {
		lister := js.StreamNames(ctx)
		for name := range lister.Name() {
			names = append(names, name)
		}
		return lister.Err()
	})
	return names, err
}

func (s *site) do(work func(jetstream.JetStream) error) error {
	conn, err := nats.Connect(s.url)
	if err != nil {
		return fmt.Errorf("connect to --nats: %w", err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	return work(js)
}
