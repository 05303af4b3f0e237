package config_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/config"
)

func TestAllProblemsAtOnce(t *testing.T) {
	_, err := load(t, `data_dir: ""
nats:
  replicas: 2
  listne: 127.0.0.1:4222
http:
  listen: 8080
  public_url: https://alerts.example.gov/
sender_name: "   "
desk_phone: 617-555-0100
desk_phone: 617-555-0101
listen: 127.0.0.1:1
channels:
  pager:
    account: a
    token: hunter2
    rate: fast
    timeout: 60
    tires: 3
  pigeon: {coop: roof}
  fallback_after: {severe: 0s, moderate: [5m]}
log: loud
`, "REVERE_LOG__FORMAT=xml", "REVERE_CHANNELS__PAGER__TRIES=few", "REVERE_PAGER_TOKEN=x")
	require.Error(t, err)
	assert.Equal(t, strings.TrimSpace(`
the configuration has 19 problems:
  revere.yaml:1: data_dir: missing; the embedded engine keeps everything there (or set nats.url to use a cluster)
  revere.yaml:3: nats.replicas: 2 is not 1, 3 or 5
  revere.yaml:4: nats.listne: unknown key; the nearest known one is nats.listen
  revere.yaml:6: http.listen: "8080" is not an address to listen on, such as "127.0.0.1:8080" or ":8080"
  revere.yaml:7: http.public_url: "https://alerts.example.gov/" ends in a slash; take that off
  revere.yaml:8: sender_name: missing; it opens every message, so that people know who writes: "MA State SOC"
  revere.yaml:10: desk_phone: given twice, first on line 9; keep one
  revere.yaml:11: listen: unknown key; the nearest known one is nats.listen
  revere.yaml:15: channels.pager.token: the token ******** is too short
  revere.yaml:16: channels.pager.rate: expected a number, not "fast"
  revere.yaml:17: channels.pager.timeout: expected a duration such as "60s" or "5m", not "60"
  revere.yaml:18: channels.pager.tires: unknown key; the nearest known one is channels.pager.tries
  revere.yaml:19: channels.pigeon: unknown key; the nearest known one is channels.pager
  revere.yaml:20: channels.fallback_after.moderate: expected a duration such as "60s" or "5m", not a list or a section
  revere.yaml:20: channels.fallback_after.severe: 0s is no time to wait; give a duration above zero, such as "60s"
  revere.yaml:21: log: expected a section of keys, each as "key: value" on a line of its own
  REVERE_CHANNELS__PAGER__TRIES: expected a whole number, not "few"
  REVERE_LOG__FORMAT: "xml" is not one of json, console
  REVERE_PAGER_TOKEN: unknown variable; the nearest known one is REVERE_CHANNELS__PAGER__TOKEN
`), err.Error())
}

