package email_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"revere/channels"
	"revere/channels/email"
	"revere/integration/smtpsim"
)

func told(findings []channels.Finding) (all string, ok bool) {
	ok = true
	for _, f := range findings {
		all, ok = all+f.Detail+"\n", ok && f.OK
	}
	return all, ok
}

func TestCheckTellsWhatItFound(t *testing.T) {
	server := run(t, &smtpsim.Server{TLS: smtpsim.StartTLS, Username: user, Password: password})
	all, ok := told(open(t, configure(t, server)).Check(t.Context()))
	require.True(t, ok, all)
	for _, says := range []string{server.Address(), "TLS 1.3", "Signed in as " + user, "bounce_address", "SPF", "DKIM", "DMARC", "soc.example"} {
		require.Contains(t, all, says)
	}
	require.NotContains(t, all, password)
	require.Empty(t, server.Mails())
}

func TestCheckTellsWhatFails(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*email.Config)
		fault  smtpsim.Fault
		says   string
	}{
		"password":  {change: func(c *email.Config) { c.Password = "guess" }, says: "signing in: 535"},
		"authority": {change: func(c *email.Config) { c.CAFile = "" }, says: "certificate"},
		"closed":    {fault: refuse(smtpsim.AtGreeting, 421, "4.3.2", "shutting down"), says: "421 4.3.2 shutting down"},
	} {
		t.Run(name, func(t *testing.T) {
			server := run(t, &smtpsim.Server{TLS: smtpsim.StartTLS, Username: user, Password: password})
			if test.fault.At != "" {
				server.Inject(test.fault)
			}
			config := configure(t, server)
			if test.change != nil {
				test.change(config)
			}
			all, ok := told(open(t, config).Check(t.Context()))
			require.False(t, ok)
			require.Contains(t, all, test.says)
		})
	}
}

// A server that is rude at the end has said all that matters before.
func TestCheckSurvivesARudeGoodbye(t *testing.T) {
	server := run(t, &smtpsim.Server{})
	server.Inject(smtpsim.Fault{At: smtpsim.AtQuit, Do: smtpsim.Cut})
	all, ok := told(open(t, configure(t, server)).Check(t.Context()))
	require.True(t, ok, all)
	require.Contains(t, all, "without encryption")
}

func TestCheckTellsWhereBouncesGo(t *testing.T) {
	server := run(t, &smtpsim.Server{})
	for says, change := range map[string]func(*email.Config){
		"nobody hears":                           func(*email.Config) {},
		"does not see them":                      func(c *email.Config) { c.BounceAddress = "bounces@soc.example" },
		"taken at 127.0.0.1":                     withBounces,
		"Let only your mail relay reach 0.0.0.0": func(c *email.Config) { withBounces(c); c.Listen = "0.0.0.0:2525" },
	} {
		all, ok := told(open(t, configure(t, server, change)).Check(t.Context()))
		require.True(t, ok, all)
		require.Contains(t, all, says)
		require.Equal(t, strings.HasPrefix(says, "Let only"), strings.Contains(all, "Let only"))
	}
}
