package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting/api"
	"revere/subscribers"
)

func TestSubscribers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids := func(args ...string) (ids []string) {
		for _, s := range jsonOf[[]subscribers.Subscriber](t, w.shell, append([]string{"subscribers", "list"}, args...)...) {
			ids = append(ids, s.ID)
		}
		return ids
	}
	file := func(t *testing.T, name, content string) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	const good = "id,name,areas,sms,email\nlynn-clerk,Lynn Clerk,ma.lynn,+16175550130,clerk@lynn.example\n"

	t.Run("list and show", func(t *testing.T) {
		assert.Equal(t, []string{"boston-clerk"}, ids("--area", "ma.boston"))
		assert.Equal(t, []string{"salem-clerk"}, ids("--search", "salem"))
		assert.Equal(t, []string{"boston-clerk"}, ids("--limit", "1"))
		assert.Contains(t, w.ok(t, "subscribers", "list"), "+16175550123")
		assert.Contains(t, w.ok(t, "subscribers", "show", "boston-clerk"), "Boston Clerk")
		assert.Equal(t, statusFailed, w.run(t, "subscribers", "show", "nobody").status)
	})
	t.Run("adding does not overwrite", func(t *testing.T) {
		again := []string{"subscribers", "add", "--id", "boston-clerk", "--name", "Other", "--areas", "ma.boston", "--signal", "+16175550123", "--sms", "+16175550123", "--prefer", "signal"}
		r := w.run(t, again...)
		assert.Equal(t, statusFailed, r.status)
		assert.Contains(t, r.err, "--replace")
		w.ok(t, append(again, "--replace")...)
		s := jsonOf[subscribers.Subscriber](t, w.shell, "subscribers", "show", "boston-clerk")
		require.Len(t, s.Contacts, 2)
		assert.Equal(t, "signal", s.Contacts[0].Channel)
		assert.Equal(t, "Other", s.Name)
	})
	t.Run("bad rows are named one a line, and nothing changes", func(t *testing.T) {
		before := ids()
		r := w.run(t, "subscribers", "import", file(t, "s.csv", good+"x,X,ma.lynn,12,nope\n"))
		assert.Equal(t, statusFailed, r.status)
		assert.Contains(t, r.err, "\n  line 3, column sms: ")
		assert.Contains(t, r.err, "\n  line 3, column email: ")
		assert.Equal(t, before, ids())
	})
	t.Run("import, and what it would do", func(t *testing.T) {
		path := file(t, "s.csv", good)
		assert.Contains(t, w.ok(t, "subscribers", "import", path, "--dry-run"), "1 added, 0 changed, 0 unchanged, 0 removed; nothing was changed")
		assert.NotContains(t, ids(), "lynn-clerk")
		assert.Equal(t, "1 added, 0 changed, 0 unchanged, 0 removed\n", w.ok(t, "subscribers", "import", path))
		assert.Contains(t, ids(), "lynn-clerk")
	})
	t.Run("an export is an import that changes nothing", func(t *testing.T) {
		for _, format := range []string{"csv", "json"} {
			piped := w.shell
			piped.stdin = w.ok(t, "subscribers", "export", "--format", format)
			assert.Contains(t, piped.ok(t, "subscribers", "import", "-", "--format", format, "--replace"), "0 added, 0 changed, 3 unchanged, 0 removed")
		}
	})
	t.Run("an exported file is for its owner alone", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "out.csv")
		w.ok(t, "subscribers", "export", "--output", path)
		about, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), about.Mode().Perm())
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, w.ok(t, "subscribers", "export"), string(content))
	})
	t.Run("teams", func(t *testing.T) {
		w.ok(t, "teams", "add", "--id", "emc", "--name", "Boston EMC", "--kind", "emc", "--members", "boston-clerk,salem-clerk")
		assert.Contains(t, w.ok(t, "teams", "list"), "boston-clerk, salem-clerk")
		assert.Contains(t, w.ok(t, "teams", "show", "emc"), "1. boston-clerk")
		assert.Equal(t, statusFailed, w.run(t, "teams", "add", "--id", "emc", "--name", "X", "--members", "salem-clerk").status)
		w.ok(t, "teams", "remove", "emc")
		w.ok(t, "teams", "add", "--id", "later", "--name", "Empty at first", "--kind", "emc")
		assert.NotContains(t, w.ok(t, "teams", "show", "later"), "member")
		w.ok(t, "teams", "add", "--id", "later", "--name", "Full", "--kind", "emc", "--members", "salem-clerk", "--replace")
		assert.Contains(t, w.ok(t, "teams", "show", "later"), "1. salem-clerk")
		w.ok(t, "teams", "remove", "later")
		assert.Equal(t, "no teams\n", w.ok(t, "teams", "list"))
	})
	t.Run("remove", func(t *testing.T) {
		w.ok(t, "subscribers", "remove", "salem-clerk")
		assert.NotContains(t, ids(), "salem-clerk")
		assert.Equal(t, statusFailed, w.run(t, "subscribers", "remove", "salem-clerk").status)
	})
	t.Run("areas", func(t *testing.T) {
		assert.Equal(t, "nothing is called \"no such place\": the beginning of a name is enough; municipalities are found once their state's were imported (`revere areas import`)\n",
			w.ok(t, "areas", "find", "no", "such", "place"))
		assert.Contains(t, w.run(t, "areas", "list", "Massachusetts").err, "`revere areas list` shows them all")
		const table = "slug,name,kind,counties,geoid\nma.boston,Boston city,city,suffolk,2507000\nma.lynn,Lynn city,city,essex,2537490\nma.salem,Salem city,city,essex,2559105\n"
		assert.Contains(t, w.ok(t, "areas", "import", file(t, "a.csv", table), "--dry-run"), "3 municipalities in 1 state; nothing was changed")
		assert.Equal(t, "3 municipalities in 1 state\n", w.ok(t, "areas", "import", file(t, "a.csv", table)))
		assert.Contains(t, w.ok(t, "areas", "find", "boston"), "ma.county-suffolk")
		assert.Contains(t, w.ok(t, "areas", "list", "ma"), "ma.lynn")
		r := w.run(t, "publish", "ma.bostn", "x", "--severity", "minor", "--status", "test")
		assert.Contains(t, r.err, `"ma.boston"`, "the nearest is named")
		assert.Contains(t, w.run(t, "areas", "import", file(t, "b.csv", "slug,name\nMA.X,x\n")).err, "\n  line 2, column slug: ")
	})
}

