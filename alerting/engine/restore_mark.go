package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"revere/alerting"
)

// restoringStream exists while a restore is under way, or was broken off: nobody works on streams of
// which some are missing.
const restoringStream = "RESTORING"

// markedBy is where the mark says whose it is.
const markedBy = "revere-restore"

// refuseHalf tells whether what is there is half of a backup.
func refuseHalf(ctx context.Context, js jetstream.JetStream) error {
	_, err := patiently(ctx, func(ctx context.Context) (jetstream.Stream, error) { return js.Stream(ctx, restoringStream) })
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("look for a restore that was broken off: %w", err)
	}
	return alerting.Errorf(alerting.CodeConflict, "a restore into this account is under way, or was broken off; run `revere restore` again to complete it")
}

// begin marks an empty account. What a restore before has left behind is removed, and its mark taken over.
func (r *Restore) begin(ctx context.Context) error {
	names, err := r.streams(ctx)
	if err != nil {
		return err
	}
	broken := slices.Contains(names, restoringStream)
	if len(names) > 0 && !broken {
		return alerting.Errorf(alerting.CodeConflict, "the NATS account is not empty: it has the streams %s; restore into an account of its own, or remove them first", strings.Join(names, ", "))
	}
	if err := r.mark(ctx); err != nil {
		return fmt.Errorf("mark the account: %w", err)
	}
	if !broken {
		return nil
	}
	r.log.Warn().Strs("streams", names).Msg("removing what a restore that was broken off has left behind")
	return r.removeAll(ctx, names)
}

// mark makes the mark this restore's. Done again, since the answer to a try was lost, it changes nothing.
func (r *Restore) mark(ctx context.Context) error {
	config := jetstream.StreamConfig{
		Name: restoringStream, Description: "a restore is under way", Subjects: []string{"restoring"}, Replicas: r.replicas, Storage: jetstream.FileStorage,
		Metadata: map[string]string{markedBy: r.id},
	}
	_, err := makeStream(ctx, r.js, config)
	return err
}

func (r *Restore) streams(ctx context.Context) ([]string, error) {
	names, err := patiently(ctx, func(ctx context.Context) (names []string, err error) {
		list := r.js.StreamNames(ctx)
		for name := range list.Name() {
			names = append(names, name)
		}
		return names, list.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list the streams of the account: %w", err)
	}
	slices.Sort(names)
	return names, nil
}

// removeAll removes streams, but for the mark.
func (r *Restore) removeAll(ctx context.Context, names []string) error {
	for _, name := range names {
		if name == restoringStream {
			continue
		}
		if err := r.remove(ctx, name); err != nil {
			return fmt.Errorf("remove stream %s: %w", name, err)
		}
	}
	return nil
}

// remove removes a stream. One that is not there any more was removed by a try whose answer was lost.
func (r *Restore) remove(ctx context.Context, name string) error {
	_, err := patiently(ctx, func(ctx context.Context) (struct{}, error) { return struct{}{}, r.js.DeleteStream(ctx, name) })
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil
	}
	return err
}

// mine makes sure that no other restore has taken the account over meanwhile.
func (r *Restore) mine(ctx context.Context) error {
	mark, err := patiently(ctx, func(ctx context.Context) (jetstream.Stream, error) { return r.js.Stream(ctx, restoringStream) })
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound) || err == nil && mark.CachedInfo().Config.Metadata[markedBy] != r.id:
		return errTakenOver
	case err != nil:
		return fmt.Errorf("look whether another restore was begun: %w", err)
	}
	return nil
}

var errTakenOver = alerting.Errorf(alerting.CodeConflict, "another restore into this account was begun since; this one has ended, and left the account to it")

// Abort removes what was restored, and closes. Where that fails the account stays marked: no service
// starts on it, and the next restore removes the rest. What another restore has begun is left to it.
func (r *Restore) Abort(ctx context.Context) error {
	defer r.Close()
	if err := r.mine(ctx); errors.Is(err, errTakenOver) {
		return nil
	} else if err != nil {
		return stillMarked(err)
	}
	names, err := r.streams(ctx)
	if err != nil {
		return stillMarked(err)
	}
	if err := r.removeAll(ctx, names); err != nil {
		return stillMarked(err)
	}
	if err := r.remove(ctx, restoringStream); err != nil {
		return stillMarked(err)
	}
	return nil
}

func stillMarked(err error) error {
	return fmt.Errorf("what was restored so far could not be removed, no service starts on it, and the next `revere restore` removes it: %w", err)
}
