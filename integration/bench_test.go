package integration_test

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/cmd/bench"
	"revere/integration/harness"
)

// The command measures a cluster as it serves: with as many copies of each stream, and leaves nothing on it. It
// takes -soak: beside other tests it would measure them, and what is on a cluster of one cmd/bench tests.
func TestBenchOnACluster(t *testing.T) {
	if *soak == 0 {
		t.Skip("a run on three servers takes half a minute: give -soak")
	}
	c := harness.NewCluster(t)
	few := strings.Fields("bench --json --replicas 3 --recipients 200 --areas 7 --alerts 1 --samples 2 --queued 200 --history 200 --nats")
	command := exec.Command(harness.Plain(t), append(few, c.URL())...)
	command.Env = []string{"TMPDIR=" + t.TempDir()}
	out, err := command.Output()
	require.NoError(t, err, "%s", out)
	var report bench.Report
	require.NoError(t, json.Unmarshal(out, &report))
	assert.Equal(t, "cluster", report.Engine)
	assert.Equal(t, 3, report.Replicas)
	for _, f := range report.Figures {
		if f.Name != "backlog_left" {
			assert.Positive(t, f.Value, f.Name)
		}
	}
	assert.Empty(t, c.StreamInfos())
}
