package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// listener is a server that only notes which token it was shown.
func listener(t *testing.T) (url string, shown *string) {
	t.Helper()
	shown = new(string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*shown = r.Header.Get("Authorization")
		_, _ = w.Write([]byte(`{"data":[],"next_cursor":null}`))
	}))
	t.Cleanup(server.Close)
	return server.URL, shown
}

// write0600 makes a file in the working directory.
func write0600(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
}

func TestTheTokenIsFoundWhereTheDesignSays(t *testing.T) {
	url, shown := listener(t)
	for name, c := range map[string]struct {
		files   map[string]string
		environ []string
		flags   []string
		want    string
	}{
		"the flag":                          {environ: []string{"REVERE_TOKEN=variable"}, flags: []string{"--token", "flag"}, want: "flag"},
		"the variable":                      {files: map[string]string{"data/admin.token": "file"}, environ: []string{"REVERE_TOKEN=variable"}, want: "variable"},
		"the default data directory":        {files: map[string]string{"data/admin.token": "file\n"}, want: "file"},
		"data_dir of revere.yaml":           {files: map[string]string{"revere.yaml": "data_dir: ./kept\n", "kept/admin.token": "kept"}, want: "kept"},
		"revere.yaml without data_dir":      {files: map[string]string{"revere.yaml": "sender_name: X\n", "data/admin.token": "file"}, want: "file"},
		"another configuration":             {files: map[string]string{"etc/r.yaml": "data_dir: ./kept\n", "kept/admin.token": "kept"}, flags: []string{"--config", "etc/r.yaml"}, want: "kept"},
		"the service's variable":            {files: map[string]string{"revere.yaml": "data_dir: ./no\n", "kept/admin.token": "kept"}, environ: []string{"REVERE_DATA_DIR=kept"}, want: "kept"},
		"a data directory that was given":   {files: map[string]string{"revere.yaml": "data_dir: ./no\n", "kept/admin.token": "kept"}, flags: []string{"--data-dir", "kept"}, want: "kept"},
		"the last of two variables is true": {environ: []string{"REVERE_TOKEN=old", "REVERE_TOKEN=new"}, want: "new"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			for path, content := range c.files {
				write0600(t, path, content)
			}
			s := shell{environ: append(c.environ, "REVERE_SERVER="+url)}
			s.ok(t, append([]string{"alerts", "list"}, c.flags...)...)
			assert.Equal(t, "Bearer "+c.want, *shown)
		})
	}
}

func TestWhatWasLookedForIsTold(t *testing.T) {
	url, _ := listener(t)
	for name, c := range map[string]struct {
		files map[string]string
		flags []string
		want  []string
	}{
		"nothing there":             {want: []string{"--token", "$REVERE_TOKEN", filepath.Join("data", "admin.token"), "no revere.yaml"}},
		"nothing where it says":     {files: map[string]string{"revere.yaml": "data_dir: kept\n"}, want: []string{filepath.Join("kept", "admin.token"), "data_dir of revere.yaml"}},
		"an empty file":             {files: map[string]string{"data/admin.token": "\n"}, want: []string{"is empty"}},
		"a configuration is broken": {files: map[string]string{"revere.yaml": "data_dir: [\n"}, want: []string{"revere.yaml", "--token"}},
		"no such configuration":     {flags: []string{"--config", "no.yaml"}, want: []string{"no.yaml"}},
		"another machine":           {files: map[string]string{"data/admin.token": "secret"}, flags: []string{"--server", "http://revere.example"}, want: []string{"http://revere.example", "--token"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			for path, content := range c.files {
				write0600(t, path, content)
			}
			r := shell{environ: []string{"REVERE_SERVER=" + url}}.run(t, append([]string{"alerts", "list"}, c.flags...)...)
			assert.Equal(t, statusFailed, r.status)
			for _, want := range c.want {
				assert.Contains(t, r.err, want)
			}
			assert.NotContains(t, r.err, "secret")
		})
	}
}

func TestNobodyAnswers(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	r := shell{}.run(t, "alerts", "list", "--server", gone.URL, "--token", "x")
	assert.Equal(t, statusFailed, r.status)
	assert.Contains(t, r.err, "no revere answers at "+gone.URL)
	assert.Contains(t, r.err, "revere serve")
}

func TestTheServiceDoesNotSeeTheCommandLinesVariables(t *testing.T) {
	env := environment{environ: []string{"PATH=/bin", "REVERE_SERVER=s", "REVERE_TOKEN=t", "REVERE_SENDER=d", "REVERE_DATA_DIR=old", "REVERE_LOG__LEVEL=warn"}}
	assert.Equal(t, []string{"PATH=/bin", "REVERE_DATA_DIR=old", "REVERE_LOG__LEVEL=warn"}, connection{}.serviceVariables(env))
	assert.Equal(t, []string{"PATH=/bin", "REVERE_LOG__LEVEL=warn", "REVERE_DATA_DIR=new"}, connection{DataDir: "new"}.serviceVariables(env))
}
