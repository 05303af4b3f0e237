package email_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/channels"
	"revere/channels/email"
	"revere/integration/smtpsim"
)

const (
	user     = "revere"
	password = "correct-horse"
	clerk    = "clerk@boston.example"
)

// run starts a stand-in for the length of the test.
func run(t testing.TB, server *smtpsim.Server) *smtpsim.Server {
	t.Helper()
	require.NoError(t, server.Start())
	t.Cleanup(server.Stop)
	return server
}

// configure makes a configuration that reaches the stand-in; the changes come last.
func configure(t testing.TB, server *smtpsim.Server, changes ...func(*email.Config)) *email.Config {
	t.Helper()
	config := email.Kind.Defaults().(*email.Config)
	config.Host, config.Port = server.Host(), server.Port()
	config.From = "MA State SOC <alerts@soc.example>"
	config.Username, config.Password = server.Username, server.Password
	config.Timeout = 5 * time.Second
	config.TLS = email.NoTLS
	if server.TLS != "" && server.TLS != smtpsim.NoTLS {
		config.TLS = string(server.TLS)
		config.CAFile = filepath.Join(t.TempDir(), "ca.pem")
		require.NoError(t, os.WriteFile(config.CAFile, server.CertPEM(), 0o600))
	}
	for _, change := range changes {
		change(config)
	}
	return config
}

// open makes a channel the way the service does, and closes it with the test.
func open(t testing.TB, config *email.Config) *email.Channel {
	t.Helper()
	config.Validate(func(key, detail string) { t.Errorf("channels.email.%s: %s", key, detail) })
	opened, err := email.Kind.Open(config, channels.Environment{SenderName: "MA State SOC", Log: zerolog.Nop()})
	require.NoError(t, err)
	channel := opened.(*email.Channel)
	t.Cleanup(func() { require.NoError(t, channel.Close()) })
	return channel
}

// message is one attempt to tell the clerk something.
func message(attempt int) alerting.Message {
	key := alerting.Key("a1207")
	return alerting.Message{
		Ref:      alerting.Ref{Alert: key, Delivery: alerting.NewDeliveryID(key, email.Name, clerk), Attempt: attempt},
		To:       clerk,
		Severity: alerting.Severe,
		Code:     "K7Q",
		Subject:  "[EXERCISE] SEVERE, Boston: Phishing against élection clerks [K7Q]",
		Text:     "DO: Do not open invoice mail.\n.\nUNTIL: 19:12 — call 617-555-0100\n",
		HTML:     "<p>Do not open <b>invoice</b> mail — call 617-555-0100</p>",
		AckURL:   "https://revere.example/a/token",
		Expires:  time.Now().Add(time.Hour),
	}
}
