package integration_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/integration/harness"
)

// The service is stopped with work queued and the provider down. What is over when messages can go out
// again, for whatever reason, pages nobody; what stands goes out, the extreme among it.
func TestAfterAnOutageNobodyIsPagedForWhatIsOver(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{Settings: map[string]string{"CHANNELS__FALLBACK_AFTER__SEVERE": "10m"}})
	towns := []string{"ma.boston", "ma.chelsea", "ma.cambridge", "ma.lowell", "ma.worcester"}
	for i, town := range towns {
		w.Import(harness.Person("clerk-"+town[3:], town, harness.SMS(harness.Phone(i))))
	}
	w.Twilio.Addr = strings.TrimPrefix(w.Twilio.URL(), "http://")
	w.Twilio.Stop()
	publish := func(town int, change func(harness.Alert) harness.Alert) (key alerting.Key, code string) {
		p := w.Publish(change(harness.NewAlert(towns[town])))
		return p.Key, p.Code
	}
	as := func(a harness.Alert) harness.Alert { return a }
	over := time.Now().Add(4 * time.Second)
	expired, expiredCode := publish(0, func(a harness.Alert) harness.Alert { return a.With("expires", over.Format(time.RFC3339Nano)) })
	withdrawn, withdrawnCode := publish(1, as)
	answered, answeredCode := publish(2, as)
	superseded, supersededCode := publish(3, as)
	standing, standingCode := publish(4, as)
	extreme, extremeCode := publish(0, func(a harness.Alert) harness.Alert { return a.With("severity", "extreme") })
	require.NoError(t, w.Interrupt())
	harness.Soon(t, func() error { return errorUnless(time.Now().After(over), "the first alert is not over yet") })

	w.Begin()
	w.Correct(withdrawn, alerting.TypeCancel, nil)
	w.Acknowledge(answered, "clerk-cambridge", "")
	update := w.Correct(superseded, alerting.TypeUpdate, map[string]any{"headline": "It goes on"})
	require.NoError(t, w.Twilio.Start())
	for key, phone := range map[alerting.Key]int{extreme: 0, standing: 4, update.Key: 3} {
		w.States(key, map[string]alerting.State{harness.Phone(phone): alerting.Delivered})
	}
	for key, want := range map[alerting.Key]struct {
		phone int
		state alerting.State
	}{
		expired: {0, alerting.Expired}, withdrawn: {1, alerting.Canceled}, answered: {2, alerting.Canceled}, superseded: {3, alerting.Canceled},
	} {
		w.Finished(key)
		assert.NoError(t, inState(w, key, harness.Phone(want.phone), want.state))
	}
	for code, times := range map[string]int{
		expiredCode: 0, withdrawnCode: 0, answeredCode: 0, supersededCode: 0, standingCode: 1, extremeCode: 1, update.Code: 1,
	} {
		sent := 0
		for i := range towns {
			sent += len(containing(w.SMS(harness.Phone(i)), "ACK "+code))
		}
		assert.Equal(t, times, sent, "texts that ask to acknowledge %s", code)
	}
}
