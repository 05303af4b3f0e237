package engine_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"revere/alerting/engine"
)

// For a moment after its last stream was removed the server has no place for an account's streams. Who makes
// the next one waits for that.
func TestAStreamIsMadeWhereTheServerHasNoPlaceForAMoment(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(*engine.Server) error{
		"a service": func(s *engine.Server) error {
			e, err := engine.Embedded(t.Context(), s, zerolog.Nop())
			if err == nil {
				e.Close()
			}
			return err
		},
		"a restore": func(s *engine.Server) error {
			r, err := engine.RestoreEmbedded(t.Context(), s, zerolog.Nop())
			if err == nil {
				r.Close()
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := start(t, engine.ServerConfig{Dir: dir})
			place := filepath.Join(dir, "jetstream", "REVERE", "streams")
			require.NoError(t, os.MkdirAll(filepath.Dir(place), 0o700))
			require.NoError(t, os.WriteFile(place, nil, 0o600)) // which is no directory
			time.AfterFunc(300*time.Millisecond, func() { _ = os.Remove(place) })
			require.NoError(t, begin(s))
		})
	}
}
