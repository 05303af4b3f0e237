package channels_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/channels"
)

func TestWhatFollowsFromAnOutcome(t *testing.T) {
	failed := func(retry bool, after, pause time.Duration) alerting.Outcome {
		return alerting.Outcome{State: alerting.Failed, Retry: retry, RetryAfter: after, PauseChannel: pause, Reason: "busy"}
	}
	unknown := alerting.Outcome{State: alerting.Unknown}
	const never = 0
	for name, tt := range map[string]struct {
		attempt        int
		outcome        alerting.Outcome
		life           time.Duration // of the message, 0 for ever
		state          alerting.State
		least, longest time.Duration // until the next attempt
	}{
		"accepted":                         {1, alerting.Outcome{State: alerting.Accepted}, 0, alerting.Accepted, never, never},
		"sent":                             {1, alerting.Outcome{State: alerting.Sent}, 0, alerting.Sent, never, never},
		"refused for good":                 {1, failed(false, 0, 0), 0, alerting.Failed, never, never},
		"first failure":                    {1, failed(true, 0, 0), 0, alerting.Failed, 0, 2 * time.Second},
		"fourth failure":                   {4, failed(true, 0, 0), 0, alerting.Failed, 0, 16 * time.Second},
		"fiftieth failure":                 {50, failed(true, 0, 0), 0, alerting.Failed, 0, 300 * time.Second},
		"last failure":                     {120, failed(true, 0, 0), 0, alerting.Failed, never, never},
		"failure, asked to wait":           {1, failed(true, time.Minute, 0), 0, alerting.Failed, time.Minute, time.Minute},
		"channel paused":                   {1, failed(true, 0, time.Minute), 0, alerting.Failed, time.Minute, 61 * time.Second},
		"channel paused, after many tries": {500, failed(true, 0, time.Minute), 0, alerting.Failed, time.Minute, 61 * time.Second},
		"failure near the end":             {9, failed(true, 0, 0), 20 * time.Second, alerting.Failed, 0, 20 * time.Second},
		"asked to wait beyond the end":     {1, failed(true, time.Minute, 0), 20 * time.Second, alerting.Failed, 20 * time.Second, 20 * time.Second},
		"failure after the end":            {1, failed(true, 0, 0), time.Millisecond, alerting.Expired, never, never},
		"pause after the end":              {1, failed(true, 0, time.Minute), time.Millisecond, alerting.Expired, never, never},
		"first silence":                    {1, unknown, 0, alerting.Unknown, 10 * time.Second, 10 * time.Second},
		"second silence":                   {2, unknown, 0, alerting.Unknown, 10 * time.Second, 10 * time.Second},
		"sixth silence":                    {6, unknown, 0, alerting.Unknown, 32 * time.Second, 64 * time.Second},
		"fiftieth silence":                 {50, unknown, 0, alerting.Unknown, 15 * time.Minute, 30 * time.Minute},
		"last silence":                     {120, unknown, 0, alerting.Unknown, never, never},
		"silence near the end":             {1, unknown, 3 * time.Second, alerting.Unknown, 3 * time.Second, 3 * time.Second},
		"silence after the end":            {1, unknown, time.Millisecond, alerting.Unknown, 10 * time.Second, 10 * time.Second},
		"much silence after the end":       {3, unknown, time.Millisecond, alerting.Unknown, never, never},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, channels.Limits{Rate: 1000, Concurrency: 1, ReconcileAfter: 10 * time.Second}, func(t *testing.T, w *world) {
				took := 10 * time.Millisecond
				w.provider.takes = took
				w.provider.answer = func(call) alerting.Outcome { return tt.outcome }
				d := w.offer(0, 1, func(d *delivery) {
					d.attempts = tt.attempt - 1
					if tt.life > 0 {
						d.expires = time.Now().Add(took + tt.life)
					}
					if tt.life == time.Millisecond { // it ends while it is being sent
						d.expires = time.Now().Add(tt.life)
					}
				})
				stop := w.start(t)
				pass(20 * time.Millisecond)
				answered := w.provider.all()[0].at.Add(took)
				results := w.resultsOf(d)
				require.NoError(t, stop())
				require.Len(t, results, 1)
				assert.Equal(t, tt.attempt, results[0].Attempt)
				assert.Equal(t, tt.state, results[0].State)
				if tt.longest == never {
					assert.Zero(t, results[0].RetryAt)
					return
				}
				wait := results[0].RetryAt.Sub(answered)
				assert.GreaterOrEqual(t, wait, tt.least)
				assert.LessOrEqual(t, wait, tt.longest)
			})
		})
	}
}

func TestGivingUpSaysAfterHowManyAttempts(t *testing.T) {
	bubble(t, one, func(t *testing.T, w *world) {
		w.provider.answer = func(call) alerting.Outcome {
			return alerting.Outcome{State: alerting.Failed, Retry: true, Reason: "mailbox full"}
		}
		d := w.offer(0, 1)
		began := time.Now()
		stop := w.start(t)
		for ; w.resultCount(d) < 120; pass(time.Minute) {
			require.Less(t, time.Since(began), 10*time.Hour, "it neither gives up nor goes on")
		}
		require.NoError(t, stop())
		assert.Greater(t, time.Since(began), 3*time.Hour, "an outage of some hours must not lose a message")
		last := d.results[119]
		assert.Equal(t, alerting.Failed, last.State)
		assert.Zero(t, last.RetryAt)
		assert.Equal(t, "gave up after 120 attempts: mailbox full", last.Reason)
	})
}

// Full jitter: what failed together is spread over the whole of its wait.
func TestTheWholeWaitIsRandom(t *testing.T) {
	bubble(t, channels.Limits{Rate: 1000, Concurrency: 1}, func(t *testing.T, w *world) {
		const n, longest = 400, 16 * time.Second
		w.provider.answer = func(call) alerting.Outcome {
			return alerting.Outcome{State: alerting.Failed, Retry: true, MessageOnly: true} // the breaker would spread them too
		}
		var all []*delivery
		for range n {
			all = append(all, w.offer(0, 1, func(d *delivery) { d.attempts = 3 }))
		}
		stop := w.start(t)
		pass(time.Minute)
		require.NoError(t, stop())
		var quarters [4]int
		for _, c := range w.provider.all() {
			if c.attempt == 4 {
				wait := all[c.delivery].results[0].RetryAt.Sub(c.at)
				quarters[4*min(wait, longest-1)/longest]++
			}
		}
		for _, q := range quarters {
			assert.Greater(t, q, n/10, "a quarter of the wait is used less than the others: %v", quarters)
		}
	})
}

func TestWhatFailedTogetherDoesNotComeBackTogether(t *testing.T) {
	bubble(t, channels.Limits{Rate: 1000, Concurrency: 4}, func(t *testing.T, w *world) {
		n := 0
		w.provider.answer = func(c call) alerting.Outcome {
			if n++; n <= 4 {
				return unavailable(c)
			}
			return accepted(c)
		}
		w.offerMany(4, 0, 1)
		stop := w.start(t)
		pass(10 * time.Second)
		require.NoError(t, stop())
		again := w.provider.all()[4:]
		require.Len(t, again, 4)
		assert.Greater(t, again[3].at.Sub(again[0].at), 10*time.Millisecond)
	})
}
