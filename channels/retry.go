package channels

import (
	"fmt"
	"math/rand/v2"
	"time"

	"revere/alerting"
)

// How often and how long a message is tried. Every wait has full jitter, so that what failed
// together does not come back together.
const (
	firstRetry  = 2 * time.Second
	longestWait = 5 * time.Minute
	// maxAttempts bounds the attempts that the provider answered with a failure: with the waits
	// above they take more than an hour.
	maxAttempts = 20
	// maxResends bounds the attempts after which nobody can say whether the message went out.
	maxResends = 3
)

// backoff is the wait before the attempt that follows the given one.
func backoff(attempt int) time.Duration {
	wait := longestWait
	if attempt < 9 {
		wait = min(firstRetry<<(attempt-1), longestWait)
	}
	return wait/2 + rand.N(wait/2+1)
}

// judge decides what follows from an outcome.
func judge(attempt int, o alerting.Outcome, expires, now time.Time, reconcileAfter time.Duration) alerting.Conclusion {
	r := alerting.Conclusion{Outcome: o, Attempt: attempt}
	switch {
	case o.State == alerting.Unknown && attempt < maxResends:
		r.RetryAt = now.Add(reconcileAfter)
	case o.State == alerting.Failed && o.PauseChannel > 0:
		r.RetryAt = now.Add(max(o.PauseChannel, o.RetryAfter)).Add(rand.N(time.Second))
	case o.State == alerting.Failed && o.Retry && attempt < maxAttempts:
		r.RetryAt = now.Add(max(backoff(attempt), o.RetryAfter))
	case o.State == alerting.Failed && o.Retry:
		r.Reason = fmt.Sprintf("gave up after %d attempts: %s", attempt, o.Reason)
	}
	if !expires.IsZero() && r.RetryAt.After(expires) {
		r.RetryAt = expires // to be settled as expired, not to be sent
	}
	return r
}
