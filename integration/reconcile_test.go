package integration_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/integration/harness"
	"revere/integration/signalsim"
	"revere/integration/smtpsim"
	"revere/integration/twiliosim"
)

// A receipt settles a message of which nobody could say whether it was taken: it is not sent again.
// No question is put, and nothing is sent again by itself, within the time of this test.
func TestAReceiptSettlesWhatIsUnknown(t *testing.T) {
	t.Parallel()
	reports := harness.FreeAddress(t)
	w := harness.New(t, harness.Options{InProcess: true, Settings: map[string]string{
		"CHANNELS__FALLBACK_AFTER__SEVERE": "10m", "CHANNELS__EMAIL__LISTEN": reports,
		"CHANNELS__SMS__RECONCILE_AFTER": "10m", "CHANNELS__EMAIL__RECONCILE_AFTER": "10m", "CHANNELS__SIGNAL__RECONCILE_AFTER": "10m",
	}})
	w.Import(
		harness.Person("sms", "ma.boston", harness.SMS(victimPhone)), harness.Person("email", "ma.boston", harness.Email(victimMail)),
		harness.Person("signal", "ma.boston", harness.Signal(victimSignal)),
	)
	w.Twilio.SetBehavior(twiliosim.Behavior{Fault: twiliosim.CutAfter, Receipts: twiliosim.None})
	w.SMTP.Inject(smtpsim.Fault{At: smtpsim.AfterContent, Do: smtpsim.Cut})
	w.Signal.Behave(signalsim.Behavior{CutAfter: true})
	p := w.Publish(harness.NewAlert("ma.boston"))
	all := func(state alerting.State) map[string]alerting.State {
		return map[string]alerting.State{victimPhone: state, victimMail: state, victimSignal: state}
	}
	w.States(p.Key, all(alerting.Unknown))

	sent := w.Twilio.Messages()[0]
	status(t, w, refOf(sent.StatusCallback), sent.SID, "delivered")
	ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
	defer cancel()
	require.NoError(t, w.SMTP.Report(ctx, reports, w.Mails(victimMail)[0], "delivered", "2.0.0"))
	signaled(t)(w.Signal.Receipt(victimSignal, signalsim.Delivery, w.Signal.MessagesTo(victimSignal)[0].Timestamp))

	w.States(p.Key, all(alerting.Delivered))
	assert.True(t, w.Summary(p.Key).Finished, "something is still to be done")
	for _, d := range w.Deliveries(p.Key) {
		assert.Equal(t, 1, d.Attempts, "%s: %v", d.Address, d.History)
	}
}

// A receipt by Signal that comes before the bridge's answer, or after it was lost, is of the message that
// went to its sender just then, and of no other.
func TestAnEarlyReceiptBySignalCounts(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{InProcess: true})
	w.Import(harness.Person("clerk", "ma.boston", harness.Signal(victimSignal)), harness.Person("other", "ma.boston", harness.Signal(crowdPhone(1))))
	early := make(chan error, 2)
	w.Signal.OnMessage(func(m signalsim.Message) {
		if m.To == victimSignal {
			_, err := w.Signal.Receipt(m.To, signalsim.Delivery, m.Timestamp)
			early <- err
		}
	})
	w.Signal.Behave(signalsim.Behavior{CutAfter: true, Times: 1})
	p := w.Publish(harness.NewAlert("ma.boston"))
	require.NoError(t, <-early)
	w.States(p.Key, map[string]alerting.State{victimSignal: alerting.Delivered, crowdPhone(1): alerting.Accepted})
	assert.Len(t, w.Signal.MessagesTo(victimSignal), 1, "it was sent again although its receipt was there")
}
