package integration_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/integration/harness"
)

func TestClusterSmoke(t *testing.T) {
	c := harness.NewCluster(t)
	f := harness.NewFleet(t, c, nil, "api,router", "worker,tracker", "api,router", "worker,tracker")
	people := town(60)
	f.Import(people...)
	p := f.Publish(harness.NewAlert("ma.boston"))
	f.Finished(p.Key)
	v := f.PublishForVerdict("alerts.ma.boston", harness.NewAlert("ma.boston").JSON())
	require.Equal(t, alerting.VerdictAccepted, v.Verdict)
	f.Finished(v.Alert)
	checked(t, f.World, history{people: people, keys: []alerting.Key{p.Key, v.Alert}})
}
