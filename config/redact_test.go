package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/config"
)

// canary is planted wherever a secret can be. It must be seen nowhere but in the section itself.
const canary = "c4naryc4nary"

func TestRedactedShowsAllButSecrets(t *testing.T) {
	c, err := load(t, `
nats: {url: "nats://desk:`+canary+`@a:4222,nats://desk:`+canary+`@b:4222", replicas: 3}
desk_phone: +16175550100
channels: {pager: {account: "007", token: `+canary+`, relay: {password: `+canary+`}}}
`)
	require.NoError(t, err)
	require.Equal(t, canary, section(c).Token)
	want := `data_dir: ./data
nats:
    url: nats://********@b:4222
    credentials: ""
    replicas: 3
    listen: 127.0.0.1:4222
http:
    listen: 127.0.0.1:8080
    public_url: http://127.0.0.1:8080
sender_name: Revere
desk_phone: "+16175550100"
channels:
    pager:
        account: "007"
        token: '********'
        from: ""
        rate: 1
        tries: 3
        links: false
        timeout: 15s
        relay:
            host: ""
            password: '********'
    fallback_after:
        severe: 1m0s
        moderate: 5m0s
        minor: 30m0s
admission:
    waiting: 2000
    queued_deliveries: 2000000
    open_alerts: 10000
    open_text: 64
    disk_reserve: 256
log:
    level: info
    format: json
`
	assert.Equal(t, want, c.Redacted())

	again, err := load(t, want)
	require.NoError(t, err, "what is shown is a configuration")
	assert.Equal(t, want, again.Redacted())

	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		assert.Equal(t, want, fmt.Sprintf(verb, c), verb)
		assert.Equal(t, want, fmt.Sprintf(verb, *c), verb)
	}
}

func TestNoErrorHoldsASecret(t *testing.T) {
	tests := []struct {
		name, yaml string
		environ    []string
	}{
		{"a list", "channels: {pager: {token: [" + canary + "]}}", nil},
		{"a section", "channels: {pager: {token: {" + canary + ": " + canary + "}}}", nil},
		{"in place of a section", "channels: {pager: " + canary + "}", nil},
		{"in place of channels", "channels: [" + canary + "]", nil},
		{"no colon", "channels:\n  pager:\n    token " + canary, nil},
		{"no colon before a key", "channels:\n  pager:\n    token " + canary + "\n    rate: 1", nil},
		{"equals sign in a key", "channels: {pager: {token=" + canary + ": }}", nil},
		{"a reserved first character", "channels: {pager: {token: *" + canary + "}}", nil},
		{"a percent sign", "channels: {pager: {token: %" + canary + "}}", nil},
		{"an open quote", "channels: {pager: {token: \"" + canary + "}}", nil},
		{"a wrong tag", "channels: {pager: {token: !!int " + canary + ", rate: x}}", nil},
		{"a misspelt key", "channels: {pager: {tokn: " + canary + "}}", nil},
		{"given twice", "channels: {pager: {token: " + canary + ", token: " + canary + "}}", nil},
		{"beside a file", "channels: {pager: {token: " + canary + ", token_file: x}}", nil},
		{"another key wrong", "channels: {pager: {account: a, token: " + canary + ", rate: 0}}", nil},
		{"the same text in another key", "channels: {pager: {token: " + canary + ", rate: " + canary + "}}", nil},
		{"nested", "channels: {pager: {relay: {password: [" + canary + "]}}}", nil},
		{"the user of a cluster", "nats: {url: 'nats://desk:" + canary + "@a:no-port'}", nil},
		{"the user of a cluster without a scheme", "nats: {url: 'desk:" + canary + "@a:4222'}", nil},
		{"a comma in the password of a cluster", "nats: {url: 'nats://desk:x," + canary + "@a:4222'}", nil},
		{"the user of the public URL", "http: {public_url: 'https://desk:" + canary + "@a'}", nil},
		{"a misspelt variable", "", []string{"REVERE_CHANNELS__PAGER__TOKN=" + canary}},
		{"a variable that is another's beginning", "", []string{"REVERE_CHANNELS__PAGER__TOKEN__X=" + canary}},
		{"a variable of a section", "", []string{"REVERE_CHANNELS__PAGER=" + canary}},
		{"both variables", "", []string{"REVERE_CHANNELS__PAGER__TOKEN=" + canary, "REVERE_CHANNELS__PAGER__TOKEN_FILE=x"}},
		{"a broken file beside a good variable", "{", []string{"REVERE_CHANNELS__PAGER__TOKEN=" + canary}},
		{"quoted by the channel itself", "channels: {pager: {account: a, token: " + canary[:7] + "}}", nil},
		{"in a file of two problems", "channels: {pager: {account: a, rate: 0, token_file: " + write(t, "token", canary[:7]) + "}}", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := load(t, test.yaml, test.environ...)
			require.Error(t, err)
			assert.NotContains(t, err.Error(), canary[:7])
		})
	}
}

// FuzzLoad holds Load to this: whatever the file says, it is either a configuration that can be
// shown and loaded again, or an error with a sentence for each problem; and a secret stays one.
func FuzzLoad(f *testing.F) {
	for _, seed := range []string{
		"", "nats: {replicas: 3}", "a: *b", "channels: {pager: {account: a, rate: 0}}", "? [a]\n: b", "<<: {a: b}",
		"data_dir: &a [*a]", "x: &x {nats: *x}", "log: {level: \"\\x00\"}", "channels:\n  pager:\n    relay: ~\n", "---\n...\n---\n",
		"http: {listen: '[::1%a]:1'}", "sender_name: |\n  two\n  lines\n", "nats: {url: 'nats://a@b,c'}", "desk_phone: !!binary AA==",
	} {
		f.Add(seed)
	}
	environ := []string{"REVERE_CHANNELS__PAGER__TOKEN=" + canary}
	f.Fuzz(func(t *testing.T, yaml string) {
		if strings.Contains(yaml, canary) {
			t.Skip("the secret is no secret")
		}
		c, err := config.Load(write(t, "revere.yaml", yaml), environ, sections())
		if err != nil {
			require.NotContains(t, err.Error(), canary)
			var problems *config.Error
			require.ErrorAs(t, err, &problems)
			for _, p := range problems.Problems {
				require.NotEmpty(t, p.Detail)
			}
			return
		}
		shown := c.Redacted()
		require.NotContains(t, shown, canary)
		again, err := config.Load(write(t, "again.yaml", shown), environ, sections())
		require.NoError(t, err, "%q was shown as:\n%s", yaml, shown)
		require.Equal(t, shown, again.Redacted())
	})
}
