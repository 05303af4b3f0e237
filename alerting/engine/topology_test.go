package engine_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting/engine"
)

var recordAs = flag.String("record", "", "record how the streams are set up now, under this name")

// Each way in which the streams were ever set up is on record, numbered in the order in which they came and
// named for the commit that it came with (a new one for what it brings: nobody knows its commit yet). What
// was upgraded from, here and in the cluster's test, is taken from there: no commit's streams are left out,
// the last one's neither.
const topologies = "testdata/topology"

func TestTheTopologyIsRecorded(t *testing.T) {
	t.Parallel()
	now, err := open(t).Topology(t.Context())
	require.NoError(t, err)
	recorded, newest := recordedTopologies(t)
	if *recordAs != "" {
		raw, err := json.MarshalIndent(now, "", "  ")
		require.NoError(t, err)
		name := fmt.Sprintf("%d-%s.json", len(recorded)+1, *recordAs)
		require.NoError(t, os.WriteFile(filepath.Join(topologies, name), append(raw, '\n'), 0o644))
		return
	}
	assert.Equal(t, recorded[len(recorded)-1], now, "the streams are not set up as in %s. Operators who upgrade have those: keep that file, and add the new way with\n"+
		"\tgo test ./alerting/engine -run TestTheTopologyIsRecorded -record WHAT-IT-BRINGS", newest)
}

// Streams that any commit before this one made become what they are now, with all that is in them.
func TestFormerStreamsAreUpgraded(t *testing.T) {
	t.Parallel()
	recorded, _ := recordedTopologies(t)
	for i, former := range recorded {
		t.Run(fmt.Sprint(i+1), func(t *testing.T) {
			s := start(t, engine.ServerConfig{})
			require.NoError(t, connect(t, s).Remake(t.Context(), former))
			e, err := engine.Embedded(t.Context(), s, zerolog.Nop())
			require.NoError(t, err)
			defer e.Close()
			now, err := e.Topology(t.Context())
			require.NoError(t, err)
			assert.Equal(t, recorded[len(recorded)-1], now)
			for _, stream := range former {
				first, err := e.First(t.Context(), stream.Name)
				require.NoError(t, err, stream.Name)
				assert.Equal(t, "former", string(first.Data), stream.Name)
			}
		})
	}
}

// recordedTopologies are all on record, the oldest first, and the file of the newest.
func recordedTopologies(t *testing.T) (all [][]jetstream.StreamConfig, newest string) {
	t.Helper()
	for {
		files, err := filepath.Glob(filepath.Join(topologies, fmt.Sprintf("%d-*.json", len(all)+1)))
		require.NoError(t, err)
		if len(files) == 0 {
			require.NotEmpty(t, all)
			return all, newest
		}
		require.Len(t, files, 1, "two records have one number")
		newest = files[0]
		raw, err := os.ReadFile(newest)
		require.NoError(t, err)
		var configs []jetstream.StreamConfig
		require.NoError(t, json.Unmarshal(raw, &configs))
		all = append(all, configs)
	}
}
