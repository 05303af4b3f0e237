package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/channels"
	"revere/config"
)

// pager is a channel as a room of its own would declare it, with a key of every type.
type pager struct {
	Account string        `koanf:"account"`
	Token   string        `koanf:"token" secret:"true"`
	From    string        `koanf:"from"`
	Rate    float64       `koanf:"rate"`
	Tries   int           `koanf:"tries"`
	Links   bool          `koanf:"links"`
	Timeout time.Duration `koanf:"timeout"`
	Relay   struct {
		Host     string `koanf:"host"`
		Password string `koanf:"password" secret:"true"`
	} `koanf:"relay"`
	ignored string
}

func (p *pager) On() bool { return p.Account != "" }

// Validate is careless: it quotes a secret in what it says.
func (p *pager) Validate(add func(key, detail string)) {
	switch {
	case p.Token == "":
		add("token", "missing; the provider's console shows it")
	case len(p.Token) < 8:
		add("token", "the token "+p.Token+" is too short")
	}
	if p.Rate <= 0 {
		add("rate", "must be above zero")
	}
}

var pagerKind = channels.Kind{Name: "pager", Defaults: func() channels.Config {
	return &pager{Rate: 1, Tries: 3, Timeout: 15 * time.Second, ignored: "kept"}
}}

func sections() []config.ChannelSection { return config.Sections([]channels.Kind{pagerKind}) }

func write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// load loads a file of the given content; what it says about the file calls it revere.yaml.
func load(t testing.TB, yaml string, environ ...string) (*config.Config, error) {
	t.Helper()
	path := write(t, "revere.yaml", yaml)
	c, err := config.Load(path, environ, sections())
	var problems *config.Error
	if errors.As(err, &problems) {
		directory := filepath.Dir(path) + string(filepath.Separator)
		for i, p := range problems.Problems {
			problems.Problems[i].Place = strings.TrimPrefix(p.Place, directory)
			problems.Problems[i].Detail = strings.ReplaceAll(p.Detail, directory, "")
		}
	}
	return c, err
}

func section(c *config.Config) *pager { return c.Channels.Section("pager").(*pager) }

func TestDefaultsAreValid(t *testing.T) {
	c, err := config.Load("", nil, sections())
	require.NoError(t, err)
	assert.Equal(t, "./data", c.DataDir)
	assert.Equal(t, config.NATS{Replicas: 1, Listen: "127.0.0.1:4222"}, c.NATS)
	assert.Equal(t, config.HTTP{Listen: "127.0.0.1:8080", PublicURL: "http://127.0.0.1:8080"}, c.HTTP)
	assert.Equal(t, config.Log{Level: "info", Format: "json"}, c.Log)
	assert.Equal(t, config.Admission{Waiting: 2000, QueuedDeliveries: 2_000_000, OpenAlerts: 10_000, OpenText: 64, DiskReserve: 256}, c.Admission)
	assert.Equal(t, "Revere", c.SenderName)
	assert.Equal(t, &pager{Rate: 1, Tries: 3, Timeout: 15 * time.Second, ignored: "kept"}, section(c))
	assert.Nil(t, c.Channels.Section("pigeon"))
	assert.True(t, c.NATS.Embedded())
}

func TestEveryKeyCanBeSetInTheFile(t *testing.T) {
	credentials := write(t, "desk.creds", "-----BEGIN NATS USER JWT-----")
	c, err := load(t, `
data_dir: /var/lib/revere
nats: {url: "nats://a:4222,tls://b:4222", credentials: `+credentials+`, replicas: 3, listen: "0.0.0.0:4223"}
http: {listen: ":80", public_url: https://alerts.example.gov/revere}
sender_name: MA State SOC
desk_phone: +16175550100
channels:
  pager:
    account: 007
    token: 0123456789
    from: +16175550123
    rate: 2.5
    tries: 5
    links: true
    timeout: 1m30s
    relay: {host: relay.example.gov, password: "p: #w"}
  fallback_after: {severe: 30s, moderate: 10m, minor: 1h}
admission: {waiting: 5, queued_deliveries: 6, open_alerts: 7, open_text: 8, disk_reserve: 0}
log: {level: debug, format: console}
`)
	require.NoError(t, err)
	assert.Equal(t, config.Admission{Waiting: 5, QueuedDeliveries: 6, OpenAlerts: 7, OpenText: 8}, c.Admission)
	assert.Equal(t, "/var/lib/revere", c.DataDir)
	assert.Equal(t, config.NATS{URL: "nats://a:4222,tls://b:4222", Credentials: credentials, Replicas: 3, Listen: "0.0.0.0:4223"}, c.NATS)
	assert.Equal(t, config.HTTP{Listen: ":80", PublicURL: "https://alerts.example.gov/revere"}, c.HTTP)
	assert.Equal(t, "MA State SOC", c.SenderName)
	assert.Equal(t, "+16175550100", c.DeskPhone, "YAML must not take a phone number for a number")
	assert.Equal(t, config.FallbackAfter{Severe: 30 * time.Second, Moderate: 10 * time.Minute, Minor: time.Hour}, c.Channels.FallbackAfter)
	assert.Equal(t, config.Log{Level: "debug", Format: "console"}, c.Log)

	want := &pager{Account: "007", Token: "0123456789", From: "+16175550123", Rate: 2.5, Tries: 5, Links: true, Timeout: 90 * time.Second, ignored: "kept"}
	want.Relay.Host, want.Relay.Password = "relay.example.gov", "p: #w"
	assert.Equal(t, want, section(c))
}

