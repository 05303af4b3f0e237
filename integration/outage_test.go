package integration_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/integration/harness"
	"revere/integration/smtpsim"
	"revere/integration/twiliosim"
	"revere/subscribers"
)

// mostTries bounds the attempts at one message while a provider is down for moments: the waits
// between them grow, and the breaker keeps most of them from being made at all.
const mostTries = 6

// A provider that is down loses nothing and has nobody spin; when it is back everyone is told, once.
func TestAProviderGoesDownAndComesBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		contact func(n int) harness.Contact
		down    func(w *harness.World)
		up      func(t *testing.T, w *harness.World)
	}{
		"Twilio": {
			func(n int) harness.Contact { return harness.SMS(harness.Phone(n)) },
			func(w *harness.World) { w.Twilio.Addr = strings.TrimPrefix(w.Twilio.URL(), "http://"); w.Twilio.Stop() },
			func(t *testing.T, w *harness.World) { require.NoError(t, w.Twilio.Start()) },
		},
		"the mail server": {
			func(n int) harness.Contact { return harness.Email(fmt.Sprintf("clerk-%d@boston.example", n)) },
			func(w *harness.World) { w.SMTP.Stop() },
			func(t *testing.T, w *harness.World) {
				w.SMTP = &smtpsim.Server{Addr: w.SMTP.Address(), Username: w.SMTP.Username, Password: w.SMTP.Password}
				require.NoError(t, w.SMTP.Start())
				t.Cleanup(w.SMTP.Stop)
			},
		},
		"the bridge to Signal": {
			func(n int) harness.Contact { return harness.Signal(harness.Phone(n)) },
			func(w *harness.World) { w.Signal.Stop() },
			func(t *testing.T, w *harness.World) { require.NoError(t, w.Signal.Start()) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := harness.New(t, harness.Options{InProcess: true, Settings: map[string]string{"CHANNELS__FALLBACK_AFTER__SEVERE": "10m"}})
			var people []subscribers.Subscriber
			for n := range 20 {
				people = append(people, harness.Person(fmt.Sprintf("clerk-%d", n), "ma.boston", c.contact(n)))
			}
			w.Import(people...)
			c.down(w)
			p := w.Publish(harness.NewAlert("ma.boston"))
			harness.Soon(t, func() error { return errorUnless(breaker(w) > 0, "no breaker has opened") })
			during := w.Summary(p.Key)
			assert.Equal(t, 20, during.States[alerting.Queued]+during.States[alerting.Attempting], "%v", during.States)
			c.up(t, w)
			harness.Within(t, time.Minute, func() error {
				s := w.Summary(p.Key)
				return errorUnless(s.Finished && s.Reached == 20, fmt.Sprintf("not everyone was reached: %v", s.States))
			})
			for _, d := range w.Deliveries(p.Key) {
				assert.LessOrEqual(t, d.Attempts, mostTries, "%s: %v", d.Address, d.History)
			}
			assert.Zero(t, breaker(w))
			checked(t, w, history{people: people, keys: []alerting.Key{p.Key}})
		})
	}
}

// breaker is how many channels are left alone at the moment, by the service's metrics.
func breaker(w *harness.World) int { return len(breakers(w)) }

// breakerOf reports whether a channel is left alone.
func breakerOf(w *harness.World, channel string) bool { return slices.Contains(breakers(w), channel) }

// breakers are the channels that are left alone.
func breakers(w *harness.World) (open []string) {
	a := w.Call(http.StatusOK, harness.Request{Method: http.MethodGet, Path: "/metrics"})
	for line := range strings.Lines(string(a.Body)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), `revere_breaker_open{channel="`); ok {
			if name, ok = strings.CutSuffix(name, `"} 1`); ok {
				open = append(open, name)
			}
		}
	}
	return open
}

