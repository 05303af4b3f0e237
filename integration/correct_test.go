package integration_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/integration/harness"
	"revere/integration/twiliosim"
	"revere/subscribers"
)

// A withdrawal goes to everyone to whom the alert may have gone, whatever became of it there and
// whether they answered, and to nobody else.
func TestCancelTellsEveryoneAttempted(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{InProcess: true, Settings: map[string]string{"CHANNELS__SMS__RECONCILE_AFTER": "5m"}})
	first := map[string]alerting.State{}
	for i, c := range []struct {
		id       string
		behavior twiliosim.Behavior
		state    alerting.State
	}{
		{"delivered", twiliosim.Behavior{}, alerting.Delivered},
		{"answered", twiliosim.Behavior{}, alerting.Delivered},
		{"no-receipt", twiliosim.Behavior{Receipts: twiliosim.None}, alerting.Accepted},
		{"undelivered", twiliosim.Behavior{Outcome: twiliosim.Undelivered, ErrorCode: 30005}, alerting.Undelivered},
		{"unknown", twiliosim.Behavior{Fault: twiliosim.CutAfter, Receipts: twiliosim.None, Times: 1}, alerting.Unknown},
		{"refused", twiliosim.Behavior{Landline: true, Times: 1}, alerting.Failed},
	} {
		w.Twilio.SetBehaviorFor(harness.Phone(i), c.behavior)
		w.Import(harness.Person(c.id, "ma.boston", harness.SMS(harness.Phone(i))))
		first[harness.Phone(i)] = c.state
	}
	w.Import(harness.Person("elsewhere", "ma.lowell", harness.SMS(harness.Phone(9))))
	told := maps.Clone(first)
	told[harness.Phone(4)], told[harness.Phone(5)] = alerting.Delivered, alerting.Delivered // these two fail once
	p := w.Publish(harness.NewAlert("ma.boston"))
	w.States(p.Key, first)
	w.Acknowledge(p.Key, "answered", "")

	cancel := w.Correct(p.Key, alerting.TypeCancel, nil)
	w.States(cancel.Key, told)
	for address := range told {
		texts := w.SMS(address)
		assert.Contains(t, texts[len(texts)-1], "withdraws "+p.Code, address)
	}
	s := w.Summary(p.Key)
	assert.Equal(t, "canceled", string(s.Phase))
	assert.Equal(t, cancel.Key, s.ReplacedBy)
}

// A withdrawal in the middle of a blast stops what is unsent at once, and tells exactly those who may
// have heard.
func TestCancelInTheMiddleOfABlast(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{Settings: map[string]string{"CHANNELS__SMS__RATE": "40"}})
	w.Import(crowd(200)...)
	w.Twilio.SetBehavior(twiliosim.Behavior{Receipts: twiliosim.None})
	p := w.Publish(harness.NewAlert("ma.boston"))
	harness.Soon(t, func() error { return errorUnless(len(w.Twilio.Messages()) >= 20, "twenty are not out yet") })
	cancel := w.Correct(p.Key, alerting.TypeCancel, nil)
	w.Finished(p.Key)

	w.Finished(cancel.Key)

	told := map[string]bool{}
	for _, d := range w.Deliveries(cancel.Key) {
		assert.Equal(t, alerting.Accepted, d.State)
		told[d.Address] = true
	}
	stopped := 0
	for _, d := range w.Deliveries(p.Key) {
		switch {
		case d.State.WentOut():
			assert.True(t, told[d.Address], "%s may have heard of the alert, and not of its end", d.Address)
		case d.State == alerting.Canceled:
			assert.Empty(t, withCode(w.SMS(d.Address), p.Code), "it was stopped and went out all the same")
			stopped++
		default:
			t.Errorf("%s is %s", d.Address, d.State)
		}
		// One whose attempt was on record when the withdrawal came counts as attempted, called or not.
		assert.True(t, d.Attempts > 0 || !told[d.Address], "%s was never tried, and is told of the end", d.Address)
	}
	require.Positive(t, stopped, "the withdrawal came too late to stop anything")
	checked(t, w, history{people: crowd(200), keys: []alerting.Key{p.Key}, corrections: []alerting.Key{cancel.Key}})
}

// withCode returns the texts that ask to be acknowledged with a code.
func withCode(texts []string, code string) []string {
	var found []string
	for _, text := range texts {
		if strings.Contains(text, "ACK "+code) {
			found = append(found, text)
		}
	}
	return found
}

// crowd is people of Boston with a phone each.
func crowd(n int) []subscribers.Subscriber {
	people := make([]subscribers.Subscriber, n)
	for i := range people {
		people[i] = harness.Person(fmt.Sprintf("clerk-%03d", i), "ma.boston", harness.SMS(harness.Phone(i)))
	}
	return people
}

// An update goes to everyone who had the alert and to those whom it concerns now, once each; the
// alert that it replaces takes no answers any more.
func TestUpdate(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{InProcess: true})
	w.Import(harness.Person("boston", "ma.boston", harness.SMS(harness.Phone(1))), harness.Person("lowell", "ma.lowell", harness.SMS(harness.Phone(2))))
	p := w.Publish(harness.NewAlert("ma.boston"))
	w.States(p.Key, map[string]alerting.State{harness.Phone(1): alerting.Delivered})
	update := w.Correct(p.Key, alerting.TypeUpdate, map[string]any{"areas": []string{"ma.boston", "ma.lowell"}, "headline": "Phishing, now in Lowell too"})
	w.States(update.Key, map[string]alerting.State{harness.Phone(1): alerting.Delivered, harness.Phone(2): alerting.Delivered})
	w.Texts(harness.Phone(1), 2)
	w.Texts(harness.Phone(2), 1)
	assert.Equal(t, "updated", string(w.Summary(p.Key).Phase))
	w.Call(http.StatusConflict, harness.Request{
		Method: http.MethodPost, Path: "/api/v1/alerts/" + string(p.Key) + "/acknowledgements", Body: map[string]string{"subscriber": "boston"},
	})
	cancel := w.Correct(update.Key, alerting.TypeCancel, nil)
	w.States(cancel.Key, map[string]alerting.State{harness.Phone(1): alerting.Delivered, harness.Phone(2): alerting.Delivered})
}

// A correction from the command line says what it corrects.
func TestCancelFromTheCommandLine(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{InProcess: true})
	w.Import(harness.Person("clerk", "ma.boston", harness.SMS(harness.Phone(1))))
	p := w.Publish(harness.NewAlert("ma.boston").With("status", "exercise"))
	w.States(p.Key, map[string]alerting.State{harness.Phone(1): alerting.Delivered})
	r := w.CLI("alerts", "cancel", string(p.Key))
	require.Equal(t, 0, r.Status, r.Stderr)
	texts := w.Texts(harness.Phone(1), 2)
	assert.Regexp(t, `^EXERCISE FALSE ALARM\..* EXERCISE$`, texts[1])
}
