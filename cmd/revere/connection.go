package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"revere/cmd/revere/client"
)

// The variables that the command line reads besides the service's configuration.
const (
	serverVariable = "REVERE_SERVER"
	tokenVariable  = "REVERE_TOKEN"
	senderVariable = "REVERE_SENDER"
)

// clientVariables are no configuration of the service, which refuses REVERE_ variables that it does
// not know.
var clientVariables = []string{serverVariable, tokenVariable, senderVariable}

const (
	defaultServer  = "http://127.0.0.1:8080"
	defaultConfig  = "revere.yaml"
	defaultDataDir = "./data"
	dataVariable   = "REVERE_DATA_DIR" // the service's own, for data_dir
	tokenFile      = "admin.token"     // in the data directory
)

// A connection says which server a command talks to, and as whom.
type connection struct {
	Server  string `placeholder:"URL" help:"Server to talk to (else $$REVERE_SERVER, else http://127.0.0.1:8080)."`
	Token   string `placeholder:"TOKEN" help:"Token to show it (else $$REVERE_TOKEN, else the admin token in the data directory)."`
	Config  string `placeholder:"FILE" help:"The service's configuration (else revere.yaml where there is one)."`
	DataDir string `placeholder:"DIR" help:"The service's data directory (else what the configuration says, else ./data)."`
}

// variable returns the value of an environment variable, empty where it is not set.
func (e environment) variable(name string) string {
	for _, pair := range slices.Backward(e.environ) {
		if key, value, _ := strings.Cut(pair, "="); key == name {
			return value
		}
	}
	return ""
}

// serviceVariables is the environment as the service's configuration may see it: without the
// command line's own variables, and with what --data-dir says.
func (c connection) serviceVariables(env environment) []string {
	environ := slices.DeleteFunc(slices.Clone(env.environ), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return slices.Contains(clientVariables, name) || c.DataDir != "" && name == dataVariable
	})
	if c.DataDir != "" {
		environ = append(environ, dataVariable+"="+c.DataDir)
	}
	return environ
}

// client returns a client of the server.
func (c connection) client(env environment) (*client.Client, error) {
	server := cmp.Or(c.Server, env.variable(serverVariable), defaultServer)
	if _, err := client.New(server, ""); err != nil { // before the token: a wrong address is told first
		return nil, usageError(err.Error())
	}
	token, err := c.token(env, server)
	if err != nil {
		return nil, err
	}
	api, err := client.New(server, token)
	if err != nil {
		return nil, err
	}
	api.Repeating = func(cause error) { env.sayf("asking again: %v", cause) }
	return api, nil
}

func (c connection) token(env environment, server string) (string, error) {
	if given := cmp.Or(c.Token, env.variable(tokenVariable)); given != "" {
		return strings.TrimSpace(given), nil
	}
	dir, because, err := c.dataDir(env)
	if err != nil {
		return "", fmt.Errorf("no token was given, and where one is kept is not known: %w; give --token or $%s", err, tokenVariable)
	}
	path := filepath.Join(dir, tokenFile)
	if c.DataDir == "" && !onThisMachine(server) {
		return "", fmt.Errorf("no token for %s: give --token or $%s (%s is for the server on this machine; name its directory with --data-dir to use it all the same)", server, tokenVariable, path)
	}
	content, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("no token: give --token or $%s, or start where `revere serve` runs: it keeps its first admin token in its data directory, and there is no file %s (%s)", tokenVariable, path, because)
	case err != nil:
		return "", fmt.Errorf("no token: %w; run as the user of `revere serve`, or give --token or $%s", err, tokenVariable)
	case strings.TrimSpace(string(content)) == "":
		return "", fmt.Errorf("no token: %s is empty; give --token or $%s", path, tokenVariable)
	}
	return strings.TrimSpace(string(content)), nil
}

// tokenSource says where the token is from, for a person whose token was refused.
func (c connection) tokenSource(env environment) string {
	switch {
	case c.Token != "":
		return "--token"
	case env.variable(tokenVariable) != "":
		return "$" + tokenVariable
	}
	dir, _, err := c.dataDir(env)
	if err != nil {
		return "the data directory"
	}
	return filepath.Join(dir, tokenFile)
}

// dataDir finds the service's data directory, and says why it is that one.
func (c connection) dataDir(env environment) (dir, because string, err error) {
	if c.DataDir != "" {
		return c.DataDir, "--data-dir", nil
	}
	if dir := env.variable(dataVariable); dir != "" {
		return dir, "$" + dataVariable, nil
	}
	path := cmp.Or(c.Config, defaultConfig)
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && c.Config == "" {
		return defaultDataDir, "the default, since there is no " + defaultConfig + " here", nil
	}
	if err != nil {
		return "", "", err
	}
	var settings struct {
		DataDir string `yaml:"data_dir"`
	}
	if err := yaml.Unmarshal(content, &settings); err != nil {
		return "", "", fmt.Errorf("%s: %w", path, err)
	}
	if settings.DataDir == "" {
		return defaultDataDir, "the default, since " + path + " has no data_dir", nil
	}
	return settings.DataDir, "data_dir of " + path, nil
}

// onThisMachine reports whether a server's URL means loopback: a token from this machine's disk is
// not shown to anybody else.
func onThisMachine(server string) bool {
	u, err := url.Parse(server)
	if err != nil {
		return false
	}
	if strings.EqualFold(u.Hostname(), "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && ip.Unmap().IsLoopback()
}
