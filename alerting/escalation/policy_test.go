package escalation_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"revere/alerting"
	"revere/alerting/escalation"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
)

var (
	start  = trackingtest.Start
	policy = escalation.Policy{alerting.Severe: time.Minute, alerting.Moderate: 5 * time.Minute}
)

func ExamplePolicy_Next() {
	policy := escalation.Policy{alerting.Severe: time.Minute}
	sms := tracking.Rung{Delivery: 0, Channel: "sms", State: alerting.Accepted, Active: true, ActivatedAt: start}
	mail := tracking.Rung{Delivery: 1, Channel: "email"}
	ladder := tracking.Ladder{Name: "Boston Clerk", Rungs: []tracking.Rung{sms, mail}}

	step := policy.Next(ladder, alerting.Severe, escalation.Since{}, start.Add(30*time.Second))
	fmt.Println("look again after", step.At.Sub(start))

	step = policy.Next(ladder, alerting.Severe, escalation.Since{}, start.Add(time.Minute))
	fmt.Println("use", step.Next.Channel+":", step.Reason)

	ladder.Answered = true
	step = policy.Next(ladder, alerting.Severe, escalation.Since{}, start.Add(time.Hour))
	fmt.Println("answered:", step.Next == nil)
	// Output:
	// look again after 1m0s
	// use email: not delivered within 1m0s
	// answered: true
}

func TestNext(t *testing.T) {
	used := func(s alerting.State) tracking.Rung {
		return tracking.Rung{Delivery: 1, State: s, Active: true, ActivatedAt: start, Lost: s.Dead()}
	}
	closed := func(s alerting.State) tracking.Rung {
		r := used(s)
		r.Lost = true
		return r
	}
	reserve := tracking.Rung{Delivery: 2}
	suppressed := tracking.Rung{Delivery: 3, State: alerting.Suppressed, Lost: true}
	stopped := tracking.Rung{Delivery: 4, State: alerting.Canceled, Active: true, ActivatedAt: start}
	second := tracking.Rung{Delivery: 5, State: alerting.Accepted, Active: true, ActivatedAt: start.Add(time.Minute)}
	ladder := func(rungs ...tracking.Rung) tracking.Ladder { return tracking.Ladder{Name: "Ada", Rungs: rungs} }
	answered := ladder(used(alerting.Failed), reserve)
	answered.Answered = true
	remarked := ladder(used(alerting.Failed))
	remarked.Gap = true

	tests := map[string]struct {
		ladder   tracking.Ladder
		severity alerting.Severity
		after    time.Duration
		next     uint32 // delivery; 0 for none
		gap      bool
		look     time.Duration // after start; 0 for at the next change
	}{
		"failed":                          {ladder: ladder(used(alerting.Failed), reserve), next: 2},
		"undelivered":                     {ladder: ladder(used(alerting.Undelivered), reserve), next: 2},
		"opted out":                       {ladder: ladder(used(alerting.Suppressed), reserve), next: 2},
		"delivered, then STOP":            {ladder: ladder(closed(alerting.Delivered), reserve), next: 2},
		"nobody will ever know":           {ladder: ladder(closed(alerting.Unknown), reserve), next: 2},
		"suppressed ones are passed over": {ladder: ladder(used(alerting.Failed), suppressed, reserve), next: 2},
		"still time":                      {ladder: ladder(used(alerting.Accepted), reserve), after: 59 * time.Second, look: time.Minute},
		"not delivered in time":           {ladder: ladder(used(alerting.Accepted), reserve), after: time.Minute, next: 2},
		"still queued when time is over":  {ladder: ladder(used(alerting.Queued), reserve), after: time.Minute, next: 2},
		"overdue since an outage":         {ladder: ladder(used(alerting.Sent), reserve), after: 10 * time.Hour, next: 2},
		"the second has its own time":     {ladder: ladder(used(alerting.Accepted), second, reserve), after: 90 * time.Second, look: 2 * time.Minute},
		"first failed, second on its way": {ladder: ladder(used(alerting.Failed), second, reserve), after: 90 * time.Second, look: 2 * time.Minute},
		"delivered":                       {ladder: ladder(used(alerting.Delivered), reserve), after: time.Hour},
		"read":                            {ladder: ladder(used(alerting.Read), reserve), after: time.Hour},
		"answered":                        {ladder: answered, after: time.Hour},
		"none left, on their way":         {ladder: ladder(used(alerting.Accepted)), after: time.Hour},
		"extreme: all used, one alive":    {ladder: ladder(used(alerting.Failed), used(alerting.Accepted)), severity: alerting.Extreme, after: time.Hour},
		"extreme: all used, all dead":     {ladder: ladder(used(alerting.Failed), used(alerting.Failed)), severity: alerting.Extreme, gap: true},
		"none left":                       {ladder: ladder(used(alerting.Failed)), gap: true},
		"none left, remarked before":      {ladder: remarked},
		"never any":                       {ladder: ladder(suppressed), gap: true},
		"answer taken back":               {ladder: ladder(stopped, reserve), next: 4},
		"answer taken back, one failed":   {ladder: ladder(used(alerting.Failed), stopped, reserve), next: 4},
		"unknown waits like severe":       {ladder: ladder(used(alerting.Accepted), reserve), severity: alerting.UnknownSeverity, after: time.Minute, next: 2},
		"moderate has longer":             {ladder: ladder(used(alerting.Accepted), reserve), severity: alerting.Moderate, after: time.Minute, look: 5 * time.Minute},
		"minor waits for ever":            {ladder: ladder(used(alerting.Accepted), reserve), severity: alerting.Minor, after: time.Hour},
		"minor, but failed":               {ladder: ladder(used(alerting.Failed), reserve), severity: alerting.Minor, next: 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if test.severity == "" {
				test.severity = alerting.Severe
			}
			step := policy.Next(test.ladder, test.severity, escalation.Since{}, start.Add(test.after))
			next := uint32(0)
			if step.Next != nil {
				next = step.Next.Delivery
				assert.NotEmpty(t, step.Reason)
			}
			assert.Equal(t, test.next, next, "next contact")
			assert.Equal(t, test.gap, step.Gap, "gap")
			look := time.Duration(0)
			if !step.At.IsZero() {
				look = step.At.Sub(start)
			}
			assert.Equal(t, test.look, look, "look again")
		})
	}
}

