package integration_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/api"
	"revere/alerting/tracking"
	"revere/integration/harness"
	"revere/integration/signalsim"
)

// filedSoon waits until an alert has left memory.
func filedSoon(t *testing.T, w *harness.World, key alerting.Key) {
	t.Helper()
	harness.Soon(t, func() error {
		if !w.Board().Away(key) {
			return fmt.Errorf("%s is in memory", key)
		}
		return nil
	})
}

// An alert that is long past is found by everything by which a living one is: people who answer it hear
// that it is over, its receipts count, and its withdrawal goes to them.
func TestAnAlertLongPastIsFoundByEveryWay(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{InProcess: true, FileAfter: 200 * time.Millisecond})
	phone, account := harness.Phone(1), harness.Phone(2)
	w.Import(harness.Person("clerk", "ma.boston", harness.SMS(phone)), harness.Person("mayor", "ma.boston", harness.Signal(account)))
	p := w.Publish(harness.NewAlert("ma.boston").With("expires", time.Now().Add(3*time.Second).UTC().Format(time.RFC3339Nano)))
	w.States(p.Key, map[string]alerting.State{phone: alerting.Delivered, account: alerting.Accepted})
	sent := timestamp(t, w, account)
	filedSoon(t, w, p.Key)

	_, err := w.Twilio.Reply(phone, harness.SMSNumber, "YES")
	require.NoError(t, err)
	assert.Contains(t, w.Texts(phone, 2)[1], "nothing recorded. No alert is open for you.")
	signaled(t)(w.Signal.React(account, "👍", sent))
	harness.Soon(t, func() error {
		if n := len(w.Signal.MessagesTo(account)); n != 2 {
			return fmt.Errorf("%s has %d messages", account, n)
		}
		return nil
	})
	assert.Contains(t, w.Signal.MessagesTo(account)[1].Text, p.Code+" is over, nothing recorded.")

	signaled(t)(w.Signal.Receipt(account, signalsim.Read, sent))
	w.States(p.Key, map[string]alerting.State{phone: alerting.Delivered, account: alerting.Read})

	cancel := w.Correct(p.Key, alerting.TypeCancel, map[string]any{"expires": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)})
	w.States(cancel.Key, map[string]alerting.State{phone: alerting.Delivered, account: alerting.Accepted})
	texts := w.Texts(phone, 3)
	assert.Contains(t, texts[2], "withdraws "+p.Code)
	s := w.Summary(p.Key)
	assert.Equal(t, tracking.Canceled, s.Phase)
	assert.Equal(t, 2, s.Delivered)
	assert.Zero(t, s.Acknowledged, "nobody answered while it took place")
}

// More that is over than may stay in memory is put away though it has just ended, the longest quiet first. A service
// that starts again does not read it, and what comes in about it counts as before.
func TestTooMuchThatIsOverIsPutAwayEarly(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{InProcess: true, FileAfter: time.Minute, FileMost: 5})
	phone, account := harness.Phone(1), harness.Phone(2)
	w.Import(harness.Person("clerk", "ma.boston", harness.SMS(phone)), harness.Person("mayor", "ma.boston", harness.Signal(account)))
	publish := func(life time.Duration) (api.Published, int64) {
		p := w.Publish(harness.NewAlert("ma.boston").With("expires", time.Now().Add(life).UTC().Format(time.RFC3339Nano)))
		w.States(p.Key, map[string]alerting.State{phone: alerting.Delivered, account: alerting.Accepted})
		return p, timestamp(t, w, account)
	}
	open, _ := publish(time.Hour)
	oldest, sent := publish(4 * time.Second)
	newest, _ := publish(4 * time.Second)
	filedSoon(t, w, oldest.Key)
	w.Restart()
	assert.True(t, w.Board().Away(oldest.Key), "the checkpoint is behind it")
	assert.False(t, w.Board().Away(newest.Key))
	assert.False(t, w.Board().Away(open.Key))

	signaled(t)(w.Signal.Receipt(account, signalsim.Read, sent))
	w.States(oldest.Key, map[string]alerting.State{phone: alerting.Delivered, account: alerting.Read})
	_, err := w.Twilio.Reply(phone, harness.SMSNumber, "ACK "+oldest.Code)
	require.NoError(t, err)
	assert.Contains(t, w.Texts(phone, 4)[3], oldest.Code+" is over, nothing recorded.")
	assert.Equal(t, tracking.Expired, w.Summary(oldest.Key).Phase)
}
