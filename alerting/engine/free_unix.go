//go:build linux || darwin

package engine

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// freeBytes is how much this process may still write on the disk that holds a directory.
func freeBytes(dir string) (uint64, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return 0, fmt.Errorf("look at the disk of %s: %w", dir, err)
	}
	return uint64(fs.Bavail) * uint64(fs.Bsize), nil
}
