package integration_test

import (
	"net/http"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting/faults"
	"revere/alerting/tracking"
	"revere/integration/harness"
	"revere/integration/twiliosim"
)

// otherCrashes are in the middle of what becomes due, and of what changes the directory.
var otherCrashes = []crash{
	{name: "before the next contact", points: []faults.Point{faults.BeforeTimer}, people: twoWays, do: unreachable, then: nextContactOnce},
	{name: "behind the next contact", points: []faults.Point{faults.AfterTimer}, people: twoWays, do: unreachable, then: nextContactOnce},
	{
		name: "before the end of an alert", points: []faults.Point{faults.BeforeTimer}, people: bySMS,
		do: func(c *crashed) {
			c.alert = c.alert.Expiring(2 * time.Second)
			c.sent()
		},
		then: func(c *crashed) {
			key := c.did.keys[0]
			harness.Soon(c.t, func() error { return errorUnless(c.w.Summary(key).Phase == tracking.Expired, "it has no end") })
			c.once(key, harness.Phone(1))
		},
	},
	{
		name: "in the middle of an import", points: []faults.Point{faults.MidBatch}, late: true,
		do: func(c *crashed) {
			c.w.Arm(first(faults.MidBatch))
			c.w.Ready()
			_, err := c.imports()
			require.Error(c.t, err, "it was answered")
		},
		then: func(c *crashed) {
			assert.Zero(c.t, c.w.Subscribers(), "all or nothing")
			c.importsAgain()
		},
	},
	{
		name: "behind an import", points: []faults.Point{faults.AfterCommit}, late: true,
		do: func(c *crashed) {
			c.w.Arm(first(faults.AfterCommit))
			c.w.Ready()
			_, err := c.imports()
			require.Error(c.t, err, "it was answered")
		},
		then: func(c *crashed) {
			assert.Equal(c.t, len(crowd(imported)), c.w.Subscribers(), "all or nothing")
			c.importsAgain()
		},
	},
}

// imported is more than one message of the directory's history holds.
const imported = 1200

func (c *crashed) imports() (harness.Answer, error) {
	return c.w.Try(harness.Request{Method: http.MethodPost, Path: "/api/v1/subscribers/import", Body: crowd(imported)})
}

// importsAgain does what a person does who got no answer.
func (c *crashed) importsAgain() {
	a, err := c.imports()
	require.NoError(c.t, err)
	require.Equal(c.t, http.StatusOK, a.Status, "%s", a.Body)
	assert.Equal(c.t, imported, c.w.Subscribers())
}

func unreachable(c *crashed) {
	c.w.Twilio.SetBehavior(twiliosim.Behavior{Landline: true})
	c.publish()
}

func nextContactOnce(c *crashed) {
	key := c.found()
	c.story(key, harness.Phone(3), "queued, attempting 1, failed 1")
	c.w.Finished(key)
	harness.Soon(c.t, func() error { return errorUnless(len(c.w.Mails(clerkMail)) > 0, "there is no mail") })
	d, _ := c.w.Delivery(key, clerkMail)
	assert.Len(c.t, c.w.Mails(clerkMail), 1, "%s", story(d))
}
