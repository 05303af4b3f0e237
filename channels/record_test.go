package channels_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
)

// What the outbox has on record, for the tests to look at.

func (o *outbox) begunAt(delivery uint32, attempt int) (time.Time, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	at, ok := o.begun[[2]int{int(delivery), attempt}]
	return at, ok
}

// checkNothingLost asserts that what is due waits in the outbox, once.
func (o *outbox) checkNothingLost(t testing.TB) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	waiting := map[uint32]int{}
	for _, lane := range o.lanes {
		for _, d := range lane {
			waiting[d.id]++
		}
	}
	for _, d := range o.retries {
		waiting[d.id]++
	}
	for _, d := range o.deliveries {
		if d.due() && !d.taken {
			require.Equal(t, 1, waiting[d.id], "delivery %d is %s and waits %d times", d.id, d.state, waiting[d.id])
		}
	}
}

// checkNoneTaken asserts that nothing was taken and neither begun, concluded nor given back.
func (o *outbox) checkNoneTaken(t testing.TB) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, d := range o.deliveries {
		assert.False(t, d.taken, "delivery %d was taken and forgotten", d.id)
	}
}

// queued are the deliveries that wait in a lane, in order.
func (o *outbox) queued(lane int) (ids []uint32) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, d := range o.lanes[lane] {
		ids = append(ids, d.id)
	}
	return ids
}

// states counts the deliveries by state.
func (o *outbox) states() map[alerting.State]int {
	o.mu.Lock()
	defer o.mu.Unlock()
	counts := map[alerting.State]int{}
	for _, d := range o.deliveries {
		counts[d.state]++
	}
	return counts
}

// resultsOf are the conclusions about a delivery so far.
func (o *outbox) resultsOf(d *delivery) []alerting.Conclusion {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(d.results)
}

func (o *outbox) resultCount(d *delivery) int { return len(o.resultsOf(d)) }

func (o *outbox) takeCount() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.takes)
}
