package integration_test

import (
	"net/http"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting/faults"
	"revere/integration/harness"
	"revere/integration/twiliosim"
)

const (
	clerkMail = "clerk@boston.example"
	mayRepeat = "This may be a repeat"
)

// The people of the crash tests: one on each channel, and one with a second contact in reserve.
var (
	bySMS    = only(harness.Person("by-sms", "ma.boston", harness.SMS(harness.Phone(1))))
	byMail   = only(harness.Person("by-mail", "ma.boston", harness.Email(clerkMail)))
	bySignal = only(harness.Person("by-signal", "ma.boston", harness.Signal(harness.Phone(2))))
	twoWays  = only(harness.Person("two-ways", "ma.boston", harness.SMS(harness.Phone(3)), harness.Email(clerkMail)))
)

const (
	sentAtOnce = "queued, attempting 1, accepted 1"
	sentAgain  = "queued, attempting 1, unknown 1, attempting 2 again, accepted 2"
)

// sendingCrashes are in the middle of an attempt.
var sendingCrashes = []crash{
	{
		name: "between attempt and call, by SMS", points: []faults.Point{faults.AfterAttempt}, people: bySMS, do: (*crashed).publish,
		then: func(c *crashed) { // Twilio can be asked, and does not have it
			c.story(c.found(), harness.Phone(1), sentAgain)
			c.once(c.found(), harness.Phone(1))
		},
	},
	{
		name: "between attempt and call, by mail", points: []faults.Point{faults.AfterAttempt}, people: byMail, do: (*crashed).publish,
		then: func(c *crashed) { // nobody can be asked
			c.story(c.found(), clerkMail, sentAgain)
			mails := c.w.Mails(clerkMail)
			require.Len(c.t, mails, 1)
			assert.Contains(c.t, mails[0].Text, mayRepeat)
		},
	},
	{
		name: "between call and outcome, by SMS", points: []faults.Point{faults.AfterCall}, people: bySMS, do: (*crashed).publish,
		then: func(c *crashed) { // Twilio can be asked, and has it
			c.story(c.found(), harness.Phone(1), "queued, attempting 1, unknown 1, accepted 1")
			c.once(c.found(), harness.Phone(1))
		},
	},
	{
		name: "between call and outcome, by mail", points: []faults.Point{faults.AfterCall}, people: byMail, do: (*crashed).publish,
		then: func(c *crashed) { // nobody could know: it goes twice, and says so
			c.story(c.found(), clerkMail, sentAgain)
			mails := c.w.Mails(clerkMail)
			require.Len(c.t, mails, 2)
			assert.NotContains(c.t, mails[0].Text, mayRepeat)
			assert.Contains(c.t, mails[1].Text, mayRepeat)
		},
	},
	{
		name: "between call and outcome, by Signal", points: []faults.Point{faults.AfterCall}, people: bySignal, do: (*crashed).publish,
		then: func(c *crashed) {
			c.story(c.found(), harness.Phone(2), sentAgain)
			messages := c.w.Signal.MessagesTo(harness.Phone(2))
			require.Len(c.t, messages, 2)
			assert.NotContains(c.t, messages[0].Text, mayRepeat)
			assert.Contains(c.t, messages[1].Text, mayRepeat)
		},
	},
	{
		name: "between an opt-out that the provider told of and the outcome", points: []faults.Point{faults.AfterRefusal}, people: twoWays,
		do: func(c *crashed) {
			c.w.Twilio.SetBehavior(twiliosim.Behavior{Answer: twiliosim.Refuse(http.StatusBadRequest, 21610)})
			c.publish()
		},
		then: func(c *crashed) {
			key := c.found()
			c.story(key, clerkMail, sentAtOnce) // the next contact
			c.story(key, harness.Phone(3), "queued, attempting 1, unknown 1, unknown 1")
			assert.Empty(c.t, c.w.SMS(harness.Phone(3)))
			next := c.w.Publish(harness.NewAlert("ma.boston"))
			c.did.keys = append(c.did.keys, next.Key)
			c.story(next.Key, harness.Phone(3), "suppressed")
		},
	},
	{
		name: "behind an outcome", points: []faults.Point{faults.AfterOutcome}, people: bySMS, do: (*crashed).publish,
		then: func(c *crashed) {
			c.story(c.found(), harness.Phone(1), sentAtOnce)
			c.once(c.found(), harness.Phone(1))
		},
	},
	{
		name: "behind an outcome, while Twilio comes to the end of it", points: []faults.Point{faults.AfterOutcome}, people: bySMS,
		do: func(c *crashed) {
			c.w.Twilio.SetBehavior(twiliosim.Behavior{Receipts: twiliosim.None})
			c.publish()
		},
		then: func(c *crashed) { // it is asked, and tells once
			c.story(c.found(), harness.Phone(1), sentAtOnce+", delivered 1")
			c.once(c.found(), harness.Phone(1))
		},
	},
	{
		name: "a second time, before what the first left is looked into", points: []faults.Point{faults.AfterAttempt, faults.AfterUnknown}, people: bySMS,
		do: func(c *crashed) {
			c.publish()
			c.w.Died()
			c.w.Arm(first(faults.AfterUnknown))
		},
		then: func(c *crashed) {
			c.story(c.found(), harness.Phone(1), sentAgain)
			c.once(c.found(), harness.Phone(1))
		},
	},
}
