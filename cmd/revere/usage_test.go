package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write golden files")

func TestHelpIsAsItWasAgreed(t *testing.T) {
	t.Setenv("COLUMNS", "100")
	golden := filepath.Join("testdata", "help.txt")
	shown := shell{}.ok(t, "--help")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(shown), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), shown)
}

func TestNoCommandShowsHelpAndFails(t *testing.T) {
	r := shell{}.run(t)
	assert.Equal(t, statusUsage, r.status)
	assert.Empty(t, r.out)
	assert.Contains(t, r.err, "Usage: revere <command>")
}

// leaves are all commands that can be run, by what is typed for them.
func leaves(t *testing.T) map[string]*kong.Node {
	t.Helper()
	var cli commandLine
	parser, err := newParser(t.Context(), &cli, environment{stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}}, func() {})
	require.NoError(t, err)
	found := map[string]*kong.Node{}
	for _, node := range parser.Model.Leaves(false) {
		name := node.Name
		for up := node.Parent; up.Parent != nil; up = up.Parent {
			name = up.Name + " " + name
		}
		found[name] = node
	}
	return found
}

func TestTheCommandsAreThoseOfTheDesign(t *testing.T) {
	var names []string
	for name := range leaves(t) {
		names = append(names, name)
	}
	assert.ElementsMatch(t, strings.Split("serve,demo,publish,alerts list,alerts show,alerts watch,alerts cancel,alerts update,ack,"+
		"subscribers import,subscribers export,subscribers list,subscribers show,subscribers add,subscribers remove,"+
		"teams list,teams show,teams add,teams remove,areas import,areas list,areas find,tokens new,tokens list,tokens revoke,"+
		"rejected list,rejected show,rejected replay,verify,backup,restore,release,keygen,bench,check,version", ","), names)
}

func TestEveryCommandExplainsItself(t *testing.T) {
	for name, node := range leaves(t) {
		r := shell{}.run(t, append(strings.Fields(name), "--help")...)
		assert.Equal(t, statusOK, r.status, name)
		assert.Empty(t, r.err, name)
		assert.Contains(t, r.out, "\n    revere "+name, "%s has no example", name)
		for _, flag := range node.Flags {
			assert.NotEmpty(t, flag.Help, "%s --%s", name, flag.Name)
		}
		for _, argument := range node.Positional {
			assert.NotEmpty(t, argument.Help, "%s <%s>", name, argument.Name)
		}
	}
}

func TestEveryCommandThatPrintsAResultPrintsJSON(t *testing.T) {
	without := map[string]bool{"serve": true, "demo": true, "subscribers export": true} // logs, a story, a file
	for name, node := range leaves(t) {
		has := false
		for _, flag := range node.Flags {
			has = has || flag.Name == "json"
		}
		assert.Equal(t, !without[name], has, name)
	}
}

