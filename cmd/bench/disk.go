package bench

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"
)

// diskSyncs is how many syncs the disk's figure is taken from.
const diskSyncs = 200

// measureDisk measures what every acknowledgement waits for at least.
func (r *run) measureDisk(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp(r.Dir, "revere-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	f, err := os.Create(filepath.Join(dir, "sync"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	block := make([]byte, 4096)
	took := make([]time.Duration, diskSyncs)
	for i := range took {
		start := time.Now()
		if _, err := f.Write(block); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
		took[i] = time.Since(start)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	r.figures["disk_sync_p50"] = milliseconds(median(took))
	return nil
}
