package integration_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"revere/alerting/gsm7"
	"revere/integration/checker"
	"revere/integration/harness"
)

// lateness is by how much a machine that has much to do may have a message arrive later than another one, reckoned
// from when they were begun: what a stand-in notes is the arrival.
const lateness = 100 * time.Millisecond

// keptTheRate asserts that no second saw more at a channel's provider than its rate, whichever processes sent.
func keptTheRate(t testing.TB, w *harness.World, channel string, rate float64) {
	t.Helper()
	messages := slices.DeleteFunc(provided(w), func(m checker.Message) bool { return m.Channel != channel })
	slices.SortFunc(messages, func(a, b checker.Message) int { return a.At.Compare(b.At) })
	first, used, busiest, dearest := 0, 0, 0, 0
	for _, m := range messages {
		used += units(m)
		for ; m.At.Sub(messages[first].At) >= time.Second; first++ {
			used -= units(messages[first])
		}
		busiest, dearest = max(busiest, used), max(dearest, units(m))
	}
	most := rate*(time.Second+lateness).Seconds() + max(float64(dearest), rate*0.02)
	t.Logf("%s: at most %d units in a second, each message %d or fewer, at a rate of %v", channel, busiest, dearest, rate)
	assert.LessOrEqual(t, float64(busiest), most, "%s was pushed past its rate", channel)
}

// units is what a message takes from its channel's rate.
func units(m checker.Message) int {
	if m.Channel != "sms" {
		return 1
	}
	return max(1, gsm7.Segments(m.Text))
}
