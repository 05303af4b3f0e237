package signal_test

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/channels"
	"revere/channels/signal"
	"revere/integration/signalsim"
)

func ExampleParseAddress() {
	for _, s := range []string{"(617) 555-0123", "+44 20 7946 0958", "Jane_Doe.01", "jane@example.org"} {
		address, err := signal.ParseAddress(s)
		fmt.Println(address, err)
	}
	// Output:
	// +16175550123 <nil>
	// +442079460958 <nil>
	// jane_doe.01 <nil>
	//  "jane@example.org" is neither a phone number such as +16175550123 nor a Signal username such as jane_doe.01
}

func TestParseAddress(t *testing.T) {
	for s, want := range map[string]string{
		"abc.12": "abc.12", "_abc.123456789": "_abc.123456789", strings.Repeat("a", 32) + ".01": strings.Repeat("a", 32) + ".01",
		"617.555.0123": clerk,
		// what follows is refused
		"ab.12": "", "abc.1": "", "abc": "", "1abc.12": "", "ab-c.12": "", strings.Repeat("a", 33) + ".01": "", "abc.12.34": "",
		"+1 617 555 0123 x4": "", "555-0123": "", "+16175550123;ext=4": "", "call 6175550123": "",
	} {
		got, err := signal.ParseAddress(s)
		require.Equal(t, want, got, s)
		require.Equal(t, want == "", err != nil, s)
		if err != nil {
			require.Equal(t, alerting.CodeInvalid, alerting.CodeOf(err))
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, seed := range []string{clerk, "jane_doe.01", "(617) 555-0123", "+1617", "００１", "a.01\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		address, err := signal.ParseAddress(s)
		if err != nil {
			require.Empty(t, address)
			return
		}
		again, err := signal.ParseAddress(address)
		require.NoError(t, err)
		require.Equal(t, address, again)
		require.Regexp(t, `^(\+[0-9]{7,17}|[a-z_][a-z0-9_]{2,31}\.[0-9]{2,9})$`, address)
	})
}

func TestConfigOn(t *testing.T) {
	require.False(t, signal.Kind.Defaults().On())
	require.True(t, (&signal.Config{Number: desk}).On(), "half a configuration is a mistake to tell, not a channel that is off")
}

func TestConfigValidate(t *testing.T) {
	valid := func() signal.Config {
		return signal.Config{URL: "http://127.0.0.1:8081", Number: desk, WebhookToken: token, Rate: 1, Timeout: time.Second, ReconcileAfter: time.Second}
	}
	for name, c := range map[string]struct {
		change func(*signal.Config)
		wrong  []string // the keys
	}{
		"valid":               {func(*signal.Config) {}, nil},
		"nothing":             {func(c *signal.Config) { *c = signal.Config{} }, []string{"url", "number", "webhook_token", "rate", "timeout", "reconcile_after"}},
		"no scheme":           {func(c *signal.Config) { c.URL = "127.0.0.1:8081" }, []string{"url"}},
		"another scheme":      {func(c *signal.Config) { c.URL = "ftp://bridge" }, []string{"url"}},
		"password in the URL": {func(c *signal.Config) { c.URL = "http://u:hunter2@bridge" }, []string{"url"}},
		"query in the URL":    {func(c *signal.Config) { c.URL = "http://bridge/?a=b" }, []string{"url"}},
		"number not E.164":    {func(c *signal.Config) { c.Number = "617-555-0100" }, []string{"number"}},
		"username as number":  {func(c *signal.Config) { c.Number = "desk.01" }, []string{"number"}},
		"no token":            {func(c *signal.Config) { c.WebhookToken = "" }, []string{"webhook_token"}},
		"token with a slash":  {func(c *signal.Config) { c.WebhookToken = "0123456789/0123456789" }, []string{"webhook_token"}},
		"no rate":             {func(c *signal.Config) { c.Rate = 0 }, []string{"rate"}},
		"no time":             {func(c *signal.Config) { c.Timeout = 0 }, []string{"timeout"}},
		"much time":           {func(c *signal.Config) { c.Timeout = time.Hour }, []string{"timeout"}},
		"no wait":             {func(c *signal.Config) { c.ReconcileAfter = 0 }, []string{"reconcile_after"}},
		"a long wait":         {func(c *signal.Config) { c.ReconcileAfter = time.Hour }, []string{"reconcile_after"}},
		"endless rate":        {func(c *signal.Config) { c.Rate = math.Inf(1) }, []string{"rate"}},
	} {
		t.Run(name, func(t *testing.T) {
			config := valid()
			c.change(&config)
			var keys []string
			config.Validate(func(key, detail string) {
				keys = append(keys, key)
				require.NotEmpty(t, detail)
				require.NotContains(t, detail, "hunter2")
				if config.WebhookToken != "" {
					require.NotContains(t, detail, config.WebhookToken)
				}
			})
			require.Equal(t, c.wrong, keys)
		})
	}
}

func TestOpenRefusesAnotherChannelsConfiguration(t *testing.T) {
	_, err := signal.Kind.Open(nil, channels.Environment{})
	require.Error(t, err)
}

func TestCheck(t *testing.T) {
	sim := startSim(t)
	findings := open(t, sim.URL()).Check(t.Context())
	text := details(findings)
	require.True(t, allOK(findings), text)
	require.Contains(t, text, "RECEIVE_WEBHOOK_URL=http://127.0.0.1:8080/webhooks/signal/****")
	require.NotContains(t, text, token)
}

func TestCheckIsNotContentWithAShortToken(t *testing.T) {
	sim := startSim(t)
	channel := signal.New(signal.Config{URL: sim.URL(), Number: desk, WebhookToken: "short", Rate: 1, Timeout: time.Second}, channels.Environment{PublicURL: "http://127.0.0.1:8080"})
	findings := channel.Check(t.Context())
	require.False(t, allOK(findings))
	require.Contains(t, details(findings), "webhook_token has 5 characters")
	require.NotContains(t, details(findings), "short")
}

func TestCheckFindsWhatIsWrong(t *testing.T) {
	page := func(about, accounts string) http.Handler {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /v1/about", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(about)) })
		mux.HandleFunc("GET /v1/accounts", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(accounts)) })
		return mux
	}
	const fine = `{"versions":["v1","v2"],"mode":"json-rpc-native","version":"0.98"}`
	for name, c := range map[string]struct {
		bridge http.Handler
		says   string
	}{
		"another account": {page(fine, `["+16175550199"]`), "has no account " + desk},
		"no read loop":    {page(`{"versions":["v2"],"mode":"normal"}`, `["`+desk+`"]`), "MODE=json-rpc"},
		"too old":         {page(`{"versions":["v1"],"mode":"json-rpc"}`, `[]`), "with /v2/send"},
		"something else":  {page(`<html>`, ``), "something other"},
		"no such page":    {http.NotFoundHandler(), "status 404"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(c.bridge)
			defer server.Close()
			findings := open(t, server.URL).Check(t.Context())
			require.False(t, allOK(findings))
			require.Contains(t, details(findings), c.says)
		})
	}
}

func TestCheckSaysThatTheBridgeIsAway(t *testing.T) {
	sim := signalsim.New(signalsim.Config{Number: desk})
	require.NoError(t, sim.Start())
	sim.Stop()
	findings := open(t, sim.URL()).Check(t.Context())
	require.False(t, allOK(findings))
	require.Contains(t, details(findings), "does not answer at "+sim.URL())
}

func allOK(findings []channels.Finding) bool {
	for _, f := range findings {
		if !f.OK {
			return false
		}
	}
	return len(findings) > 0
}

func details(findings []channels.Finding) string {
	var b strings.Builder
	for _, f := range findings {
		b.WriteString(f.Detail + "\n")
	}
	return b.String()
}