func TestOneProblem(t *testing.T) {
	missing := "there is no file \"nowhere/revere.yaml\"; make one from cmd/revere/revere.example.yaml, which explains every key, or give no file and use REVERE_ variables"
	_, err := config.Load("nowhere/revere.yaml", nil, nil)
	require.EqualError(t, err, "the configuration has 1 problem:\n  "+missing)

	directory := t.TempDir()
	_, err = config.Load(directory, nil, nil)
	require.ErrorContains(t, err, "can't read the file \""+directory+"\": is a directory")

	tests := []struct{ name, yaml, want string }{
		{"a tab", "http:\n\tlisten: x", `revere.yaml:2: this is not YAML: found character that cannot start any token; indent with spaces, not tabs`},
		{"a line too far to the right", "http:\n  listen: x\n   public_url: y", `in this context; indent the line as its neighbours are`},
		{"not YAML", "a: b\n c: d", `this is not YAML: mapping values are not allowed in this context`},
		{"too large", strings.Repeat("#", 1<<20+1), `the file "revere.yaml" is larger than 1048576 bytes; is it the right one?`},
		{"a list", "- a\n- b", `revere.yaml:1: expected a section of keys, each as "key: value" on a line of its own`},
		{"two documents", "data_dir: a\n---\ndata_dir: b", "a second document begins here; a configuration is one, so take the line --- out"},
		{"a broken second document", "data_dir: a\n---\n\"", "this is not YAML"},
		{"a section as a value", "sender_name: {a: b}", "revere.yaml:1: sender_name: expected text, not a list or a section"},
		{"not a boolean", "channels: {pager: {links: maybe}}", `channels.pager.links: expected true or false, not "maybe"`},
		{"empty number", `nats: {replicas: ""}`, `nats.replicas: expected a whole number, not ""`},
		{"not finite", "channels: {pager: {rate: nan}}", `channels.pager.rate: expected a number, not "nan"`},
		{"a long value", "nats: {replicas: " + strings.Repeat("9", 100) + "}", `not "` + strings.Repeat("9", 60) + `…"`},
		{"replicas without a cluster", "nats: {replicas: 3}", "3 replicas need a cluster: set nats.url, or 1 replica for the embedded engine"},
		{"credentials without a cluster", "nats: {credentials: x.creds}", "credentials are for a cluster, and nats.url is empty; set nats.url or leave them out"},
		{"credentials that are not there", "nats: {url: nats://a, credentials: no/x.creds}", `nats.credentials: can't read the file "no/x.creds": no such file or directory`},
		{"credentials that are a directory", "nats: {url: nats://a, credentials: .}", `nats.credentials: "." is a directory; name the .creds file in it`},
		{"not a NATS server", "nats: {url: 'http://a'}", `nats.url: "http://a" is not the address of a NATS server such as "nats://10.0.0.1:4222", or several with commas between`},
		{"one NATS server of two", "nats: {url: 'nats://a,:4222'}", `nats.url: "nats://a,:4222" is not the address`},
		{"port out of range", "nats: {listen: ':70000'}", `nats.listen: port "70000" is not a number from 0 to 65535`},
		{"named port", "http: {listen: 'localhost:http'}", `http.listen: port "http" is not a number from 0 to 65535`},
		{"not a host", "http: {listen: 'a b:80'}", `http.listen: "a b" is neither an IP address nor a host name`},
		{"not a web address", "http: {public_url: alerts.example.gov}", `http.public_url: "alerts.example.gov" is not a web address such as "https://alerts.example.gov"`},
		{"a query", "http: {public_url: 'https://a?b=c'}", `http.public_url: "https://a?b=c" has a query or a fragment; paths are appended to it, so take the "?" or "#" out`},
		{"a path to clean", "http: {public_url: 'https://a/b/../c'}", `has a path that changes on its way; use plain letters, digits and single slashes`},
		{"an escaped path", "http: {public_url: 'https://a/b%2Fc'}", `has a path that changes on its way`},
		{"a long name", "sender_name: " + strings.Repeat("n", 61), "sender_name: has 61 characters, more than 60; it opens every message"},
		{"a name of two lines", `sender_name: "a\nb"`, "sender_name: must be one line of plain text"},
		{"a phone with a gap", "desk_phone: +1 617 555 0100", `desk_phone: "+1 617 555 0100" is not a number in E.164`},
		{"log level", "log: {level: loud}", `log.level: "loud" is not one of trace, debug, info, warn, error`},
		{"nothing may wait", "admission: {waiting: 0}", `admission.waiting: 0 is not from 1 to 10000: ten times as many are read ahead at most`},
		{"more open alerts than codes", "admission: {open_alerts: 23000}", `admission.open_alerts: 23000 is not from 1 to 21328: each has a short code of its own`},
		{"no text", "admission: {open_text: 0}", `admission.open_text: 0 is not from 1 to 65536: it is in MiB of memory`},
		{"no deliveries", "admission: {queued_deliveries: -1}", `admission.queued_deliveries: -1 is not from 1`},
		{"a negative reserve", "admission: {disk_reserve: -1}", `admission.disk_reserve: -1 is not from 0 to 1048576: it is in MiB`},
		{"a missing secret is told at its section", "channels:\n  pager:\n    account: a", "revere.yaml:2: channels.pager.token: missing; the provider's console shows it"},
		{"a key without its section", "token: abc", "token: unknown key; the nearest known one is channels.pager.token"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := load(t, test.yaml)
			require.ErrorContains(t, err, "the configuration has 1 problem:")
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestSecretFiles(t *testing.T) {
	big := write(t, "big", strings.Repeat("x", 64<<10+1))
	tests := []struct {
		name, yaml string
		environ    []string
		want       string
	}{
		{"both in the file", "channels: {pager: {account: a, token: abcdefgh, token_file: t}}", nil,
			"revere.yaml:1: channels.pager.token_file: channels.pager.token is given too, in revere.yaml:1; give one of the two"},
		{"both in the environment", "", []string{"REVERE_CHANNELS__PAGER__TOKEN=abcdefgh", "REVERE_CHANNELS__PAGER__TOKEN_FILE=t"},
			"REVERE_CHANNELS__PAGER__TOKEN_FILE: channels.pager.token is given too, in REVERE_CHANNELS__PAGER__TOKEN; give one of the two"},
		{"not there", "channels: {pager: {account: a, token_file: no/token}}", nil,
			`revere.yaml:1: channels.pager.token_file: can't read the file "no/token": no such file or directory`},
		{"not there, with a long path", "channels: {pager: {account: a, token_file: " + strings.Repeat("long/", 20) + "token}}", nil, strings.Repeat("long/", 20) + "token\": no such file"},
		{"empty", "channels: {pager: {account: a, token_file: " + write(t, "empty", "\n") + "}}", nil, "is empty; write the secret into it"},
		{"too large", "channels: {pager: {account: a, token_file: " + big + "}}", nil, "is larger than 65536 bytes; is it the right one?"},
		{"a directory", "channels: {pager: {account: a, token_file: .}}", nil, `can't read the file ".": is a directory`},
		{"a list of paths", "channels: {pager: {token_file: [a]}}", nil, "channels.pager.token_file: expected text, not a list or a section"},
		{"of a key that is no secret", "channels: {pager: {from_file: a}}", nil, "channels.pager.from_file: unknown key; the nearest known one is channels.pager.token_file"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := load(t, test.yaml, test.environ...)
			require.ErrorContains(t, err, "the configuration has 1 problem:")
			require.ErrorContains(t, err, test.want)
		})
	}
}
