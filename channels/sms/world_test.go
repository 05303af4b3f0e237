package sms_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/channels"
	"revere/channels/channelstest"
	"revere/channels/sms"
	"revere/integration/twiliosim"
)

const (
	accountSID = "AC00000000000000000000000000000001"
	authToken  = "c0ffee00c0ffee00c0ffee00c0ffee00"
	ours       = "+16175550100"
	theirs     = "+16175550123"
)

// A world is the channel, the Twilio that it sends to, and the server that Twilio posts to.
type world struct {
	twilio  *twiliosim.Server
	channel channels.Channel
	inbox   *channelstest.Inbox
	public  string // where the webhooks are
	log     *strings.Builder
}

func newWorld(t testing.TB, change ...func(*sms.Config)) *world {
	t.Helper()
	return newWorldOn(t, new(twiliosim.Server), change...)
}

// newWorldOn takes a Twilio of the test's own, which is not started yet.
func newWorldOn(t testing.TB, twilio *twiliosim.Server, change ...func(*sms.Config)) *world {
	t.Helper()
	twilio.AccountSID, twilio.AuthToken, twilio.Numbers = accountSID, authToken, []string{ours}
	w := &world{twilio: twilio, inbox: new(channelstest.Inbox), log: new(strings.Builder)}
	require.NoError(t, w.twilio.Start())
	t.Cleanup(w.twilio.Stop)

	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	w.public = server.URL

	config := sms.Kind.Defaults().(*sms.Config)
	config.AccountSID, config.AuthToken, config.From = accountSID, authToken, ours
	config.BaseURL = w.twilio.URL()
	for _, f := range change {
		f(config)
	}
	channel, err := sms.Kind.Open(config, channels.Environment{
		PublicURL: w.public, SenderName: "MA State SOC", Log: zerolog.New(zerolog.SyncWriter(w.log)),
	})
	require.NoError(t, err)
	w.channel = channel
	for _, route := range channel.(channels.Receiver).Routes(w.inbox) {
		mux.Handle(route.Pattern, route.Handler)
	}
	w.twilio.SetInboundURL(w.public + "/webhooks/twilio/messages")
	return w
}

func message() alerting.Message {
	return alerting.Message{
		Ref:      alerting.Ref{Alert: "a17", Delivery: alerting.NewDeliveryID("a17", "sms", theirs), Attempt: 1},
		To:       theirs,
		Severity: alerting.Severe,
		Code:     "K7Q",
		Text:     "MA State SOC, SEVERE, Boston: Phishing against election clerks. Do not open invoice mail. Reply ACK K7Q, or 2 K7Q if you got it too.",
		Expires:  time.Now().Add(time.Hour),
	}
}

// facts returns what came into the inbox of a kind.
func (w *world) facts(kind alerting.InboundKind) []alerting.Inbound {
	var found []alerting.Inbound
	for _, fact := range w.inbox.Facts() {
		if fact.Kind == kind {
			found = append(found, fact)
		}
	}
	return found
}

const (
	soon = 5 * time.Second
	tick = 2 * time.Millisecond
)

func (w *world) reconciler() channels.Reconciler { return w.channel.(channels.Reconciler) }

// newServer serves a handler on loopback and returns its address.
func newServer(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}
