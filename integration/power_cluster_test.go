package integration_test

import (
	"testing"
	"time"

	"revere/alerting"
	"revere/integration/harness"
	"revere/integration/twiliosim"
)

// Power that fails for all three servers at once takes nothing that was acknowledged: a quorum is no protection
// from that, but each server syncs before it answers, as the README has operators set it.
func TestPowerLossOfAClusterAtOnce(t *testing.T) {
	if *soak == 0 {
		t.Skip("takes a minute: -soak")
	}
	disks := make([]*harness.Disk, 3)
	for i := range disks {
		disks[i] = harness.NewDisk(t)
	}
	c := harness.NewClusterOn(t, disks)
	f := harness.NewFleet(t, c, map[string]string{"CHANNELS__FALLBACK_AFTER__SEVERE": "10m"}, "api,router,worker,tracker", "api,router,worker,tracker")
	f.Twilio.SetBehavior(twiliosim.Behavior{Latency: 5 * time.Millisecond})
	did := history{people: crowd(40), acknowledged: map[alerting.Key][]string{}}
	f.Import(did.people...)
	for range powerCuts {
		taken := workUntil(t, f.World, func() {
			for _, d := range disks {
				control(t, d)
			}
			for _, n := range c.Nodes {
				n.Pause()
			}
		})
		f.Lose()
		for i, d := range disks {
			d.Cut(c.Nodes[i].Kill)
			controlled(t, d)
		}
		for _, n := range c.Nodes {
			n.Start()
		}
		began := time.Now()
		c.Whole()
		t.Logf("%d acknowledged before the cut; whole again after %s", len(taken), time.Since(began).Round(time.Millisecond))
		for _, m := range f.Members {
			m.Start()
			m.Ready()
		}
		did.survived(t, f.World, taken)
	}
	did.settled(t, f.World)
}
