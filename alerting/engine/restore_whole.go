package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// wholeTime is how long the servers may take to copy what was restored from each other.
	wholeTime = 10 * time.Minute
	// leaderlessTime is how long a stream may be without a leader: several elections.
	leaderlessTime = 20 * time.Second
	// wholeLook is the pause between two looks at it. Two in a row must find all of it: for a moment
	// after it answered, the server that took a copy has not yet told the others that there is any.
	wholeLook = 500 * time.Millisecond
)

// whole waits until every stream is on most of its servers. The one that takes a copy answers as soon
// as it has it alone; if it were lost then, the others would go on with a stream that is empty.
func (r *Restore) whole(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, wholeTime)
	defer cancel()
	answered := time.Now()
	for found := 0; ; {
		err := r.allSpread(ctx)
		if !unanswered(err) {
			answered = time.Now()
		}
		switch {
		case err == nil && (r.replicas == 1 || found == 1):
			return nil
		case err == nil:
			found++
		case errors.Is(err, errSpreading) || unanswered(err) && time.Since(answered) < leaderlessTime:
			found = 0
		default:
			return err
		}
		if !pause(ctx, wholeLook) {
			return fmt.Errorf("wait until the servers have it: %w", errors.Join(err, ctx.Err()))
		}
	}
}

func (r *Restore) allSpread(ctx context.Context) error {
	for _, copied := range r.copies {
		stream, err := once(ctx, func(ctx context.Context) (jetstream.Stream, error) { return r.js.Stream(ctx, copied.Name) })
		if err != nil {
			return fmt.Errorf("look at stream %s: %w", copied.Name, err)
		}
		if err := spread(stream.CachedInfo()); err != nil {
			return fmt.Errorf("stream %s: %w", copied.Name, err)
		}
		if err := copied.missing(stream.CachedInfo()); err != nil {
			return fmt.Errorf("stream %s was lost with the server that had it: %w", copied.Name, err)
		}
	}
	return nil
}

// errSpreading says that most servers of a stream do not have all of it yet.
var errSpreading = errors.New("most servers do not have it yet")

// spread tells whether most servers of a stream have all of it.
func spread(info *jetstream.StreamInfo) error {
	if info.Cluster == nil || info.Config.Replicas == 1 {
		return nil
	}
	if info.Cluster.Leader == "" {
		return errNoLeader
	}
	have := 1
	for _, server := range info.Cluster.Replicas {
		if server.Current && !server.Offline && server.Lag == 0 {
			have++
		}
	}
	if have <= info.Config.Replicas/2 {
		return errSpreading
	}
	return nil
}
