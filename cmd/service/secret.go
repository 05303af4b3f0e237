package service

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"revere/alerting"
	"revere/alerting/access"
)

var errNotFirst = errors.New("another process has made the first token")

// firstToken makes an admin token when there is none, where only this machine's owner can read it.
// The secret is on disk before the token counts, and gets its name when it does: whenever the
// process is ended, the next start finds the secret of the token that counts.
func (s *Service) firstToken(ctx context.Context) error {
	path := AdminTokenFile(s.config.DataDir)
	pending := pendingToken(path)
	if secret, err := os.ReadFile(pending); err == nil {
		if _, counts := s.tokens.Authenticate(strings.TrimSpace(string(secret))); counts {
			return os.Rename(pending, path)
		}
	}
	if len(s.tokens.List()) > 0 {
		return nil
	}
	secret, token, err := access.New("first admin", access.Admin, nil, time.Now())
	if err != nil {
		return err
	}
	if err := writeSecret(pending, secret); err != nil {
		return err
	}
	_, err = s.registry.Edit(ctx, func() ([]alerting.Change, error) {
		if len(s.tokens.List()) > 0 {
			return nil, errNotFirst
		}
		return []alerting.Change{token.Put()}, nil
	})
	switch {
	case errors.Is(err, errNotFirst):
		return os.Remove(pending)
	case err != nil:
		return err
	}
	s.log.Info().Str("file", path).Msg("made the first admin token; the command line finds it there")
	return os.Rename(pending, path)
}

// pendingToken is where a token's secret lies until the token counts.
func pendingToken(path string) string { return path + ".new" }

// writeSecret writes a file that nobody else can read.
func writeSecret(path, secret string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("write the admin token: %w", err)
	}
	if err := os.WriteFile(path, []byte(secret+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the admin token: %w", err)
	}
	return nil
}
