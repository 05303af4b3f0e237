package outbox_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/outbox"
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
							c := &counting{limits: limits, cost: cost, sent: map[alerting.Key]int{}}
							keys := c.blast(t, severity, alerts)
							fair := int(limits.Rate) * blastTime / alerts / cost
							for _, key := range keys {
								assert.InDelta(t, fair, c.sent[key], float64(fair)/20+3, "of %v", c.sent)
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

// A counting channel takes what it is given.
type counting struct {
	limits channels.Limits
	cost   int
	mu     sync.Mutex
	sent   map[alerting.Key]int
}

func (c *counting) Name() string                             { return "sms" }
func (c *counting) Format() alerting.Format                  { return alerting.Short }
func (c *counting) Limits() channels.Limits                  { return c.limits }
func (c *counting) Check(context.Context) []channels.Finding { return nil }
func (c *counting) Cost(m alerting.Message) int {
	cost, _ := strconv.Atoi(m.Text)
	return cost
}

func (c *counting) Send(_ context.Context, m alerting.Message) alerting.Outcome {
	c.mu.Lock()
	c.sent[m.Ref.Alert]++
	c.mu.Unlock()
	time.Sleep(50 * time.Millisecond)
	return alerting.Outcome{State: alerting.Accepted}
}

func (c *counting) Sent(string, alerting.State, time.Duration) {}
func (c *counting) Held(string, bool)                          {}

// always is a lease that is never lost.
type always struct{}

func (always) Held() bool { return true }

// blast sends several alerts to more people than there is time for.
func (c *counting) blast(t *testing.T, severity alerting.Severity, alerts int) (keys []alerting.Key) {
	board := tracking.NewBoard()
	ledger := trackingtest.NewLedger(board)
	people := make([]trackingtest.Person, int(c.limits.Rate)*blastTime+50)
	for i := range people {
		people[i] = trackingtest.Person{Name: fmt.Sprint("P", i), Contacts: []string{fmt.Sprintf("sms:+1%07d", i)}}
	}
	for range alerts {
		keys = append(keys, ledger.Open(trackingtest.Alert(func(a *alerting.Alert) {
			a.Severity, a.Expires = severity, time.Now().Add(time.Hour)
		}), people...))
	}
	d := &channels.Dispatcher{Channel: c, Lease: always{}, Now: time.Now, Log: zerolog.Nop(), Meter: c, Outbox: &outbox.Outbox{
		Channel: "sms", Board: board, Journal: ledger, Memory: &outbox.Memory{}, Now: time.Now,
		Word:     func(tracking.Envelope, bool) alerting.Message { return alerting.Message{Text: strconv.Itoa(c.cost)} },
		OptedOut: func(string, string) bool { return false },
	}}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	time.Sleep(blastTime * time.Second)
	cancel()
	require.NoError(t, <-done)
	return keys
}
