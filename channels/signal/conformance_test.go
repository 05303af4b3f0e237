package signal_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"revere/channels"
	"revere/channels/channelstest"
	"revere/channels/signal"
	"revere/integration/signalsim"
)

const (
	desk   = "+16175550100" // the bridge's account
	clerk  = "+16175550123" // whom it tells
	token  = "a-token-that-nobody-guesses"
	hidden = "27d6c025-997c-4b12-9f4f-a9b7a5791b7a" // somebody who hides their number
)

func TestConformance(t *testing.T) {
	channelstest.Run(t, channelstest.Harness{
		Kind:      signal.Kind,
		Valid:     clerk,
		Spellings: []string{"(617) 555-0123", "617-555-0123", "1 617 555 0123"},
		Invalid:   "jane.doe",
		Secrets:   []string{token},
		Open:      openFixture,
	})
}

func openFixture(tb testing.TB) *channelstest.Fixture {
	sim := startSim(tb)
	behave := func(b signalsim.Behavior) func() { return func() { sim.Behave(b) } }
	return &channelstest.Fixture{
		Channel:         open(tb, sim.URL()),
		Taken:           func(address string) int { return len(sim.MessagesTo(address)) },
		Refuse:          behave(signalsim.Behavior{Refuse: map[string]string{clerk: signalsim.ErrorUnregistered}}),
		FailTemporarily: behave(signalsim.Behavior{Status: http.StatusServiceUnavailable}),
		RateLimit: func(wait time.Duration) {
			sim.Behave(signalsim.Behavior{Status: http.StatusTooManyRequests, Error: signalsim.ErrorRateLimit, RetryAfter: wait})
		},
		Hang:             behave(signalsim.Behavior{Hang: true}),
		CutBefore:        behave(signalsim.Behavior{CutBefore: true}),
		CutAfter:         behave(signalsim.Behavior{CutAfter: true}),
		WrongCredentials: behave(signalsim.Behavior{Locked: true}),
		Down:             sim.Stop,
		Reply: func(from, text string) *http.Request {
			return webhook(token, posted(tb, sim, func() (int, error) { return sim.Reply(from, text) }))
		},
		Receipt: func(id string) *http.Request {
			timestamp, err := strconv.ParseInt(id, 10, 64)
			require.NoError(tb, err)
			return webhook(token, posted(tb, sim, func() (int, error) { return sim.Receipt(clerk, signalsim.Delivery, timestamp) }))
		},
		Forged: func() *http.Request {
			return webhook("guess", posted(tb, sim, func() (int, error) { return sim.Reply(clerk, "ACK K7Q") }))
		},
	}
}

func startSim(tb testing.TB) *signalsim.Server {
	sim := signalsim.New(signalsim.Config{Number: desk})
	require.NoError(tb, sim.Start())
	tb.Cleanup(sim.Stop)
	return sim
}

// open makes the channel the way that the service does.
func open(tb testing.TB, url string) channels.Channel {
	config, ok := signal.Kind.Defaults().(*signal.Config)
	require.True(tb, ok)
	config.URL, config.Number, config.WebhookToken = url, desk, token
	c, err := signal.Kind.Open(config, channels.Environment{PublicURL: "http://127.0.0.1:8080", Log: zerolog.Nop()})
	require.NoError(tb, err)
	return c
}

// posted returns what the bridge posts to its webhook when something happens.
func posted(tb testing.TB, sim *signalsim.Server, happens func() (int, error)) string {
	bodies := make(chan string, 1)
	catch := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // what broke off fails to parse, and the test with it
		bodies <- string(body)
	}))
	defer catch.Close()
	sim.SetWebhook(catch.URL)
	status, err := happens()
	require.NoError(tb, err)
	require.Equal(tb, http.StatusOK, status)
	return <-bodies
}

func webhook(token, body string) *http.Request {
	return httptest.NewRequest(http.MethodPost, "/webhooks/signal/"+token, strings.NewReader(body))
}

// serve mounts the channel's routes as the service does.
func serve(c channels.Channel, inbox channels.Inbox) *http.ServeMux {
	mux := http.NewServeMux()
	for _, route := range c.(channels.Receiver).Routes(inbox) {
		mux.Handle(route.Pattern, route.Handler)
	}
	return mux
}
