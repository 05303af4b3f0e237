package channels

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"revere/alerting"
)

// How often and how long a message is tried.
const (
	firstRetry  = 2 * time.Second
	longestWait = 5 * time.Minute
	// longestDoubt is the longest wait after an attempt of which nobody can say whether it went out:
	// each one more may be a duplicate.
	longestDoubt = 30 * time.Minute
	// maxAttempts bounds the attempts of one message: with the waits above they take about four and a
	// half hours, which outlasts most outages.
	maxAttempts = 120
	// quickResends is after how many attempts of which nobody can say whether they went out the
	// waits grow longer.
	quickResends = 3
)

// backoff is the most that is waited after the given attempt: it doubles up to longest.
func backoff(attempt int, longest time.Duration) time.Duration {
	if attempt < 16 { // far enough for any longest, and no shift overflows
		return min(firstRetry<<(max(attempt, 1)-1), longest)
	}
	return longest
}

// fullJitter is for what surely failed: all of the wait is random, so that what failed together is
// spread as widely as can be when it comes back
// (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
func fullJitter(wait time.Duration) time.Duration { return rand.N(wait + 1) }

// halfJitter is for what is in doubt: to ask at once tells nothing, and to send at once may be to send
// twice.
func halfJitter(wait time.Duration) time.Duration { return wait/2 + rand.N(wait/2+1) }

// judge decides what follows from an outcome.
func judge(attempt int, o alerting.Outcome, expires, now time.Time, reconcileAfter time.Duration) alerting.Conclusion {
	c := alerting.Conclusion{Outcome: o, Attempt: attempt}
	over := !expires.IsZero() && !now.Before(expires)
	again := o.State == alerting.Failed && (o.Retry || o.PauseChannel > 0)
	switch {
	case o.State == alerting.Unknown && attempt < quickResends:
		c.RetryAt = now.Add(reconcileAfter) // even when it is over: to know, not to send
	case o.State == alerting.Unknown && attempt < maxAttempts && !over:
		c.RetryAt = now.Add(max(halfJitter(backoff(attempt, longestDoubt)), reconcileAfter))
	case again && over:
		c.State, c.Reason = alerting.Expired, "the alert expired before it went out: "+o.Reason
	case again && o.PauseChannel > 0:
		c.RetryAt = now.Add(max(o.PauseChannel, o.RetryAfter)).Add(rand.N(time.Second))
	case again && attempt < maxAttempts:
		c.RetryAt = now.Add(max(fullJitter(backoff(attempt, longestWait)), o.RetryAfter))
	case again:
		c.Reason = fmt.Sprintf("gave up after %d attempts: %s", attempt, o.Reason)
	}
	if !over {
		c.RetryAt = notAfter(c.RetryAt, expires)
	}
	return c
}

// heldUntil is until when an outcome keeps everything on the channel back; zero where it does not.
func heldUntil(o alerting.Outcome, now time.Time) time.Time {
	switch {
	case o.PauseChannel > 0:
		return now.Add(max(o.PauseChannel, o.RetryAfter))
	case o.State == alerting.Failed && o.Retry && o.MessageOnly, o.RetryAfter <= 0:
		return time.Time{}
	}
	return now.Add(o.RetryAfter)
}

// askedUntil is until when the provider asked for nothing more; zero where it did not. A pause is not among it: it is
// the operator's to end, who has mended what was wrong and starts the process again.
func askedUntil(o alerting.Outcome, now time.Time) time.Time {
	o.PauseChannel = 0
	return heldUntil(o, now)
}

// notAfter moves a retry that would come after the end to the end, if there is one. Where that is
// when the message expires, it is settled as expired then, and not sent.
func notAfter(retryAt, end time.Time) time.Time {
	if !end.IsZero() && retryAt.After(end) {
		return end
	}
	return retryAt
}

// askLater keeps an attempt Unknown that could not be asked about. It is asked about again after about as
// long as it has been asked about, reconcileAfter at least, for the last time when that is askFor; never
// before the provider wants it, and no more once the message has expired.
func askLater(attempt int, why error, first, expires, now time.Time, reconcileAfter time.Duration) alerting.Conclusion {
	c := alerting.Conclusion{Attempt: attempt, Outcome: alerting.Outcome{State: alerting.Unknown, Reason: "the provider could not tell: " + why.Error()}}
	if !expires.IsZero() && !now.Before(expires) {
		return c
	}
	wait := halfJitter(max(now.Sub(first), reconcileAfter, firstRetry))
	c.RetryAt = notAfter(now.Add(wait), first.Add(askFor))
	if busy, ok := errors.AsType[*Busy](why); ok {
		c.RetryAt = later(c.RetryAt, now.Add(busy.After))
	}
	c.RetryAt = notAfter(c.RetryAt, expires)
	return c
}