// Wrong credentials hold the channel, not the people: everyone's next contact is used, and the
// provider is not asked again and again.
func TestWrongCredentialsHoldTheChannel(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{InProcess: true, Settings: quick})
	w.Twilio.SetBehavior(twiliosim.Behavior{Answer: twiliosim.Refuse(http.StatusUnauthorized, 20003)})
	var people []subscribers.Subscriber
	want := map[string]alerting.State{}
	for n := range 40 {
		mail := fmt.Sprintf("clerk-%d@boston.example", n)
		people = append(people, harness.Person(fmt.Sprintf("clerk-%d", n), "ma.boston", harness.SMS(harness.Phone(n)), harness.Email(mail)))
		want[harness.Phone(n)], want[mail] = alerting.Queued, alerting.Accepted
	}
	w.Import(people...)
	p := w.Publish(harness.NewAlert("ma.boston"))
	w.States(p.Key, want)
	assert.LessOrEqual(t, w.Twilio.Stats().Creates, int64(32), "only those calls were made that were under way together")
	assert.Contains(t, w.Log.String(), "channel paused")
}

// A receipt for a message that nobody knows is taken, so that the provider does not come again, and
// changes nothing.
func TestReceiptsForUnknownMessages(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{InProcess: true})
	w.Import(harness.Person("clerk", "ma.boston", harness.SMS(harness.Phone(1))))
	w.Twilio.SetBehavior(twiliosim.Behavior{Receipts: twiliosim.None})
	p := w.Publish(harness.NewAlert("ma.boston"))
	w.States(p.Key, map[string]alerting.State{harness.Phone(1): alerting.Accepted})
	d, _ := w.Delivery(p.Key, harness.Phone(1))
	stranger := alerting.NewDeliveryID(p.Key, "sms", "+16175569999")
	for _, ref := range []string{
		"", "nonsense", alerting.Ref{Alert: "a999999", Delivery: d.ID, Attempt: 1}.String(), alerting.Ref{Alert: p.Key, Delivery: stranger, Attempt: 1}.String(),
	} {
		status(t, w, ref, "SM00000000000000000000000000000001", "delivered")
	}
	assert.NoError(t, inState(w, p.Key, harness.Phone(1), alerting.Accepted))
	status(t, w, alerting.Ref{Alert: p.Key, Delivery: d.ID, Attempt: 1}.String(), w.Twilio.Messages()[0].SID, "delivered")
	w.States(p.Key, map[string]alerting.State{harness.Phone(1): alerting.Delivered})
	status(t, w, alerting.Ref{Alert: p.Key, Delivery: d.ID, Attempt: 1}.String(), w.Twilio.Messages()[0].SID, "sent")
	w.Acknowledge(p.Key, "clerk", "")
	assert.NoError(t, inState(w, p.Key, harness.Phone(1), alerting.Delivered), "an old receipt takes nothing back")
}

// status posts a status callback as Twilio signs it.
func status(t *testing.T, w *harness.World, ref, sid, state string) {
	t.Helper()
	a, err := statusOf(w, ref, sid, state)
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, a.Status, "%s", a.Body)
}

func statusOf(w *harness.World, ref, sid, state string) (harness.Answer, error) {
	path := "/webhooks/twilio/status?ref=" + url.QueryEscape(ref)
	form := url.Values{"AccountSid": {harness.AccountSID}, "MessageSid": {sid}, "MessageStatus": {state}, "To": {harness.Phone(1)}}
	return w.Try(harness.Request{Method: http.MethodPost, Path: path, Body: form.Encode(), Header: map[string]string{
		"Content-Type": formType["Content-Type"], "X-Twilio-Signature": twiliosim.Sign(harness.AuthToken, w.URL()+path, form),
	}})
}

// A bounce turns a mail that was accepted into one that did not arrive, and the next contact is used.
func TestABounce(t *testing.T) {
	t.Parallel()
	reports := harness.FreeAddress(t)
	w := harness.New(t, harness.Options{InProcess: true, Settings: map[string]string{"CHANNELS__EMAIL__LISTEN": reports}})
	w.Import(harness.Person("clerk", "ma.boston", harness.Email(victimMail), harness.SMS(harness.Phone(1))))
	p := w.Publish(harness.NewAlert("ma.boston"))
	w.States(p.Key, map[string]alerting.State{victimMail: alerting.Accepted})
	ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
	defer cancel()
	for range 2 { // mail systems report twice, too
		require.NoError(t, w.SMTP.Bounce(ctx, reports, w.Mails(victimMail)[0], "5.1.1"))
	}
	w.States(p.Key, map[string]alerting.State{victimMail: alerting.Undelivered, harness.Phone(1): alerting.Delivered})
	w.Texts(harness.Phone(1), 1)
}
