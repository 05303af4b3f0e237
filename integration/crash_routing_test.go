package integration_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/engine"
	"revere/alerting/faults"
	"revere/alerting/tracking"
	"revere/integration/harness"
	"revere/subscribers"
)

// routingCrashes are between an alert's publication and its manifest.
var routingCrashes = []crash{
	{
		name: "behind a publication", points: []faults.Point{faults.AfterSubmit}, people: bySMS,
		do: func(c *crashed) {
			_, err := try(c.w, c.alert)
			require.Error(c.t, err, "its caller was answered")
		},
		then: func(c *crashed) { c.once(c.again(), harness.Phone(1)) },
	},
	{
		name: "before a manifest", points: []faults.Point{faults.BeforeManifest}, people: bySMS, do: (*crashed).publish,
		then: func(c *crashed) {
			key := c.found() // nobody has to send it again
			c.story(key, harness.Phone(1), sentAtOnce)
			c.once(c.again(), harness.Phone(1))
		},
	},
	{
		name: "before a verdict", points: []faults.Point{faults.BeforeVerdict}, people: bySMS, do: (*crashed).publish,
		then: func(c *crashed) {
			c.once(c.found(), harness.Phone(1))
			c.once(c.again(), harness.Phone(1))
		},
	},
	{
		name: "behind a verdict", points: []faults.Point{faults.AfterVerdict}, people: bySMS, do: (*crashed).publish,
		then: func(c *crashed) {
			c.once(c.found(), harness.Phone(1))
			c.once(c.again(), harness.Phone(1))
		},
	},
	{
		name: "in the middle of a manifest", points: []faults.Point{faults.MidBatch}, late: true, people: bureau(),
		do: func(c *crashed) {
			c.w.Arm(first(faults.MidBatch))
			c.w.Ready()
			c.publish()
		},
		then: func(c *crashed) { // all of the list or none of it, and then all of it
			key := c.found()
			c.once(key, harness.Phone(1))
			s := c.w.Summary(key)
			assert.Equal(c.t, bureauSize, s.People)
			assert.Equal(c.t, bureauSize, s.Reached)
		},
	},
	{
		name: "between a withdrawal and its correction", points: []faults.Point{faults.AfterWithdrawal}, people: bySMS,
		do: func(c *crashed) {
			key, _ := c.sent()
			_, _ = c.w.Try(harness.Request{Method: "POST", Path: "/api/v1/alerts/" + string(key) + "/cancel"})
		},
		then: func(c *crashed) {
			harness.Grown(c.t, "alerts", 2, c.keys)
			s := c.w.Summary(c.did.keys[0])
			assert.Equal(c.t, tracking.Canceled, s.Phase)
			c.did.corrections = []alerting.Key{s.ReplacedBy}
			c.story(s.ReplacedBy, harness.Phone(1), sentAtOnce)
			texts := c.w.Texts(harness.Phone(1), 2)
			assert.Contains(c.t, texts[1], "withdraws "+s.Code)
		},
	},
	{
		name: "between a late correction and its second verdict", points: []faults.Point{faults.AfterExpansion}, late: true, people: bySMS,
		do: func(c *crashed) {
			c.alert = c.alert.Expiring(2 * time.Second)
			key, _ := c.sent()
			harness.Soon(c.t, func() error { return errorUnless(c.w.Summary(key).Phase == tracking.Expired, "it is not over") })
			require.NoError(c.t, c.w.Interrupt())
			c.w.File(key)
			c.usedUp(func() { require.True(c.t, c.w.Revive(first(faults.AfterExpansion))) })
			_, _ = try(c.w, harness.NewAlert("ma.boston").With("type", "cancel").With("references", []string{string(key)}))
		},
		then: func(c *crashed) {
			harness.Grown(c.t, "alerts", 3, c.keys)
			s := c.w.Summary(c.did.keys[0])
			require.Equal(c.t, tracking.Canceled, s.Phase)
			c.did.corrections = []alerting.Key{s.ReplacedBy}
			c.story(s.ReplacedBy, harness.Phone(1), sentAtOnce)
			assert.Contains(c.t, c.w.Texts(harness.Phone(1), 3)[2], "withdraws "+s.Code)
			var v alerting.Verdict
			harness.Soon(c.t, func() error {
				v = c.verdict(s.ReplacedBy)
				return errorUnless(len(v.Warnings) == 0, "the producer has not been told that it goes out")
			})
			correction := c.w.Summary(s.ReplacedBy)
			assert.Equal(c.t, alerting.VerdictAccepted, v.Verdict)
			assert.Equal(c.t, correction.Code, v.Code)
			assert.Equal(c.t, s.ReplacedBy, v.Alert)
		},
	},
	{
		name: "between a refused message and the reason", points: []faults.Point{faults.MidReject}, people: bySMS,
		do: func(c *crashed) { c.w.PublishNATS("alerts.ma.boston", []byte("Phishing!")) },
		then: func(c *crashed) {
			key, _ := c.sent() // may be judged before it: the graver one is
			var list struct{ Data []alerting.Rejection }
			harness.Soon(c.t, func() error {
				require.NoError(c.t, c.w.Call(200, harness.Request{Method: "GET", Path: "/api/v1/rejected"}).Into(&list))
				return errorUnless(len(list.Data) > 0, "nothing is rejected")
			})
			require.Len(c.t, list.Data, 1)
			assert.Equal(c.t, alerting.CodeMalformed, list.Data[0].Reason)
			assert.Equal(c.t, "Phishing!", string(rejection(c.w, list.Data[0].Key).Base64))
			c.once(key, harness.Phone(1))
		},
	},
}

// usedUp begins a life in which no more SMS begins: another alert has used up what the account may send in it.
// Where the process dies behind something that is due, nothing of that has begun.
func (c *crashed) usedUp(begin func()) {
	const rate = "CHANNELS__SMS__RATE"
	c.w.Set(rate, "0.001")
	begin()
	other := c.w.Publish(harness.NewAlert("ma.boston"))
	c.w.Finished(other.Key)
	c.did.keys = append(c.did.keys, other.Key)
	c.w.Set(rate, "500")
}

// verdict is the last one on a message, which the service's own streams hold: it is not running meanwhile.
func (c *crashed) verdict(key alerting.Key) (v alerting.Verdict) {
	require.NoError(c.t, c.w.Interrupt())
	defer c.w.Begin()
	opened(c.t, c.w.Dir, func(e *engine.Engine) {
		var found bool
		var err error
		v, found, err = e.Verdict(c.t.Context(), key)
		require.NoError(c.t, err)
		require.True(c.t, found)
	})
	return v
}

// A bureau is so many people at one address that their manifest takes several messages of the
// ledger, although one text goes out.
func bureau() []subscribers.Subscriber {
	people := make([]subscribers.Subscriber, bureauSize)
	for i := range people {
		people[i] = harness.Person(fmt.Sprintf("clerk-%04d", i), "ma.boston", harness.SMS(harness.Phone(1)))
		people[i].Shared, people[i].Organization = true, strings.Repeat("Bureau ", 28)
	}
	return people
}

const bureauSize = 2500
