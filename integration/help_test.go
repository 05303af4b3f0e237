package integration_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/integration/harness"
	"revere/integration/twiliosim"
)

// A help text that names no alert, since none is open, is looked for at Twilio like any other message
// of which nobody knows whether it went out: it goes once.
func TestAHelpTextOfUnknownOutcomeGoesOnce(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{InProcess: true})
	w.Import(bySMS...)
	p := w.Publish(harness.NewAlert("ma.boston").Expiring(2 * time.Second))
	w.States(p.Key, map[string]alerting.State{harness.Phone(1): alerting.Delivered})
	harness.Soon(t, func() error { return errorUnless(w.Summary(p.Key).Phase == tracking.Expired, "it is still open") })
	w.Twilio.SetBehaviorFor(harness.Phone(1), twiliosim.Behavior{Fault: twiliosim.CutAfter, Receipts: twiliosim.None, Times: 1})
	_, err := w.Twilio.Reply(harness.Phone(1), harness.SMSNumber, "What is this?")
	require.NoError(t, err)
	harness.Soon(t, func() error {
		for _, d := range w.Deliveries(p.Key) {
			if d.Notice == alerting.NoticeHelp {
				return errorUnless(d.State.Arrived(), "the help text is "+d.State.String())
			}
		}
		return errorUnless(false, "there is no help text")
	})
	w.Texts(harness.Phone(1), 2)
}
