package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAKeyIsNeverWrittenOverAnother(t *testing.T) {
	file := filepath.Join(t.TempDir(), "backup.key")
	shell{}.ok(t, "keygen", file)
	first, err := os.ReadFile(file)
	require.NoError(t, err)

	r := shell{}.run(t, "keygen", file)
	assert.Equal(t, statusFailed, r.status)
	assert.Empty(t, r.out)
	assert.Contains(t, r.err, "only key to older backups; name another")
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, first, after)
}

func TestAFileThatCanNotBeWrittenIsNamedAsItWasTyped(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	require.NoError(t, os.WriteFile(plain, nil, 0o600))
	for name, want := range map[string]string{
		filepath.Join(dir, "absent", "x.age"): "there is no directory " + filepath.Join(dir, "absent") + "; make it first",
		filepath.Join(plain, "x.age"):         "directory " + plain + ": not a directory",
		dir:                                   "is a directory: name a file in it",
	} {
		err := writeFile(name, func(*os.File) error { t.Error("it was written"); return nil })
		require.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, name)
		assert.NotContains(t, err.Error(), ".revere-")
	}
}