// The README tells people to import these.
func TestTheSampleDirectoryIsTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sample := filepath.Join("..", "demo", "sample")
	assert.Equal(t, "25 municipalities in 1 state\n", w.ok(t, "areas", "import", filepath.Join(sample, "areas.csv")))
	r := w.run(t, "subscribers", "import", filepath.Join(sample, "clerks.csv"))
	assert.Equal(t, statusOK, r.status, r.err)
	assert.Equal(t, "5 added, 0 changed, 0 unchanged, 0 removed\n", r.out)
}

func TestTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.run(t, "tokens", "new", "--role", "producer", "--areas", "ma", "--name", "state-desk")
	require.Equal(t, statusOK, r.status, r.err)
	token := strings.TrimSuffix(r.out, "\n")
	assert.True(t, strings.HasPrefix(token, "revere_") && !strings.ContainsAny(token, " \n"), "only the token goes to stdout")
	assert.NotContains(t, r.err, token)
	assert.Contains(t, r.err, "state-desk")
	assert.NotContains(t, w.ok(t, "tokens", "list"), token, "it is never shown again")
	assert.NotContains(t, w.ok(t, "tokens", "list", "--json"), token)

	producer := w.with("REVERE_TOKEN=" + token)
	producer.ok(t, "publish", "ma.boston", "x", "--severity", "minor", "--status", "exercise")
	outside := producer.run(t, "publish", "nh.concord", "x", "--severity", "minor", "--status", "exercise")
	assert.Equal(t, statusFailed, outside.status)
	forbidden := producer.run(t, "tokens", "list")
	assert.Equal(t, statusFailed, forbidden.status)
	assert.Contains(t, forbidden.err, "from $REVERE_TOKEN")
	assert.NotContains(t, forbidden.err, token)

	var id string
	for _, each := range jsonOf[[]api.TokenView](t, w.shell, "tokens", "list") {
		if each.Name == "state-desk" {
			id = each.ID
		}
	}
	w.ok(t, "tokens", "revoke", id)
	ended := producer.run(t, "alerts", "list")
	assert.Equal(t, statusFailed, ended.status)
	assert.Contains(t, ended.err, "revere tokens new")
	assert.NotContains(t, ended.err, token)
}
