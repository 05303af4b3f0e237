package email_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"revere/channels"
	"revere/channels/email"
)

func good() *email.Config {
	config := email.Kind.Defaults().(*email.Config)
	config.Host, config.From = "smtp.soc.example", "MA State SOC <alerts@soc.example>"
	config.Username, config.Password = user, password
	return config
}

func problems(config *email.Config) map[string]string {
	found := map[string]string{}
	config.Validate(func(key, detail string) { found[key] = detail })
	return found
}

func TestConfigDefaults(t *testing.T) {
	config := email.Kind.Defaults().(*email.Config)
	require.False(t, config.On())
	require.Equal(t, email.Config{Port: 587, TLS: "starttls", Rate: 50, Concurrency: 4, Timeout: 30 * time.Second}, *config)
	config.From = "alerts@soc.example"
	require.True(t, config.On(), "half a configuration is a mistake to report, not a channel that is off")
	require.Contains(t, problems(config), "host")
	require.Empty(t, problems(good()))
}

func TestConfigProblems(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*email.Config)
		key    string
		says   string
	}{
		"no host":                {func(c *email.Config) { c.Host = "" }, "host", "missing"},
		"host with port":         {func(c *email.Config) { c.Host = "smtp.soc.example:587" }, "host", "port in port"},
		"host is a URL":          {func(c *email.Config) { c.Host = "smtp://soc.example" }, "host", "name alone"},
		"port":                   {func(c *email.Config) { c.Port = 70000 }, "port", "70000"},
		"tls":                    {func(c *email.Config) { c.TLS = "ssl" }, "tls", "starttls, implicit, none"},
		"password in plain text": {func(c *email.Config) { c.TLS = "none" }, "tls", "plain text"},
		"half an account":        {func(c *email.Config) { c.Password = "" }, "password", "both or neither"},
		"other half":             {func(c *email.Config) { c.Username = "" }, "username", "both or neither"},
		"from":                   {func(c *email.Config) { c.From = "SOC" }, "from", "Alerts <alerts@example.gov>"},
		"rate":                   {func(c *email.Config) { c.Rate = 0 }, "rate", "above 0"},
		"concurrency":            {func(c *email.Config) { c.Concurrency = 0 }, "concurrency", "1 to 100"},
		"timeout":                {func(c *email.Config) { c.Timeout = time.Millisecond }, "timeout", "100ms"},
		"reconcile_after":        {func(c *email.Config) { c.ReconcileAfter = time.Hour }, "reconcile_after", "10m"},
		"ca_file":                {func(c *email.Config) { c.CAFile = "testdata/absent.pem" }, "ca_file", "absent.pem"},
		"ca_file without any":    {func(c *email.Config) { c.CAFile = "config_test.go" }, "ca_file", "no certificate"},
		"listen alone":           {func(c *email.Config) { c.Listen = "127.0.0.1:2525" }, "bounce_address", "missing beside listen"},
		"listen":                 {func(c *email.Config) { c.Listen, c.BounceAddress = "2525", "b@soc.example" }, "listen", "host:port"},
		"bounce_address":         {func(c *email.Config) { c.BounceAddress = "bounces" }, "bounce_address", "not a mail address"},
		"long bounce_address":    {func(c *email.Config) { c.BounceAddress = "municipal-bounces@soc.example" }, "bounce_address", "at most 16"},
		"tagged bounce_address":  {func(c *email.Config) { c.BounceAddress = "b+x@soc.example" }, "bounce_address", "no +"},
	} {
		t.Run(name, func(t *testing.T) {
			config := good()
			test.change(config)
			found := problems(config)
			require.Contains(t, found[test.key], test.says)
			require.Len(t, found, 1)
			require.NotContains(t, found[test.key], password)
		})
	}
}

func TestConfigTellsAllAtOnce(t *testing.T) {
	config := good()
	config.Host, config.Port, config.TLS, config.Rate = "", 0, "ssl", -1
	require.Len(t, problems(config), 4)
}

func TestPlainTextIsForLoopbackAndForRelaysWithoutPasswords(t *testing.T) {
	config := good()
	config.TLS = email.NoTLS
	for _, host := range []string{"localhost", "127.0.0.1", "::1"} {
		config.Host = host
		require.Empty(t, problems(config), host)
	}
	config.Host, config.Username, config.Password = "relay.soc.example", "", ""
	require.Empty(t, problems(config))
}

func TestOpenRefusesAnotherChannelsConfig(t *testing.T) {
	_, err := email.Kind.Open(nil, channels.Environment{})
	require.ErrorContains(t, err, "email.Config")
}
