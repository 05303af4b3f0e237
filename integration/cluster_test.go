package integration_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
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
// once, and nothing that was answered vanishes; on streams that an earlier version made, too. With -soak
// further faults follow in random order.
//
// It does not run beside other tests: its promises are about time.
func TestCluster(t *testing.T) {
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("the history's seed: -seed %d", s)
	d := newDrill(t, rand.New(rand.NewPCG(s, 0)))
	d.overNATS()
	for _, fault := range mishaps[:fewFaults] {
		d.round(fault)
	}
	for began := time.Now(); time.Since(began) < *soak; {
		d.round(mishaps[d.random.IntN(len(mishaps))])
	}
	d.settle()
	requireKept(t, d.f.Cluster)
	t.Logf("%s", d.counts())
}

// overNATS has a producer of the cluster's own account publish, and hear the verdict in its own inbox.
func (d *drill) overNATS() {
	d.t.Helper()
	v := d.f.PublishForVerdict("alerts.ma.boston", harness.NewAlert("ma.boston").JSON())
	require.Equal(d.t, alerting.VerdictAccepted, v.Verdict)
	d.did.keys = append(d.did.keys, v.Alert)
}

// formerStreams are the streams and buckets as the version of commit a691f1c made them.
const formerStreams = "testdata/streams-a691f1c.json"

// makeFormer makes the streams of the former version, with an alert that waits to be judged.
func makeFormer(t *testing.T, c *harness.Cluster) {
	t.Helper()
	raw, err := os.ReadFile(formerStreams)
	require.NoError(t, err)
	var former []jetstream.StreamConfig
	require.NoError(t, json.Unmarshal(raw, &former))
	c.Admin(func(ctx context.Context, js jetstream.JetStream) error {
		for _, config := range former {
			if _, err := js.CreateStream(ctx, config); err != nil {
				return err
			}
		}
		_, err := js.Publish(ctx, "alerts.ma.boston", harness.NewAlert("ma.boston").JSON())
		return err
	})
}

// requireKept sees that the streams are those that the former version made, and none was made anew.
func requireKept(t *testing.T, c *harness.Cluster) {
	t.Helper()
	c.Admin(func(ctx context.Context, js jetstream.JetStream) error {
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
}
