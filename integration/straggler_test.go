package integration_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"revere/alerting/api"
	"revere/integration/harness"
)

// A server of the cluster that is cut off again and again while clients write to it may not catch up any
// more. It is named wherever an operator looks, with what to do; that done, nobody is named any more. Where
// it does not come to that while the test soaks, a server is lost for good instead. It takes -soak.
func TestAServerThatFallsBehindIsNamed(t *testing.T) {
	if *soak == 0 {
		t.Skip("a server is given half a minute to come back: give -soak")
	}
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("the history's seed: -seed %d", s)
	random := rand.New(rand.NewPCG(s, 0))
	c := harness.NewCluster(t)
	f := harness.NewFleet(t, c, nil, "api,router,worker,tracker")
	f.Import(crowd(5)...)
	var behind *harness.Node
	cuts := 0
	for began := time.Now(); behind == nil && time.Since(began) < *soak; cuts++ {
		behind = cutOff(t, f, c.Leader(pick(random, []string{"LEDGER", "ALERTS", "KV_LEASES"})))
	}
	stuck := behind != nil
	if !stuck {
		behind = pick(random, c.Nodes)
		behind.Kill()
	}
	t.Logf("%d times a server was cut off; %s is behind for good: %t", cuts, behind.Name, stuck)
	var named api.Straggler
	harness.Within(t, 90*time.Second, func() error {
		all := stragglers(f)
		i := slices.IndexFunc(all, func(x api.Straggler) bool { return x.Server == behind.Name })
		if i < 0 {
			return errors.New("the straggler is not named")
		}
		named = all[i]
		return nil
	})
	t.Log(named.Advice)
	assert.Contains(t, f.CLI("check").Stdout, "the NATS server "+behind.Name+" has got nothing of")
	metrics := string(f.Call(http.StatusOK, harness.Request{Method: http.MethodGet, Path: "/metrics"}).Body)
	assert.Contains(t, metrics, fmt.Sprintf("revere_straggler_seconds{server=%q,stream=%q}", behind.Name, named.Streams[0]))
	assert.Contains(t, f.Log.String(), "the NATS server "+behind.Name+" has got nothing of")
	behind.Renew()
	harness.Within(t, 90*time.Second, func() error { return errorUnless(len(stragglers(f)) == 0, "it is still named") })
	c.Whole()
	for _, n := range c.Nodes {
		if n != behind {
			assert.NotContains(t, f.Log.String(), "the NATS server "+n.Name+" has got nothing of", "one that was well was named")
		}
	}
}

// forGood is how long a server lags behind that will not catch up: one was seen that did after 24 s, with
// as many refused answers as the others.
const forGood = 45 * time.Second

// cutOff cuts a server off while alerts are published, and mends that. It returns the server that then
// does not catch up, or nil.
func cutOff(t *testing.T, f *harness.Fleet, n *harness.Node) (behind *harness.Node) {
	t.Helper()
	f.Cluster.Part(n)
	for range 3 {
		harness.Soon(t, func() error {
			_, err := try(f.World, harness.NewAlert("ma.boston"))
			return err
		})
	}
	f.Cluster.Heal(n)
	for began := time.Now(); time.Since(began) < forGood; rest(200 * time.Millisecond) {
		lagging, err := f.Cluster.Lagging()
		if err == nil && len(lagging) == 0 {
			return nil
		}
		if err == nil {
			behind = lagging[0]
		}
	}
	return behind
}

// stragglers are those that the process names where an orchestrator looks.
func stragglers(f *harness.Fleet) []api.Straggler {
	var h api.Health
	if a, err := f.Try(harness.Request{Method: http.MethodGet, Path: "/readyz"}); err == nil {
		_ = a.Into(&h) // one that is not ready names nobody
	}
	return h.Stragglers
}
