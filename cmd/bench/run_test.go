package bench_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/cmd/bench"
)

// names are the figures that programs read: none is ever renamed or dropped.
var names = []string{
	"disk_sync_p50",
	"engine_manifest", "engine_attempts", "engine_consume", "engine_route", "engine_pipeline", "engine_pipeline_own", "engine_latency_p50", "engine_latency_p99",
	"import", "match", "expansion", "pipeline", "pipeline_cpu_few", "pipeline_cpu", "breadth",
	"idle_p50", "idle_p99", "idle_max", "backlog_p50", "backlog_p99", "backlog_max", "backlog_left",
	"http_connections", "http_bare", "http_bare_cpu", "http_product", "http_product_cpu",
	"memory_peak", "memory_queued", "restart_directory", "restart_history", "memory_history", "restart_filed",
}

func small(t *testing.T) bench.Options {
	return bench.Options{
		Recipients: 120, Alerts: 1, Areas: 7, Samples: 3, Queued: 240, History: 240, ChannelLatency: time.Millisecond, ChannelRate: 3000,
		Program: os.Args[0], Dir: t.TempDir(), Log: zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.ErrorLevel),
	}
}

func requireEmpty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left, "the run left something behind")
}

// It does not run beside the others: what it measures of the heap would be theirs, too.
func TestARunMeasuresEveryFigureAndLeavesNothing(t *testing.T) {
	o := small(t)
	var doing []string
	o.Progress = func(p bench.Progress) {
		assert.LessOrEqual(t, p.Step, p.Steps)
		assert.True(t, p.Part >= 0 && p.Part <= 1, "part %v", p.Part)
		if len(doing) < p.Step {
			doing = append(doing, p.Doing)
		}
	}
	report, err := bench.Run(t.Context(), o)
	require.NoError(t, err)
	requireEmpty(t, o.Dir)
	require.Len(t, doing, 7)

	var got []string
	for _, f := range report.Figures {
		got = append(got, f.Name)
		if f.Name != "backlog_left" { // so few are gone by then
			assert.Positive(t, f.Value, f.Name)
		}
		assert.NotEmpty(t, f.Unit, f.Name)
		if f.Against != "" {
			assert.Contains(t, names, f.Against)
			assert.Positive(t, f.Ratio, f.Name)
		}
	}
	require.Equal(t, names, got)
	require.Equal(t, []int{120, 1, 7, 3}, []int{report.Recipients, report.Alerts, report.Areas, report.Samples})
	raw, err := json.Marshal(report)
	require.NoError(t, err)
	var read bench.Report
	require.NoError(t, json.Unmarshal(raw, &read))
	require.Equal(t, report, read)
}

func TestARunThatIsStoppedCleansUp(t *testing.T) {
	t.Parallel()
	for step := 1; step <= 7; step++ {
		t.Run(fmt.Sprintf("step %d", step), func(t *testing.T) {
			t.Parallel()
			o := small(t)
			ctx, stop := context.WithCancel(t.Context())
			o.Progress = func(p bench.Progress) {
				if p.Step == step {
					stop()
				}
			}
			_, err := bench.Run(ctx, o)
			require.ErrorIs(t, err, context.Canceled)
			requireEmpty(t, o.Dir)
		})
	}
}

func TestAClusterIsLeftAsItWas(t *testing.T) {
	t.Parallel()
	o := small(t)
	cluster, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true})
	require.NoError(t, err)
	cluster.Start()
	t.Cleanup(func() { cluster.Shutdown(); cluster.WaitForShutdown() })
	require.True(t, cluster.ReadyForConnections(10*time.Second))
	conn, err := nats.Connect(cluster.ClientURL())
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	require.NoError(t, err)

	o.NATS = cluster.ClientURL()
	report, err := bench.Run(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, "cluster", report.Engine)
	account, err := js.AccountInfo(t.Context())
	require.NoError(t, err)
	require.Zero(t, account.Streams, "streams were left behind")

	_, err = js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "PRECIOUS", Subjects: []string{"precious"}})
	require.NoError(t, err)
	_, err = bench.Run(t.Context(), o)
	require.ErrorContains(t, err, "PRECIOUS")
	_, err = js.Stream(t.Context(), "PRECIOUS")
	require.NoError(t, err, "a stream that was there before is gone")
}