func TestEnvironmentGoesOverTheFile(t *testing.T) {
	yaml := "sender_name: File\nchannels: {pager: {account: file, token: from-the-file}}\n"
	tests := []struct {
		name    string
		environ []string
		sender  string
		token   string
	}{
		{"nothing set", nil, "File", "from-the-file"},
		{"other programs' variables", []string{"PATH=/bin", "REVEREND=x", "XREVERE_SENDER_NAME=x"}, "File", "from-the-file"},
		{"top level", []string{"REVERE_SENDER_NAME=Env"}, "Env", "from-the-file"},
		{"nested", []string{"REVERE_CHANNELS__PAGER__TOKEN=from-environ"}, "File", "from-environ"},
		{"with an equals sign", []string{"REVERE_SENDER_NAME=a=b"}, "a=b", "from-the-file"},
		{"empty is not given", []string{"REVERE_SENDER_NAME=", "REVERE_CHANNELS__PAGER__TOKEN="}, "File", "from-the-file"},
		{"a file in the environment", []string{"REVERE_CHANNELS__PAGER__TOKEN_FILE=" + write(t, "token", "from-a-secret-file\r\n")}, "File", "from-a-secret-file"},
		{"what Kubernetes adds for a service called revere", []string{"REVERE_SERVICE_HOST=10.0.0.1", "REVERE_SERVICE_PORT_HTTP=80", "REVERE_PORT=tcp://10.0.0.1:80", "REVERE_PORT_80_TCP_ADDR=10.0.0.1"}, "File", "from-the-file"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, err := load(t, yaml, test.environ...)
			require.NoError(t, err)
			assert.Equal(t, test.sender, c.SenderName)
			assert.Equal(t, test.token, section(c).Token)
		})
	}
}

func TestSecretFromFileLosesOnlyItsLastLineBreak(t *testing.T) {
	for content, want := range map[string]string{
		"hunter2hunter2":         "hunter2hunter2",
		"hunter2hunter2\n":       "hunter2hunter2",
		" two words \r\n":        " two words ",
		"first line\nlast line ": "first line\nlast line ",
	} {
		c, err := load(t, "channels: {pager: {account: a, token_file: "+write(t, "secret", content)+"}}")
		require.NoError(t, err)
		assert.Equal(t, want, section(c).Token)
	}
}

func TestEmptySectionsKeepTheirDefaults(t *testing.T) {
	for _, yaml := range []string{"", "# nothing yet\n", "---\n", "channels:\n", "channels:\n  pager:\n", "http: {public_url: }\nnats:\n"} {
		c, err := load(t, yaml)
		require.NoError(t, err, "%q", yaml)
		assert.Equal(t, 15*time.Second, section(c).Timeout)
	}
}

func TestAnAnchorGivesOneValueTwice(t *testing.T) {
	c, err := load(t, "sender_name: &name SOC\nchannels: {pager: {account: *name, token: long enough}}")
	require.NoError(t, err)
	assert.Equal(t, "SOC", section(c).Account)
}

func TestPublicURLFollowsListen(t *testing.T) {
	for listen, want := range map[string]string{
		"127.0.0.1:9000":   "http://127.0.0.1:9000",
		"localhost:9000":   "http://localhost:9000",
		":9000":            "http://127.0.0.1:9000",
		"0.0.0.0:9000":     "http://127.0.0.1:9000",
		"[::]:9000":        "http://127.0.0.1:9000",
		"[::1]:9000":       "http://[::1]:9000",
		"192.168.1.5:9000": "http://192.168.1.5:9000",
	} {
		c, err := config.Load("", []string{"REVERE_HTTP__LISTEN=" + listen}, nil)
		require.NoError(t, err)
		assert.Equal(t, want, c.HTTP.PublicURL)
	}
}

func TestLoopback(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:80": true, "127.9.9.9:80": true, "localhost:80": true, "LocalHost:80": true, "[::1]:80": true, "[::ffff:127.0.0.1]:80": true,
		":80": false, "0.0.0.0:80": false, "[::]:80": false, "10.0.0.1:80": false, "localhost.example.gov:80": false, "nonsense": false,
	} {
		assert.Equal(t, want, config.NATS{Listen: address}.ListenIsLoopback(), address)
		assert.Equal(t, want, config.HTTP{Listen: address}.ListenIsLoopback(), address)
	}
	for url, want := range map[string]bool{
		"http://127.0.0.1:8080": true, "https://localhost": true, "http://[::1]:8080/x": true,
		"https://alerts.example.gov": false, "https://10.0.0.1": false, "": false, "http://%": false,
	} {
		assert.Equal(t, want, config.HTTP{PublicURL: url}.PublicURLIsLoopback(), url)
	}
}

func TestFallbackFollowsSeverity(t *testing.T) {
	waits := config.FallbackAfter{Severe: 1, Moderate: 2, Minor: 3}
	for severity, want := range map[alerting.Severity]time.Duration{
		alerting.Extreme: 0, alerting.Severe: 1, alerting.UnknownSeverity: 1, alerting.Moderate: 2, alerting.Minor: 3,
	} {
		assert.Equal(t, want, waits.For(severity), severity)
	}
}
