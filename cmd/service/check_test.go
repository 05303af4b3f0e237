package service_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/cmd/service"
	"revere/config"
)

// What serve would stumble over is found by check.
func TestCheckTriesTheDataDirectory(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	cases := map[string]string{
		dir:                          "",
		filepath.Join(dir, "a", "b"): "",
		file:                         file + " is not a directory",
		filepath.Join(file, "data"):  "not a directory",
	}
	if runtime.GOOS == "linux" {
		cases["/proc/absent"] = "nothing can be written into /proc"
	}
	for dataDir, want := range cases {
		c, err := config.Load("", []string{"REVERE_DATA_DIR=" + dataDir}, nil)
		require.NoError(t, err)
		found := ""
		for _, f := range service.Check(t.Context(), c, nil) {
			if f.About == "data_dir" {
				assert.False(t, f.OK)
				found = f.Detail
			}
		}
		if want == "" {
			assert.Empty(t, found, dataDir)
			continue
		}
		assert.Contains(t, found, want, dataDir)
		assert.Contains(t, found, "set another data_dir")
	}
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, left, 1, "check leaves nothing behind")
}
