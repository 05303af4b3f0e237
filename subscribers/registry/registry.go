// Package registry keeps the directory: it follows the durable history of changes into memory, and
// writes new ones so that two writers never undo each other.
package registry

import (
	"context"
	"errors"
	"sync"

	"github.com/rs/zerolog"

	"revere/alerting"
	"revere/alerting/faults"
	"revere/subscribers"
)

// A History is where changes are durable.
type History interface {
	// Commit writes changes, all or none, when the history's revision is still last. Its error is
	// alerting.ErrOvertaken when it is not.
	Commit(ctx context.Context, last uint64, changes []alerting.Change) (revision uint64, err error)
	// FollowDirectory calls apply with every commit after a revision, in order, until ctx is done.
	FollowDirectory(ctx context.Context, after uint64, apply func(revision uint64, changes []alerting.Change)) (reached uint64, err error)
	// DirectoryRevision is the newest revision.
	DirectoryRevision(ctx context.Context) (uint64, error)
}

// A Watcher is told of changes of a kind that the directory itself does not hold.
type Watcher func(id string, value []byte)

// A Registry is the directory with its history behind it. It is safe for concurrent use.
type Registry struct {
	Directory *subscribers.Directory
	history   History
	watchers  map[string]Watcher
	log       zerolog.Logger

	mu      sync.Mutex
	reached uint64
	updated chan struct{}
}

// Open follows the history until ctx is done, and returns when the directory holds all there was.
func Open(ctx context.Context, history History, watchers map[string]Watcher, log zerolog.Logger) (*Registry, error) {
	r := &Registry{Directory: subscribers.NewDirectory(), history: history, watchers: watchers, log: log, updated: make(chan struct{})}
	reached, err := history.FollowDirectory(ctx, 0, r.apply)
	if err != nil {
		return nil, err
	}
	return r, r.Wait(ctx, reached)
}

func (r *Registry) apply(revision uint64, changes []alerting.Change) {
	own := make([]subscribers.Change, 0, len(changes))
	for _, c := range changes {
		if watch, ok := r.watchers[c.Kind]; ok {
			watch(c.ID, c.Value)
			continue
		}
		own = append(own, c)
	}
	if err := r.Directory.Apply(revision, own); err != nil {
		r.log.Error().Err(err).Uint64("revision", revision).Msg("a change of the directory can't be read and was passed over")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reached = revision
	close(r.updated)
	r.updated = make(chan struct{})
}

// Wait returns when the directory has taken in a revision.
func (r *Registry) Wait(ctx context.Context, revision uint64) error {
	for {
		r.mu.Lock()
		reached, updated := r.reached, r.updated
		r.mu.Unlock()
		if reached >= revision {
			return nil
		}
		select {
		case <-ctx.Done():
			return alerting.Errorf(alerting.CodeUnavailable, "the directory is at revision %d, not yet at %d", reached, revision)
		case <-updated:
		}
	}
}

// Revision is the revision that the directory has taken in.
func (r *Registry) Revision() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reached
}

// Refresh returns when the directory holds every change that was acknowledged before the call.
func (r *Registry) Refresh(ctx context.Context) error {
	revision, err := r.history.DirectoryRevision(ctx)
	if err != nil {
		return alerting.Errorf(alerting.CodeUnavailable, "ask for the directory's revision: %v", err)
	}
	return r.Wait(ctx, revision)
}

// Edit changes the directory: decide reads it and returns the changes, and is called again when
// someone else was first. It returns the revision at which the changes are durable and seen here;
// with no changes, the present one.
func (r *Registry) Edit(ctx context.Context, decide func() ([]alerting.Change, error)) (revision uint64, err error) {
	for {
		if err := r.Refresh(ctx); err != nil {
			return 0, err
		}
		last := r.Revision()
		changes, err := decide()
		if err != nil || len(changes) == 0 {
			return last, err
		}
		revision, err := r.history.Commit(ctx, last, changes)
		if errors.Is(err, alerting.ErrOvertaken) {
			continue
		}
		if err != nil {
			return 0, err
		}
		faults.Reach(faults.AfterCommit)
		return revision, r.Wait(ctx, revision)
	}
}
