package outbox_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
	"revere/channels"
)

// Alerts of one severity that are due together share the channel's rate, whatever a message costs: those that the
// pace has no room for are given back again and again, and their alert has its turn all the same.
func TestAlertsOfOneSeverityShareTheRate(t *testing.T) {
	for _, severity := range []alerting.Severity{alerting.Extreme, alerting.Severe} {
		for _, alerts := range []int{2, 4} {
			for _, limits := range []channels.Limits{{Rate: 20, Concurrency: 64}, {Rate: 150, Concurrency: 64}, {Rate: 400, Concurrency: 64}} {
				for _, cost := range []int{1, 2, 3} {
					t.Run(fmt.Sprintf("%s, %d alerts, %v/s, cost %d", severity, alerts, limits.Rate, cost), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							p := &provider{limits: limits, cost: cost, takes: 50 * time.Millisecond, answer: alerting.Outcome{State: alerting.Accepted}}
							keys := p.blast(t, severity, alerts)
							fair := int(limits.Rate) * blastTime / alerts / cost
							for _, key := range keys {
								assert.InDelta(t, fair, p.sent[key], float64(fair)/20+3, "of %v", p.sent)
							}
						})
					})
				}
			}
		}
	}
}

// blastTime is for how many seconds alerts are sent.
const blastTime = 5

// blast sends several alerts to more people than there is time for.
func (p *provider) blast(t *testing.T, severity alerting.Severity, alerts int) (keys []alerting.Key) {
	ledger := trackingtest.NewLedger(tracking.NewBoard())
	people := trackingtest.Crowd(int(p.limits.Rate)*blastTime + 50)
	for range alerts {
		keys = append(keys, ledger.Open(trackingtest.Alert(func(a *alerting.Alert) {
			a.Severity, a.Expires = severity, time.Now().Add(time.Hour)
		}), people...))
	}
	ctx, stop := context.WithCancel(t.Context())
	_, ended := p.dispatch(ctx, ledger)
	time.Sleep(blastTime * time.Second)
	stop()
	require.NoError(t, <-ended)
	return keys
}
