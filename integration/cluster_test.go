package integration_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/integration/harness"
)

// What a cluster promises: a publication that is under way when something fails succeeds within
// publishLimit, and the work of a process that is lost is with a living one within takeoverLimit.
const (
	publishLimit  = 10 * time.Second
	takeoverLimit = 5 * time.Second
)

// Whatever is lost of a cluster, for moments or longer, every alert that was taken reaches everyone
// once, and nothing that was answered vanishes. The streams that it begins with are those before the present
// ones, so that all that follows, the restart of one process after the other among it, is on upgraded
// streams, and from the present ones. With -soak it is done from each way in which they were ever set up, and
// further faults follow in random order.
//
// It does not run beside other tests: its promises are about time.
func TestCluster(t *testing.T) {
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("the history's seed: -seed %d", s)
	all := topologies(t)
	former := all[max(0, len(all)-2):][:1]
	if *soak > 0 {
		former = all
	}
	for _, from := range former {
		t.Run("from "+from.name, func(t *testing.T) {
			d := newDrill(t, rand.New(rand.NewPCG(s, 0)), from)
			requireUpgraded(t, d.f.Cluster, all[len(all)-1])
			d.overNATS()
			for _, fault := range mishaps[:fewFaults] {
				d.round(fault)
			}
			for began := time.Now(); time.Since(began) < *soak/time.Duration(len(former)); {
				d.round(mishaps[d.random.IntN(len(mishaps))])
			}
			d.settle()
			requireUpgraded(t, d.f.Cluster, all[len(all)-1])
			t.Logf("%s", d.counts())
		})
	}
}

// overNATS has a producer of the cluster's own account publish, and hear the verdict in its own inbox.
func (d *drill) overNATS() {
	d.t.Helper()
	v := d.f.PublishForVerdict("alerts.ma.boston", harness.NewAlert("ma.boston").JSON())
	require.Equal(d.t, alerting.VerdictAccepted, v.Verdict)
	d.did.keys = append(d.did.keys, v.Alert)
}

// A topology is a way in which the streams and buckets were set up at some time.
type topology struct {
	name    string
	streams []jetstream.StreamConfig
}

// topologies are all that there ever were, the present one last: the engine's tests hold that it is there.
func topologies(t *testing.T) (all []topology) {
	t.Helper()
	files, err := filepath.Glob("../alerting/engine/testdata/topology/*.json")
	require.NoError(t, err)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		x := topology{name: strings.TrimSuffix(filepath.Base(file), ".json")}
		require.NoError(t, json.Unmarshal(raw, &x.streams))
		for i := range x.streams {
			x.streams[i].Replicas = 3 // they were recorded on one server
		}
		all = append(all, x)
	}
	number := func(x topology) int {
		n, err := strconv.Atoi(x.name[:strings.Index(x.name, "-")])
		require.NoError(t, err)
		return n
	}
	slices.SortFunc(all, func(a, b topology) int { return number(a) - number(b) })
	require.NotEmpty(t, all)
	return all
}

// make makes the streams, with an alert that waits to be judged.
func (x topology) make(c *harness.Cluster) {
	c.Admin(func(ctx context.Context, js jetstream.JetStream) error {
		for _, config := range x.streams {
			if _, err := js.CreateStream(ctx, config); err != nil {
				return err
			}
		}
		_, err := js.Publish(ctx, "alerts.ma.boston", harness.NewAlert("ma.boston").JSON())
		return err
	})
}

// requireUpgraded sees that the streams are set up as they should be, and that they are those that were
// there before: none was made anew.
func requireUpgraded(t *testing.T, c *harness.Cluster, want topology) {
	t.Helper()
	var have []jetstream.StreamConfig
	for _, info := range c.StreamInfos() {
		info.Config.Metadata = nil // what the server notes on it
		have = append(have, info.Config)
	}
	c.Patiently(func(ctx context.Context, js jetstream.JetStream) error {
		alerts, err := js.Stream(ctx, "ALERTS")
		if err != nil {
			return err
		}
		first, err := alerts.GetMsg(ctx, 1)
		if err != nil {
			return err
		}
		require.Equal(t, "alerts.ma.boston", first.Subject)
		require.Equal(t, uint64(1), alerts.CachedInfo().State.FirstSeq)
		return nil
	})
	require.ElementsMatch(t, want.streams, have)
}
