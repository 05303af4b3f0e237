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
