package channels

import (
	"context"
	"time"

	"revere/alerting"
)

// An Outbox is what is due on one channel, and where what became of it is kept. Its methods are
// safe for concurrent use.
type Outbox interface {
	// Refill makes everything due that the record says is, and settles as Unknown, to be
	// looked into at the given times, what a dispatcher before left in the middle.
	Refill(ctx context.Context, reconcileAt func(attempted time.Time) time.Time) error
	// Newest are up to n attempts that were put on record last, the newest first, by whichever process: fewer
	// where fewer are remembered. Held is until when the record says that nothing goes out on the channel; zero,
	// or past, where something may.
	Newest(n int) []alerting.Begun
	Held(now time.Time) time.Time
	// Take removes due deliveries, the most urgent first, as many as there are places for, and appends
	// them to a list. Each is either begun or given back.
	Take(to []alerting.Due, places alerting.Places, now time.Time) []alerting.Due
	GiveBack([]alerting.Due)
	// Wake is signaled when there may be something due; NextRetry is when there will be, zero
	// when nothing waits for its time.
	Wake() <-chan struct{}
	NextRetry() time.Time
	// Message words a delivery's next attempt.
	Message(alerting.Due) (alerting.Message, error)
	// Begin makes attempts durable. When it returns, Blocked knows everything that was recorded
	// before them.
	Begin(context.Context, []alerting.Due) error
	// Blocked tells why a delivery must not be sent after all; reason is "" when it may be.
	Blocked(due alerting.Due, now time.Time) (state alerting.State, reason string)
	// Finish makes what became of deliveries durable. The slice is used again when it returns.
	Finish(context.Context, []alerting.Finished) error
	// Silent looks, from a mark on, for the next delivery that the provider took and of which it has
	// told no end, in alerts that are not over; wanted says by when it was last heard of whether it is
	// one. Where none was found and next is not the end, the rest is still to be looked at.
	Silent(from alerting.Mark, wanted func(heard time.Time) bool) (x alerting.Silence, next alerting.Mark, found bool)
}

// A Lease tells whether this process is still the one that may send.
type Lease interface {
	Held() bool
}
