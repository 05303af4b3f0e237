package tracking_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
)

var (
	start = trackingtest.Start
	alert = trackingtest.Alert
	soon  = start.Add(time.Minute)
	late  = start.Add(time.Hour) // when every retry of these tests is ripe
)

// A step is one record about the delivery 0 and the recipient 0 of a script's alert.
type step func(*alerting.Record)

func attempt(n int) step {
	return func(r *alerting.Record) { r.Attempts = []alerting.Attempt{{Attempt: n}} }
}

func result(n int, s alerting.State) step { return outcome(alerting.Result{Attempt: n, State: s}) }

func again(n int, s alerting.State) step {
	return outcome(alerting.Result{Attempt: n, State: s, RetryAt: soon})
}

func receipt(n int, s alerting.State) step {
	return outcome(alerting.Result{Attempt: n, State: s, Receipt: true})
}

func outcome(x alerting.Result) step {
	return func(r *alerting.Record) { r.Results = []alerting.Result{x} }
}

func reacted(r *alerting.Record) {
	r.Answers = []alerting.Answer{{Recipients: []uint32{0}, Channel: "sms", Address: "+1", Via: alerting.ViaReaction}}
}

func unreacted(r *alerting.Record) {
	reacted(r)
	r.Answers[0].Retracted = true
}

func activated(r *alerting.Record) { r.Activated = []alerting.Activation{{Delivery: 0}} }

func canceled(r *alerting.Record) {
	r.Withdrawn = &alerting.Withdrawn{By: "a9", Type: alerting.TypeCancel}
}

func updated(r *alerting.Record) {
	r.Withdrawn = &alerting.Withdrawn{By: "a9", Type: alerting.TypeUpdate}
}

func expired(r *alerting.Record) { r.Expired = true }

// a board on a ledger, with an alert for one person with a text message and a mail in reserve.
func opened(t testing.TB, a alerting.Alert) (*tracking.Board, *trackingtest.Ledger, alerting.Key) {
	t.Helper()
	board := tracking.NewBoard()
	ledger := trackingtest.NewLedger(board)
	return board, ledger, ledger.Open(a, trackingtest.Person{Name: "Ada", Contacts: []string{"sms:+1", "email:ada@x.org"}})
}

func play(t testing.TB, l *trackingtest.Ledger, key alerting.Key, steps ...step) {
	t.Helper()
	for i, s := range steps {
		r := alerting.Record{Alert: key, At: start.Add(time.Duration(i+1) * time.Second)}
		s(&r)
		write(t, l, r)
	}
}

func write(t testing.TB, l *trackingtest.Ledger, records ...alerting.Record) {
	t.Helper()
	_, err := l.Append(context.Background(), records...)
	require.NoError(t, err)
}

func summary(t testing.TB, b *tracking.Board, key alerting.Key) tracking.Summary {
	t.Helper()
	s, ok := b.Summary(key)
	require.True(t, ok)
	return s
}

func deliveries(b *tracking.Board, key alerting.Key) []tracking.DeliveryView {
	views, _ := b.Deliveries(key, 0, 1<<20, nil)
	return views
}

func people(b *tracking.Board, key alerting.Key) []tracking.PersonView {
	views, _ := b.People(key, 0, 1<<20, nil)
	return views
}

// A ground is an empty board with its ledger.
type ground struct {
	*tracking.Board
	ledger *trackingtest.Ledger
}

func empty() ground {
	b := tracking.NewBoard()
	return ground{b, trackingtest.NewLedger(b)}
}
