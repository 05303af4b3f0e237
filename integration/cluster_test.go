package integration_test

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
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
// once, and nothing that was answered vanishes. With -soak the faults go on in random order.
func TestCluster(t *testing.T) {
	t.Parallel()
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("the history's seed: -seed %d", s)
	d := newDrill(t, rand.New(rand.NewPCG(s, 0)), nil)
	for _, fault := range faults {
		if x := os.Getenv("XF"); x != "" && !strings.Contains(fault.name, x) { continue }
		began := time.Now()
		d.round(fault)
		t.Logf("%s %s: %s (%s)", time.Now().Format("15:04:05.000"), fault.name, time.Since(began), d.worst)
	}
	for began := time.Now(); time.Since(began) < *soak; {
		d.round(faults[d.random.IntN(len(faults))])
	}
	d.settle()
	t.Logf("%s", d.counts())
}

// A producer on the cluster's own account hears the verdict in its own inbox, as with the server inside.
func TestClusterProducersOverNATS(t *testing.T) {
	t.Parallel()
	f := harness.NewFleet(t, harness.NewCluster(t), nil, "api,router,worker,tracker")
	f.Import(town(10)...)
	v := f.PublishForVerdict("alerts.ma.boston", harness.NewAlert("ma.boston").JSON())
	require.Equal(t, alerting.VerdictAccepted, v.Verdict)
	f.Finished(v.Alert)
	assert.Len(t, provided(f.World), 10)
}
