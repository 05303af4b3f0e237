package alerting

import "context"

// A Journal appends to the ledger as the only writer of its kind: the router, the tracker, a
// channel's dispatcher. When Append returns without error the records survive power loss.
type Journal interface {
	Append(ctx context.Context, records ...Record) (sequence uint64, err error)
}
