package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"revere/alerting"
)

const (
	// Patience is how long a call with a Key is repeated by default: for a minute a server that was
	// killed in the middle of a call takes it for one that is still being worked on.
	Patience   = 75 * time.Second
	firstPause = 200 * time.Millisecond
	maxPause   = 5 * time.Second
	maxAsked   = 30 * time.Second // the longest Retry-After that is waited for
)

// repeat makes a call that carries an Idempotency-Key until its answer is known or c.Patience is
// over. A first call that finds nobody at all is not made again: then the address is wrong, or no
// server runs.
func (c *Client) repeat(ctx context.Context, r Request) (*http.Response, error) {
	deadline := time.Now().Add(c.Patience)
	mayBeDone := false
	for try := 1; ; try++ {
		answer, err := c.once(ctx, r)
		if err == nil {
			return answer, nil
		}
		var nobody *Unreachable
		if !Undecided(err) && !(mayBeDone && errors.As(err, &nobody)) {
			return nil, err
		}
		mayBeDone = true
		wait := pause(err, try)
		if ctx.Err() != nil || time.Now().Add(wait).After(deadline) || sleep(ctx, wait) != nil {
			return nil, undecided(r, c.server, err)
		}
		if c.Repeating != nil {
			c.Repeating(err)
		}
	}
}

// undecided keeps in mind, where the last of several calls found nobody, that one before it may
// have been done.
func undecided(r Request, server string, err error) error {
	if Undecided(err) {
		return err
	}
	return r.lost(server, err)
}

// Undecided reports whether, after a call that failed with err, nobody can say whether it was done.
func Undecided(err error) bool {
	var lost *Lost
	if errors.As(err, &lost) {
		return true
	}
	var p *Problem
	return errors.As(err, &p) && (p.Code == alerting.CodeInFlight || p.Status >= http.StatusInternalServerError)
}

// pause is how long to wait before the next try: as long as the server asks, else ever longer.
func pause(err error, try int) time.Duration {
	var p *Problem
	if errors.As(err, &p) && p.retryAfter > 0 {
		return min(p.retryAfter, maxAsked)
	}
	return backoff(try)
}

// backoff doubles from firstPause to maxPause, with a fifth at random so that many clients of one
// server that restarts don't all come back in the same instant.
func backoff(try int) time.Duration {
	longest := min(firstPause<<min(try-1, 10), maxPause)
	return longest - time.Duration(rand.Int64N(int64(longest)/5))
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
