package harness

import (
	"context"
	"errors"
	"strconv"
	"syscall"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"revere/alerting/faults"
)

// settings are what Revere is told of the cluster.
func (c *Cluster) settings() map[string]string {
	return map[string]string{"NATS__URL": c.URL(), "NATS__REPLICAS": strconv.Itoa(len(c.Nodes))}
}

// Streams are the cluster's streams, those of buckets too, with their last sequences.
func (c *Cluster) Streams() (last map[string]uint64) {
	c.t.Helper()
	last = map[string]uint64{}
	for name, info := range c.StreamInfos() {
		last[name] = info.State.LastSeq
	}
	return last
}

// StreamInfos tell of each stream. They wait for those whose leader is being elected, which a list of the server's leaves
// out.
func (c *Cluster) StreamInfos() (infos map[string]*jetstream.StreamInfo) {
	c.t.Helper()
	c.Patiently(func(ctx context.Context, js jetstream.JetStream) error {
		infos = map[string]*jetstream.StreamInfo{}
		names := js.StreamNames(ctx)
		for name := range names.Name() {
			stream, err := js.Stream(ctx, name)
			if err != nil {
				return err
			}
			infos[name] = stream.CachedInfo()
		}
		return names.Err()
	})
	return infos
}

// Empty removes every stream.
func (c *Cluster) Empty() {
	c.t.Helper()
	for name := range c.Streams() {
		c.Patiently(func(ctx context.Context, js jetstream.JetStream) error {
			if err := js.DeleteStream(ctx, name); !errors.Is(err, jetstream.ErrStreamNotFound) {
				return err
			}
			return nil
		})
	}
}

// Patiently is Admin where there may be an election: what is done may be done more than once.
func (c *Cluster) Patiently(do func(ctx context.Context, js jetstream.JetStream) error) {
	c.t.Helper()
	Soon(c.t, func() error { return c.admin(do) })
}

// A Restoring is `revere restore` into a cluster, under way in a process of its own.
type Restoring struct {
	// Log is what it has said, the result included.
	Log *Log

	t     testing.TB
	child *child
}

// Restore begins to restore a backup into the cluster. dir is the data directory that gets the token,
// fault where the process dies.
func (c *Cluster) Restore(dir, file, key string, fault faults.Plan) *Restoring {
	c.t.Helper()
	settings := c.settings()
	settings["DATA_DIR"] = dir
	if fault.Point != "" {
		settings[setFault] = fault.String()
	}
	r := &Restoring{Log: &Log{}, t: c.t}
	var err error
	arguments := []string{"restore", file, "--identity-file", key}
	if r.child, err = spawn(Binary(c.t), arguments, append(environ(settings), "HOME="+c.t.TempDir()), c.t.TempDir(), r.Log); err != nil {
		c.t.Fatalf("start the restore: %v", err)
	}
	c.t.Cleanup(r.Kill)
	return r
}

// Kill ends it in the middle of what it does, where it has not ended by itself.
func (r *Restoring) Kill() {
	if r.child.running() && !r.child.end(syscall.SIGKILL, stopTime) {
		r.t.Errorf("the restore did not end within %s of a kill -9", stopTime)
	}
}

// Ended waits for its end, and returns its exit status: -1 where a signal ended it.
func (r *Restoring) Ended() (status int) {
	r.t.Helper()
	if !r.child.wait(commandTime) {
		r.t.Fatalf("the restore did not end within %s:\n%s", commandTime, r.Log.Tail(20))
	}
	return r.child.status()
}
