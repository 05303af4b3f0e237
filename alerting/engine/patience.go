package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// publishPatience is how long a write waits: elections in a cluster take 4 to 9 s, and a publish
	// waits through one rather than fail.
	publishPatience = 12 * time.Second
	// tryPatience is how long one try waits for its answer. An answer that takes longer went down with
	// the connection or the leader that was to give it, and the next try may find another.
	tryPatience = 2 * time.Second
	// leaderWait is the pause before the next try.
	leaderWait = 250 * time.Millisecond
)

// patiently tries until there is an answer, at most publishPatience long. It is for what may be done
// twice: nobody can say whether a try without an answer was done.
func patiently[T any](ctx context.Context, try func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, publishPatience)
	defer cancel()
	for {
		result, err := once(ctx, try)
		if !unanswered(err) || !pause(ctx, leaderWait) {
			return result, err
		}
	}
}

// once is one try.
func once[T any](ctx context.Context, try func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, tryPatience)
	defer cancel()
	return try(ctx)
}

// pause waits, and reports false when ctx was done first.
func pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// unanswered reports whether an error says that nobody was there to answer, or that the answer did not
// come: another try may find a leader.
func unanswered(err error) bool {
	return refusedForNow(err) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout) ||
		errors.Is(err, nats.ErrDisconnected) || errors.Is(err, nats.ErrConnectionReconnecting)
}

// refusedForNow reports whether nothing was done since there was nobody to do it.
func refusedForNow(err error) bool {
	if errors.Is(err, errNoLeader) || errors.Is(err, errLagging) || errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jetstream.ErrNoStreamResponse) {
		return true
	}
	var api *jetstream.APIError
	return errors.As(err, &api) && slices.Contains(forNow, api.ErrorCode)
}

var (
	errNoLeader = errors.New("the stream has no leader")
	errLagging  = errors.New("the copy that was asked lags behind")
)

// forNow are JetStream's answers that tell of an election (nats-server, server/errors.json).
var forNow = []jetstream.ErrorCode{
	10008, // JetStream system temporarily unavailable
	10009, // JetStream cluster can not handle request
	10163, // expected last sequence per subject temporarily unavailable
	10176, // atomic publish batch is incomplete: its leader went away
}

// makeStream makes a stream, or changes one that is there. Done again it changes nothing.
func makeStream(ctx context.Context, js jetstream.JetStream, config jetstream.StreamConfig) (jetstream.Stream, error) {
	var stream jetstream.Stream
	err := untilPlaced(ctx, func() (err error) {
		stream, err = patiently(ctx, func(ctx context.Context) (jetstream.Stream, error) { return js.CreateOrUpdateStream(ctx, config) })
		return err
	})
	return stream, err
}

// untilPlaced tries to make a stream again while there may be a place for it soon.
func untilPlaced(ctx context.Context, try func() error) error {
	for began := time.Now(); ; {
		err := try()
		if time.Since(began) >= placePatience(err) || !pause(ctx, placeWait) {
			return err
		}
	}
}

// placeWait is the pause before a stream that found no place is tried again.
const placeWait = 50 * time.Millisecond

// placePatience is how long a stream is tried again that found no place: longer there is none at all, on a disk that
// can't be written, say. 0 for what is no matter of place. A server that comes back is taken for one that is away
// until the others have heard of it.
func placePatience(err error) time.Duration {
	switch {
	case storeless(err):
		return 2 * time.Second
	case peerless(err):
		return 10 * time.Second
	}
	return 0
}

// peerless reports whether too many servers were away.
func peerless(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == 10005 && strings.Contains(api.Description, "offline") // 10005: no suitable peers for placement
}

// storeless reports whether the server could make no place for a stream's files. When the last stream of an
// account is removed the server removes the account's directories, too, after it has answered: it may take
// them away from under the next stream.
func storeless(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == 10049 && strings.Contains(api.Description, "creating store") // 10049: stream create failed
}
