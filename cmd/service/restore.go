package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/gofrs/flock"
	"github.com/rs/zerolog"

	"revere/alerting"
	"revere/alerting/access"
	"revere/alerting/backup"
	"revere/alerting/engine"
	"revere/config"
)

// A RestoreOrder is a backup and what opens it.
type RestoreOrder struct {
	Config *config.Config
	// File is read twice: it is checked as a whole before anything is written.
	File io.ReadSeeker
	Keys []age.Identity
	Log  zerolog.Logger
}

// Restored is what a restore did.
type Restored struct {
	Contents backup.Contents
	// Into says where the backup is now, TokenFile where an admin token for it is.
	Into      string
	TokenFile string
}

// Restore fills an empty data directory, or an empty account of a cluster, from a backup: all of it is
// there afterwards, or none of it is. What was restored is held until an operator releases it. The
// old admin token's file is not in a backup, so a new admin token is made.
func Restore(ctx context.Context, o RestoreOrder) (r Restored, err error) {
	r.TokenFile = AdminTokenFile(o.Config.DataDir)
	// The target first: it costs nothing, and a backup may be large.
	if err := onlyEmpty(o.Config.DataDir, o.Config.NATS.Embedded()); err != nil {
		return r, err
	}
	if r.Contents, err = backup.Check(o.File, o.Keys); err != nil {
		return r, err
	}
	if _, err := o.File.Seek(0, io.SeekStart); err != nil {
		return r, err
	}
	if o.Config.NATS.Embedded() {
		r.Into = "the data directory " + o.Config.DataDir
		err = o.intoDirectory(ctx, r)
	} else {
		r.Into = "the cluster's account"
		err = o.intoCluster(ctx, r)
	}
	if err != nil {
		return r, errors.Join(err, ignoreAbsent(os.Remove(pendingToken(r.TokenFile))))
	}
	return r, os.Rename(pendingToken(r.TokenFile), r.TokenFile)
}

func ignoreAbsent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (o RestoreOrder) intoCluster(ctx context.Context, r Restored) error {
	c := o.Config.NATS
	target, err := engine.RestoreCluster(ctx, engine.ClusterConfig{URL: c.URL, Credentials: c.Credentials, Replicas: c.Replicas}, o.Log)
	if err != nil {
		return err
	}
	return o.fill(ctx, target, r)
}

// restoringDir is where a data directory is restored, within itself, so that one renaming makes it
// whole. What a restore that was broken off left there is removed.
const restoringDir = "restoring"

// engineDir is the folder of a data directory that the embedded server keeps.
const engineDir = "jetstream"

// onlyEmpty refuses a data directory that holds anything of an installation. On a cluster that is the
// admin token only.
func onlyEmpty(dir string, embedded bool) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look into the data directory: %w", err)
	}
	var found []string
	token := filepath.Base(AdminTokenFile(dir))
	ours := []string{"lock", restoringDir, pendingToken(token)} // of a restore that was broken off
	for _, e := range entries {
		if e.Name() == token || embedded && !slices.Contains(ours, e.Name()) {
			found = append(found, e.Name())
		}
	}
	if len(found) == 0 {
		return nil
	}
	return alerting.Errorf(alerting.CodeConflict, "the data directory %s is not empty: it has %s; restore into another data_dir, or move them away first", dir, strings.Join(found, ", "))
}

// intoDirectory restores beside where the engine's files belong, and puts them there when all is done
// and on disk.
func (o RestoreOrder) intoDirectory(ctx context.Context, r Restored) (err error) {
	dir := o.Config.DataDir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	lock := flock.New(filepath.Join(dir, "lock"))
	if locked, err := lock.TryLock(); err != nil || !locked {
		return errors.Join(err, alerting.Errorf(alerting.CodeConflict, "another revere is at work on the data directory %s; stop it, or set another data_dir", dir))
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	work := filepath.Join(dir, restoringDir)
	if err := os.RemoveAll(work); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	if err := o.fillDirectory(ctx, work, r); err != nil {
		return err
	}
	if err := syncAll(work); err != nil {
		return fmt.Errorf("write what was restored to disk: %w", err)
	}
	if err := os.Rename(filepath.Join(work, engineDir), filepath.Join(dir, engineDir)); err != nil {
		return err
	}
	return syncFile(dir)
}

// fillDirectory runs a server without a listener on a directory while it is filled.
func (o RestoreOrder) fillDirectory(ctx context.Context, dir string, r Restored) (err error) {
	server, err := engine.StartServer(engine.ServerConfig{Dir: dir, Log: o.Log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	target, err := engine.RestoreEmbedded(ctx, server, o.Log)
	if err != nil {
		return err
	}
	return o.fill(ctx, target, r)
}

// fill puts the backup into a target and holds it. The token is on disk before it counts.
func (o RestoreOrder) fill(ctx context.Context, target *engine.Restore, r Restored) error {
	err := backup.Restore(ctx, o.File, o.Keys, r.Contents, target)
	if err == nil {
		err = o.finish(ctx, target, r)
	}
	if err != nil {
		if undone := target.Abort(context.WithoutCancel(ctx)); undone != nil {
			return errors.Join(err, undone)
		}
		return fmt.Errorf("%w; nothing of it was kept: mend what is wrong and run it again", err)
	}
	target.Close()
	return nil
}

func (o RestoreOrder) finish(ctx context.Context, target *engine.Restore, r Restored) error {
	now := time.Now()
	secret, token, err := access.New("admin after a restore", access.Admin, nil, now)
	if err != nil {
		return err
	}
	if err := writeSecret(pendingToken(r.TokenFile), secret); err != nil {
		return err
	}
	return target.Finish(ctx, alerting.Hold{Since: now.UTC().Truncate(time.Millisecond), Backup: r.Contents.Made}, token.Put())
}

// syncAll writes every file of a tree to disk. The server goes on removing the stream that was the mark
// of the restore for a while after it has stopped: what vanishes meanwhile needs no writing.
func syncAll(dir string) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err == nil {
			err = syncFile(path)
		}
		return ignoreAbsent(err)
	})
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