func TestWrongUsageIsStatus2AndNamesTheFix(t *testing.T) {
	for typed, want := range map[string]string{
		"publsh":                     `there is no command "publsh"; did you mean "publish"?`,
		"alerts lst":                 `there is no command "lst"; did you mean "list"?`,
		"alerts":                     `"list", "show", "watch"`,
		"alerts list --jsn":          `--json`,
		"alerts list --frob":         "unknown flag --frob\n`revere alerts list --help`",
		"alerts show":                "missing <id>",
		"ack a1":                     "missing <subscriber>",
		"alerts show a1 --csv":       "--unanswered, --people or --deliveries",
		"alerts list --since tue":    `--since "tue"`,
		"alerts list --status actul": `--status "actul" is not one of actual, exercise`,
		"alerts list --severity bad --phase shut":     `--severity "bad" is not one of extreme, severe`,
		"alerts list --phase shut":                    `--phase "shut" is not one of open, updated, canceled, expired`,
		"teams add --id x --name X --replace":         "--members is missing",
		"alerts show a1 --unanswered --deliveries":    "can't be used together",
		"alerts update a1":                            "say what is different now",
		"alerts update a1 --severity bad --expires x": `--expires "x"`,
		"publish":                                                       "--status is missing",
		"publish ma.boston x":                                           "--severity is missing",
		"publish ma.boston x --severity severe":                         "--status is missing",
		"publish ma.boston Phishing by mail":                            `"by" is one argument too many; a text of several words needs quotes around it`,
		"serve revere.yaml":                                             `"revere.yaml" is one argument too many; name a configuration with --config`,
		"subscribers list salem":                                        "\"salem\" is one argument too many\n",
		"alerts show a1 a2":                                             "\"a2\" is one argument too many\n",
		"check revere.yaml":                                             `"revere.yaml" is one argument too many; name a configuration with --config`,
		"publish ma.boston x --severity bad --status no":                `--severity "bad" is not one of extreme, severe`,
		"publish ma.boston --file a.json":                               "leave out the area",
		"publish --file a.json --tlp GREEN":                             "leave out the area",
		"publish ma.x x --severity minor --status test --response 1":    `--response "1"`,
		"publish ma.x x --severity minor --status test --expires -6h":   "",
		"publish ma.x x --severity minor --status test --expires=-6h":   `"-6h" is not after now`,
		"publish ma.x x --severity minor --status actual --server http": "is not a URL",
		"tokens new":                         "missing flags: --role",
		"tokens new --role boss":             "admin",
		"subscribers import people.txt":      "say it with --format",
		"subscribers import people.XLSX":     `save it as "CSV UTF-8 (comma delimited)"`,
		"subscribers add --id x":             "--areas",
		"bench --alerts 0":                   "1 or more",
		"bench --repeat 0":                   "1 or more",
		"bench --replicas 3":                 "needs a cluster",
		"bench --replicas 2 --nats nats://x": `one of "1","3","5"`,
		"demo --speed 0":                     "--speed 0",
		"demo --listen 8080":                 `--listen "8080" is not an address`,
		"demo --nats-listen 127.0.0.1:99999": `--nats-listen "127.0.0.1:99999" is not an address`,
		"serve --roles cook":                 "api",
		"backup x.age":                       "--recipient",
		"restore x.age":                      "--identity-file",
	} {
		r := shell{}.run(t, strings.Fields(typed)...)
		assert.Equal(t, statusUsage, r.status, typed)
		assert.Empty(t, r.out, typed)
		assert.True(t, strings.HasPrefix(r.err, "revere: "), "%s: %s", typed, r.err)
		assert.Contains(t, r.err, want, typed)
	}
}

func TestAllThatIsWrongWithAnAlertIsToldAtOnce(t *testing.T) {
	r := shell{}.run(t, "publish", "ma.boston", "--severity", "bad", "--urgency", "now", "--expires", "soon")
	assert.Equal(t, statusUsage, r.status)
	for _, want := range []string{"HEADLINE", "--status", `--severity "bad"`, `--urgency "now"`, `--expires "soon"`} {
		assert.Contains(t, r.err, want)
	}
}

func TestAFailureWithJSONIsJSON(t *testing.T) {
	failed := func(args ...string) (f failure) {
		r := shell{}.run(t, args...)
		assert.Empty(t, r.out)
		require.NoError(t, json.Unmarshal([]byte(r.err), &f), r.err)
		assert.NotNil(t, f.Errors)
		f.status = r.status
		return f
	}
	f := failed("alerts", "list", "--json", "--status", "actul")
	assert.Equal(t, []any{statusUsage, codeUsage}, []any{f.status, f.Code})
	assert.Contains(t, f.Detail, `--status "actul" is not one of actual`)

	assert.Equal(t, codeUsage, failed("alerts", "list", "--json=1", "--status", "actul").Code)
	assert.Contains(t, shell{}.run(t, "alerts", "list", "--json=false", "--status", "actul").err, "revere: --status")
	assert.Contains(t, shell{}.run(t, "publish", "--status", "actul", "--", "--json").err, "revere: ")

	f = failed("alerts", "list", "--json", "--token", "x", "--server", "http://127.0.0.1:1")
	assert.Equal(t, []any{statusFailed, codeUnreachable}, []any{f.status, f.Code})

	f = failed("publish", "--file", "absent.json", "--json", "--token", "x")
	assert.Equal(t, []any{statusFailed, codeFailed}, []any{f.status, f.Code})
	assert.Contains(t, f.Detail, "absent.json")
}

func TestVersion(t *testing.T) {
	assert.Contains(t, shell{}.ok(t, "version"), "revere ")
	assert.NotEmpty(t, jsonOf[map[string]string](t, shell{}, "version")["go"])
}
