package config_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"revere/channels"
	"revere/channels/email"
	"revere/channels/signal"
	"revere/channels/sms"
	"revere/config"
)

const (
	exampleFile = "../cmd/revere/revere.example.yaml"
	composeFile = "../docker-compose.yml"
)

func realSections() []config.ChannelSection {
	return config.Sections([]channels.Kind{sms.Kind, email.Kind, signal.Kind})
}

func TestExampleFileIsTheDefaults(t *testing.T) {
	example, err := config.Load(exampleFile, nil, realSections())
	require.NoError(t, err)
	defaults, err := config.Load("", nil, realSections())
	require.NoError(t, err)
	assert.Equal(t, defaults.Redacted(), example.Redacted())
}

// The keys that stand behind a # in the example hold it to the channels as they are now.
func TestExampleFileHasEveryKey(t *testing.T) {
	example, err := os.ReadFile(exampleFile)
	require.NoError(t, err)
	all := regexp.MustCompile(`(?m)^#( +[a-z_]+:.*)$`).ReplaceAllString(string(example), "$1")

	c, err := config.Load(write(t, "all.yaml", all), nil, realSections())
	require.NoError(t, err)
	for _, s := range realSections() {
		assert.True(t, c.Channels.Section(s.Name).On(), s.Name)
	}
	assert.Equal(t, keysOf(t, c.Redacted()), keysOf(t, all))
}

// keysOf returns the paths of all keys of a YAML document, sorted.
func keysOf(t *testing.T, document string) []string {
	var content map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(document), &content))
	var keys []string
	var walk func(path string, content map[string]any)
	walk = func(path string, content map[string]any) {
		for _, key := range slices.Sorted(maps.Keys(content)) {
			keys = append(keys, path+key)
			if section, ok := content[key].(map[string]any); ok {
				walk(path+key+".", section)
			}
		}
	}
	walk("", content)
	return keys
}

func TestComposeFileConfiguresRevere(t *testing.T) {
	tests := []struct {
		name string
		env  map[string]string // the file .env
		on   []string
	}{
		{"as it stands", nil, []string{"email"}},
		{"in earnest", map[string]string{
			"REVERE_SENDER_NAME":                     "MA State SOC",
			"REVERE_DESK_PHONE":                      "+16175550100",
			"REVERE_HTTP__PUBLIC_URL":                "https://alerts.example.gov",
			"REVERE_CHANNELS__EMAIL__HOST":           "smtp.example.gov",
			"REVERE_CHANNELS__EMAIL__PORT":           "587",
			"REVERE_CHANNELS__EMAIL__TLS":            "starttls",
			"REVERE_CHANNELS__EMAIL__USERNAME":       "alerts",
			"REVERE_CHANNELS__EMAIL__PASSWORD":       "a long password",
			"REVERE_CHANNELS__SMS__ACCOUNT_SID":      "AC00000000000000000000000000000000",
			"REVERE_CHANNELS__SMS__AUTH_TOKEN":       "00000000000000000000000000000000",
			"REVERE_CHANNELS__SMS__FROM":             "+16175550100",
			"REVERE_CHANNELS__SIGNAL__URL":           "http://signal:8080",
			"REVERE_CHANNELS__SIGNAL__NUMBER":        "+16175550100",
			"REVERE_CHANNELS__SIGNAL__WEBHOOK_TOKEN": "0123456789abcdef",
		}, []string{"sms", "email", "signal"}},
	}
	services := readCompose(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, err := config.Load("", environOf(services["revere"], test.env), realSections())
			require.NoError(t, err)
			var on []string
			for _, s := range realSections() {
				if c.Channels.Section(s.Name).On() {
					on = append(on, s.Name)
				}
			}
			assert.Equal(t, test.on, on)
			assert.True(t, c.NATS.ListenIsLoopback(), "clients without credentials must not reach NATS from outside the container")

			webhook := environOf(services["signal"], test.env)
			token := test.env["REVERE_CHANNELS__SIGNAL__WEBHOOK_TOKEN"]
			assert.Contains(t, webhook, "RECEIVE_WEBHOOK_URL=http://revere:8080/webhooks/signal/"+token)
			assert.Contains(t, webhook, "MODE=json-rpc")
		})
	}
}

func TestComposeFileBuildsFromTheTree(t *testing.T) {
	revere := readCompose(t)["revere"]
	assert.FileExists(t, "../"+revere.Build.Context+"/"+revere.Build.Dockerfile)
	assert.Contains(t, strings.Join(revere.Healthcheck.Test, " "), "/readyz")
	assert.Contains(t, revere.Volumes, "data:"+revere.Environment["REVERE_DATA_DIR"])
}

// composeService is as much of a service as the tests look at.
type composeService struct {
	Build       struct{ Context, Dockerfile string }
	Environment map[string]string
	Healthcheck struct{ Test []string }
	Volumes     []string
}

func readCompose(t *testing.T) map[string]composeService {
	content, err := os.ReadFile(composeFile)
	require.NoError(t, err)
	var file struct {
		Services map[string]composeService
	}
	require.NoError(t, yaml.Unmarshal(content, &file))
	return file.Services
}

// environOf is what a process of the service sees: the file .env, and over it the service's
// environment, in which ${NAME:-default} is filled in.
func environOf(service composeService, env map[string]string) []string {
	var environ []string
	for name, value := range env {
		environ = append(environ, name+"="+value)
	}
	for name, value := range service.Environment {
		environ = append(environ, name+"="+os.Expand(value, func(expression string) string {
			name, fallback, _ := strings.Cut(expression, ":-")
			if value := env[name]; value != "" {
				return value
			}
			return fallback
		}))
	}
	return environ
}
