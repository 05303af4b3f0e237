package integration_test

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A listed package is one as `go list` shows it.
type listed struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Deps       []string
}

// packages lists what the module's code needs, tests aside.
func packages(t *testing.T) map[string]listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Standard,Imports,Deps", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	require.NoError(t, err, "go list")
	all := map[string]listed{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := decoder.Decode(&p); err == io.EOF {
			return all
		}
		require.NoError(t, err)
		all[p.ImportPath] = p
	}
}

// within reports whether a package is one of those named, or lies below one.
func within(path string, rooms ...string) bool {
	return slices.ContainsFunc(rooms, func(room string) bool { return path == room || strings.HasPrefix(path, room+"/") })
}

// A vendor is a library that only some rooms may know.
type vendor struct {
	libraries []string
	rooms     []string
}

// Producers publish over NATS as any program does; integration stands for them.
var vendors = map[string]vendor{
	"NATS": {
		[]string{"github.com/nats-io", "github.com/synadia-io"},
		[]string{"revere/alerting/engine", "revere/cmd/demo", "revere/cmd/bench", "revere/integration"},
	},
	"Twilio": {[]string{"github.com/twilio"}, []string{"revere/channels/sms"}},
	"mail": {
		[]string{"github.com/wneessen/go-mail", "github.com/emersion"},
		[]string{"revere/channels/email", "revere/integration/smtpsim"},
	},
}

// The import rule of the design: imports point inward, and only a room knows its vendor.
func TestImportsPointInward(t *testing.T) {
	all := packages(t)
	for path, p := range all {
		if !within(path, "revere") {
			continue
		}
		for _, imported := range p.Imports {
			assert.Empty(t, forbidden(path, imported), "%s imports %s", path, imported)
		}
	}
	for _, dep := range all["revere/alerting"].Deps {
		assert.True(t, all[dep].Standard, "revere/alerting needs %s: the domain takes the standard library and nothing else", dep)
	}
	for _, dep := range all["revere/config"].Deps {
		assert.False(t, within(dep, "github.com/twilio", "github.com/wneessen", "github.com/emersion", "github.com/nats-io") || strings.HasPrefix(dep, "revere/channels/"),
			"revere/config needs %s: it is handed each channel's section", dep)
	}
}

// forbidden says why one package may not import another; empty where it may.
func forbidden(path, imported string) string {
	for name, v := range vendors {
		if within(imported, v.libraries...) && !within(path, v.rooms...) {
			return "only " + strings.Join(v.rooms, ", ") + " may know " + name
		}
	}
	switch {
	case !within(imported, "revere"), within(path, "revere/cmd", "revere/integration"):
		return ""
	case within(imported, "revere/cmd", "revere/integration"):
		return "nothing but cmd and integration imports them"
	case strings.HasPrefix(path, "revere/channels"):
		return forbiddenToChannels(path, imported)
	case within(path, "revere/subscribers"):
		if within(imported, "revere/alerting/engine", "revere/channels") {
			return "the directory knows neither the engine nor the channels"
		}
	case path == "revere/config":
		if strings.HasPrefix(imported, "revere/channels/") {
			return "the configuration knows no channel"
		}
	case within(path, "revere/alerting"):
		if within(imported, "revere/subscribers", "revere/channels", "revere/config") {
			return "imports point inward"
		}
	}
	return ""
}

// forbiddenToChannels is what a channel's room may not import: the server, another channel, and of
// the domain's rooms all but the alphabet of SMS.
func forbiddenToChannels(path, imported string) string {
	own := strings.SplitN(strings.TrimPrefix(path, "revere/channels/"), "/", 2)[0]
	switch {
	case within(imported, "revere/alerting") && imported != "revere/alerting" && imported != "revere/alerting/gsm7":
		return "of the domain a channel takes alerting and alerting/gsm7"
	case within(imported, "revere/subscribers", "revere/config"):
		return "a channel knows neither the directory nor the configuration as a whole"
	case strings.HasPrefix(imported, "revere/channels/") && !within(imported, "revere/channels/"+own):
		return "a channel knows no other channel"
	}
	return ""
}

// The rule must be one that can be broken.
func TestTheImportRuleRefuses(t *testing.T) {
	for path, imported := range map[string]string{
		"revere/channels/sms":         "revere/channels/email",
		"revere/channels/email":       "revere/alerting/api",
		"revere/channels/signal":      "github.com/twilio/twilio-go/client",
		"revere/channels":             "revere/cmd/service",
		"revere/subscribers/registry": "revere/alerting/engine",
		"revere/alerting/tracking":    "revere/subscribers",
		"revere/alerting/fanout":      "github.com/nats-io/nats.go",
		"revere/alerting/outbox":      "revere/channels",
		"revere/cmd/service":          "github.com/nats-io/nats.go",
		"revere/config":               "revere/channels/sms",
	} {
		assert.NotEmpty(t, forbidden(path, imported), "%s imports %s", path, imported)
	}
}

// Whoever wants to know why a module is there finds it in ARCHITECTURE.md.
func TestEveryDependencyIsExplained(t *testing.T) {
	module, err := os.ReadFile("../go.mod")
	require.NoError(t, err)
	architecture, err := os.ReadFile("../ARCHITECTURE.md")
	require.NoError(t, err)
	_, explained, found := strings.Cut(string(architecture), "\n## Dependencies")
	require.True(t, found)
	direct := regexp.MustCompile(`(?m)^\t(\S+?)(?:/v\d+)? v\S+$`).FindAllStringSubmatch(string(module), -1)
	require.NotEmpty(t, direct)
	for _, d := range direct {
		path := strings.Split(d[1], "/")
		name := path[min(2, len(path)-1)]
		assert.Contains(t, explained, name, "%s is required by go.mod, and ARCHITECTURE.md does not say why", d[1])
	}
}