// What the provider told while nobody listened may be about to be heard: a message that it has is not
// taken for undelivered in the first moment after a start.
func TestAfterAStartAMomentIsLeftForWhatTheProviderTold(t *testing.T) {
	policy := escalation.Policy{alerting.Severe: time.Minute, alerting.Moderate: 20 * time.Second}
	began := start.Add(time.Hour)
	for name, test := range map[string]struct {
		severity alerting.Severity
		states   []alerting.State // of the contacts in use
		wait     time.Duration    // after the start; 0 for none
	}{
		"the provider has it":                 {alerting.Severe, []alerting.State{alerting.Accepted}, 15 * time.Second},
		"it passed it on":                     {alerting.Severe, []alerting.State{alerting.Sent}, 15 * time.Second},
		"the contact has little time":         {alerting.Moderate, []alerting.State{alerting.Accepted}, 5 * time.Second},
		"the one before is with the provider": {alerting.Severe, []alerting.State{alerting.Accepted, alerting.Queued}, 15 * time.Second},
		"nobody has it":                       {alerting.Severe, []alerting.State{alerting.Queued}, 0},
		"it failed":                           {alerting.Severe, []alerting.State{alerting.Failed}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			ladder := tracking.Ladder{Name: "Ada"}
			for i, s := range test.states {
				ladder.Rungs = append(ladder.Rungs, tracking.Rung{Delivery: uint32(i), State: s, Active: true, ActivatedAt: start, Lost: s.Dead()})
			}
			ladder.Rungs = append(ladder.Rungs, tracking.Rung{Delivery: 9})
			step := policy.Next(ladder, test.severity, escalation.Since{Watched: began}, began)
			if test.wait > 0 {
				assert.Nil(t, step.Next)
				assert.Equal(t, began.Add(test.wait), step.At)
				step = policy.Next(ladder, test.severity, escalation.Since{Watched: began}, step.At)
			}
			if assert.NotNil(t, step.Next) {
				assert.EqualValues(t, 9, step.Next.Delivery)
			}
		})
	}
	t.Run("its time is over later anyway", func(t *testing.T) {
		ladder := tracking.Ladder{Rungs: []tracking.Rung{{State: alerting.Accepted, Active: true, ActivatedAt: start}, {Delivery: 9}}}
		step := policy.Next(ladder, alerting.Severe, escalation.Since{Watched: start.Add(20 * time.Second)}, start.Add(30*time.Second))
		assert.Equal(t, start.Add(time.Minute), step.At)
	})
}

// While nothing could be sent no contact has failed anybody: its time runs from when messages could go.
func TestAContactsTimeRunsFromWhenMessagesCouldGoOut(t *testing.T) {
	policy := escalation.Policy{alerting.Severe: time.Minute}
	ladder := tracking.Ladder{Rungs: []tracking.Rung{
		{Delivery: 0, Channel: "sms", Active: true, State: alerting.Queued, ActivatedAt: start}, {Delivery: 1, Channel: "email"},
	}}
	released := start.Add(3 * time.Hour)
	step := policy.Next(ladder, alerting.Severe, escalation.Since{Open: released}, released.Add(59*time.Second))
	assert.Nil(t, step.Next)
	assert.Equal(t, released.Add(time.Minute), step.At)
	assert.NotNil(t, policy.Next(ladder, alerting.Severe, escalation.Since{Open: released}, released.Add(time.Minute)).Next)
}
