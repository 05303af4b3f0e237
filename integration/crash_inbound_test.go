package integration_test

import (
	"net/http"
	"net/url"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/faults"
	"revere/alerting/tracking"
	"revere/integration/harness"
	"revere/integration/twiliosim"
)

// inboundCrashes are between what came in and what it means.
var inboundCrashes = []crash{
	{
		name: "behind a reply that was not answered", points: []faults.Point{faults.AfterInbound}, people: bySMS, do: replied,
		then: func(c *crashed) {
			answeredOnce(c)
			c.text("ACK " + c.w.Summary(c.did.keys[0]).Code) // Twilio comes again
			c.w.Acknowledge(c.did.keys[0], "by-sms", "")     // and this is behind it
			assert.Len(c.t, c.w.Person(c.did.keys[0], "by-sms").Answers, 2)
			c.w.Texts(harness.Phone(1), 2)
		},
	},
	{name: "before what a reply means", points: []faults.Point{faults.BeforeDraw}, people: bySMS, do: replied, then: answeredOnce},
	{name: "behind what a reply means", points: []faults.Point{faults.AfterDraw}, people: bySMS, do: replied, then: answeredOnce},
	{
		name: "behind a receipt that was not answered", points: []faults.Point{faults.AfterInbound}, people: bySMS, do: receipted,
		then: func(c *crashed) {
			deliveredOnce(c)
			c.receipt() // Twilio comes again
			c.story(c.did.keys[0], harness.Phone(1), sentAtOnce+", delivered 1, delivered 1")
			assert.Equal(c.t, 1, c.w.Summary(c.did.keys[0]).Delivered)
		},
	},
	{name: "before what a receipt means", points: []faults.Point{faults.BeforeDraw}, people: bySMS, do: receipted, then: deliveredOnce},
	{name: "behind what a receipt means", points: []faults.Point{faults.AfterDraw}, people: bySMS, do: receipted, then: deliveredOnce},
	{
		name: "between STOP and the gap", points: []faults.Point{faults.AfterStop}, people: bySMS,
		do: func(c *crashed) {
			c.sent()
			c.text("STOP")
		},
		then: func(c *crashed) {
			key := c.did.keys[0]
			harness.Grown(c.t, "gaps", 1, func() []tracking.Gap { return c.w.Summary(key).Gaps })
			var remarks []alerting.RemarkKind
			for _, r := range c.w.Summary(key).Remarks {
				remarks = append(remarks, r.Kind)
			}
			assert.Equal(c.t, 1, count(remarks, alerting.RemarkOptOut), "%v", remarks)
			next := c.w.Publish(harness.NewAlert("ma.boston"))
			c.did.keys = append(c.did.keys, next.Key)
			c.story(next.Key, harness.Phone(1), "suppressed")
			c.w.Texts(harness.Phone(1), 1)
		},
	},
	{
		name: "behind an answer over the API", points: []faults.Point{faults.AfterAnswer}, people: bySMS,
		do: func(c *crashed) {
			key, _ := c.sent()
			_, err := c.w.Try(harness.Request{
				Method: http.MethodPost, Path: "/api/v1/alerts/" + string(key) + "/acknowledgements", Body: map[string]string{"subscriber": "by-sms"},
			})
			require.Error(c.t, err, "it was answered")
		},
		then: func(c *crashed) {
			key := c.did.keys[0]
			assert.Equal(c.t, alerting.ViaAPI, c.w.Answered(key, "by-sms").Via)
			assert.Len(c.t, c.w.Person(key, "by-sms").Answers, 1)
			c.did.acknowledged[key] = []string{"by-sms"}
		},
	},
}

func count[T comparable](all []T, one T) (n int) {
	for _, x := range all {
		if x == one {
			n++
		}
	}
	return n
}

func replied(c *crashed) {
	_, code := c.sent()
	c.text("ACK " + code)
}

// answeredOnce holds that the reply counts once, and is confirmed once.
func answeredOnce(c *crashed) {
	key := c.did.keys[0]
	assert.Equal(c.t, alerting.ViaReply, c.w.Answered(key, "by-sms").Via)
	assert.Len(c.t, c.w.Person(key, "by-sms").Answers, 1)
	c.w.Texts(harness.Phone(1), 2)
	c.did.acknowledged[key] = []string{"by-sms"}
}

// receipted has the text arrive, and Twilio tell so once: it can't be asked besides.
func receipted(c *crashed) {
	c.w.Twilio.SetBehavior(twiliosim.Behavior{Receipts: twiliosim.None})
	c.w.Twilio.SetReadAnswer(twiliosim.Refuse(http.StatusServiceUnavailable, 20503))
	c.sent()
	c.receipt()
}

func deliveredOnce(c *crashed) {
	c.story(c.did.keys[0], harness.Phone(1), sentAtOnce+", delivered 1")
}

// text posts what somebody wrote, each time as the same message. The process may die before it answers.
func (c *crashed) text(body string) {
	form := url.Values{
		"AccountSid": {harness.AccountSID}, "MessageSid": {"SM0123456789abcdef0123456789abcdef"}, "From": {harness.Phone(1)},
		"To": {harness.SMSNumber}, "Body": {body},
	}
	if body == "STOP" {
		form.Set("OptOutType", body)
	}
	c.post("/webhooks/twilio/messages", form)
}

// receipt posts that the first text has arrived.
func (c *crashed) receipt() {
	m := c.w.Twilio.Messages()[0]
	c.post("/webhooks/twilio/status?ref="+url.QueryEscape(refOf(m.StatusCallback)), url.Values{
		"AccountSid": {harness.AccountSID}, "MessageSid": {m.SID}, "MessageStatus": {"delivered"}, "To": {m.To},
	})
}

func (c *crashed) post(path string, form url.Values) {
	_, _ = c.w.Try(harness.Request{Method: http.MethodPost, Path: path, Body: form.Encode(), Header: map[string]string{
		"Content-Type": formType["Content-Type"], "X-Twilio-Signature": twiliosim.Sign(harness.AuthToken, c.w.URL()+path, form),
	}})
}
