package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/term"

	"revere/cmd/service"
	"revere/config"
)

// runServe runs the service until ctx is done, and lets what is under way come to its end.
func runServe(ctx context.Context, env environment, to connection, cmd serveCommand) error {
	tuneMemory(ctx)
	c, err := loadConfig(env, to)
	if err != nil {
		return err
	}
	log, err := newLog(c.Log, env.stderr)
	if err != nil {
		return err
	}
	s, err := service.Start(ctx, service.Options{Config: c, Kinds: kinds, Roles: cmd.Roles, Log: log, Version: buildVersion()})
	if err != nil {
		return err
	}
	log.Info().Str("http", s.URL()).Str("nats", s.NATSURL()).Str("public_url", s.PublicURL()).Strs("roles", cmd.Roles).Strs("channels", s.Channels()).Msg("revere is ready")
	if len(s.Channels()) == 0 {
		log.Warn().Msg("no channel is configured: alerts are kept, and reach nobody; `revere check` helps")
	}
	select {
	case <-ctx.Done():
		log.Info().Msg("stopping: what is being sent is finished and recorded first")
	case <-s.Done():
	}
	if err := s.Stop(); err != nil {
		return err
	}
	log.Info().Msg("stopped")
	return nil
}

// loadConfig loads the file that was named, else revere.yaml where there is one, else the
// environment alone.
func loadConfig(env environment, to connection) (*config.Config, error) {
	path := cmp.Or(to.Config, defaultConfig)
	if _, err := os.Stat(path); to.Config == "" && errors.Is(err, fs.ErrNotExist) {
		path = ""
	}
	return config.Load(path, to.serviceVariables(env), config.Sections(kinds))
}

// newLog writes JSON lines, or lines for a person's eyes.
func newLog(c config.Log, out io.Writer) (zerolog.Logger, error) {
	level, err := zerolog.ParseLevel(c.Level)
	if err != nil {
		return zerolog.Nop(), fmt.Errorf("log.level %q: %w", c.Level, err)
	}
	if c.Format == "console" {
		f, isFile := out.(*os.File)
		out = zerolog.ConsoleWriter{Out: out, TimeFormat: time.TimeOnly, NoColor: !isFile || !term.IsTerminal(int(f.Fd()))}
	}
	return zerolog.New(zerolog.SyncWriter(out)).Level(level).With().Timestamp().Logger(), nil
}
