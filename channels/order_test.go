package channels_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/channels"
)

func TestTheMoreSevereGoesFirst(t *testing.T) {
	for _, limits := range []channels.Limits{single, {Rate: 20, Concurrency: 1}, {Rate: 20, Concurrency: 8}} {
		bubble(t, limits, func(t *testing.T, w *world) {
			for _, lane := range []int{3, 1, alerting.LaneNotices, 2, 0, 3, 0, alerting.LaneNotices, 1, 2} {
				w.offer(lane, 1)
			}
			stop := w.start(t)
			pass(20 * time.Second)
			require.NoError(t, stop())
			assert.Equal(t, []uint32{4, 6, 1, 8, 3, 9, 0, 5, 2, 7}, w.provider.called())
		})
	}
}

func TestAnUrgentMessageGoesNextDuringABacklog(t *testing.T) {
	for name, tt := range map[string]struct {
		limits channels.Limits
		takes  time.Duration
		within time.Duration // of its arrival
	}{
		"one a second":            {single, 200 * time.Millisecond, 2 * time.Second},
		"one at a time, slowly":   {channels.Limits{Rate: 50, Concurrency: 1}, 4 * time.Second, 4100 * time.Millisecond},
		"hundred a second":        {channels.Limits{Rate: 100, Concurrency: 16}, 100 * time.Millisecond, 110 * time.Millisecond},
		"thousands a second":      {channels.Limits{Rate: 3000, Concurrency: 128}, 5 * time.Millisecond, 2 * time.Millisecond},
		"all but the kept are up": {channels.Limits{Rate: 100, Concurrency: 4}, 30 * time.Second, 110 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, tt.limits, func(t *testing.T, w *world) {
				w.provider.takes = tt.takes
				w.outbox.beginTakes = func(int) time.Duration { return 500 * time.Microsecond }
				w.offerMany(max(2000, int(12*tt.limits.Rate)), 3, 1)
				stop := w.start(t)
				pass(10*time.Second + 301300*time.Microsecond)
				arrived, behind := time.Now(), len(w.provider.all())
				urgent := w.offer(0, 1)
				pass(40 * time.Second)
				require.NoError(t, stop())
				at := slices.IndexFunc(w.provider.all(), func(c call) bool { return c.delivery == urgent.id })
				require.GreaterOrEqual(t, at, 0, "it was never sent")
				if tt.limits.Concurrency == 1 {
					assert.LessOrEqual(t, at-behind, 1, "it waits for one send at most")
				}
				assert.LessOrEqual(t, w.provider.all()[at].at.Sub(arrived), tt.within)
			})
		})
	}
}

// However long calls take: work of a lane never keeps one above it from beginning, but where there are too few
// calls at once for that.
func TestAShareOfTheConcurrencyIsKeptForEachLaneAbove(t *testing.T) {
	for _, places := range [][4]int{{1, 1, 1, 1}, {2, 1, 1, 1}, {3, 2, 2, 2}, {4, 3, 2, 2}, {8, 7, 6, 5}, {32, 28, 26, 24}, {128, 112, 104, 96}} {
		bubble(t, channels.Limits{Rate: 1000, Concurrency: places[0]}, func(t *testing.T, w *world) {
			w.provider.takes = time.Minute
			stop := w.start(t)
			for lane := 3; lane >= 0; lane-- {
				w.offerMany(200, lane, 1)
				pass(5 * time.Second)
				assert.Len(t, w.provider.all(), places[lane], "of lane %d and those below, with a concurrency of %d", lane, places[0])
			}
			require.NoError(t, stop())
		})
	}
}

// A message is called behind all that were due before it, however long each record takes.
func TestWindowsAreStartedInTheirOrder(t *testing.T) {
	for name, takes := range map[string]func(nth int) time.Duration{
		"the first is slow": func(nth int) time.Duration {
			return time.Millisecond + time.Duration(max(0, 3-nth))*10*time.Microsecond
		},
		"the first is quick": func(nth int) time.Duration { return time.Millisecond + time.Duration(nth)*10*time.Microsecond },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, channels.Limits{Rate: 1e6, Concurrency: 1024}, func(t *testing.T, w *world) {
				w.provider.takes = time.Hour
				w.beginTakes = takes
				w.offerMany(768, 1, 1)
				stop := w.start(t)
				pass(time.Second)
				called := w.provider.called()
				require.Len(t, called, 768)
				for window := range 3 { // within one the calls begin together
					slices.Sort(called[window*256 : (window+1)*256])
				}
				assert.True(t, slices.IsSorted(called), "windows overtake each other")
				pass(2 * time.Hour)
				require.NoError(t, stop())
			})
		})
	}
}

func TestWhatDoesNotFitKeepsItsPlace(t *testing.T) {
	// Three units each: of what is taken for a horizon, two thirds are given back every time.
	bubble(t, channels.Limits{Rate: 200, Concurrency: 64}, func(t *testing.T, w *world) {
		w.offerMany(300, 1, 3)
		stop := w.start(t)
		pass(10 * time.Second)
		require.NoError(t, stop())
		called := w.provider.called()
		assert.Len(t, called, 300)
		assert.True(t, slices.IsSorted(called), "they were sent in another order than they stood in: %v", called)
	})
}
