package engine

import (
	"context"
	"time"

	"revere/alerting"
)

// A Journal is one writer's way into the ledger. Appends that come while another is under way share the
// next message, so that many cost one sync; one that comes alone is written at once.
//
// On a subject of which it is the only writer, its first failure is its last: after it nobody can say
// what is stored, and whoever holds the journal must read the ledger again and begin anew. On a subject
// that is shared a failure is of those alone who shared the message, and the next one is tried.
type Journal struct {
	subject string
	commits commits[alerting.Record]
	// store is the engine's Append.
	store func(ctx context.Context, subject string, last uint64, records ...alerting.Record) (uint64, error)

	// Of the goroutine that writes:
	last   uint64
	failed error
}

// journalPatience is how long a journal waits for the engine: what it holds is known to nobody else,
// and a message whose outcome is not written is sent again. Who appends to a subject that is shared is
// there to be told that it failed.
const journalPatience = 30 * time.Second

// Journal begins a journal on a subject whose newest message has the sequence last; Anywhere where the
// subject has other writers, too.
func (e *Engine) Journal(subject string, last uint64) *Journal {
	j := &Journal{subject: subject, last: last, store: e.Append}
	j.commits.store = j.write
	return j
}

// Append writes records and returns when they survive power loss, with their sequence. All records
// of one call are written or none is.
func (j *Journal) Append(ctx context.Context, records ...alerting.Record) (uint64, error) {
	return j.commits.commit(context.WithoutCancel(ctx), 0, records...) // what is written counts, whoever gave up
}

// write stores a group.
func (j *Journal) write(ctx context.Context, records []alerting.Record) (uint64, error) {
	if j.failed != nil {
		return 0, j.failed
	}
	if j.last == Anywhere {
		return j.store(ctx, j.subject, Anywhere, records...)
	}
	ctx, cancel := context.WithTimeout(ctx, journalPatience)
	defer cancel()
	sequence, err := j.store(ctx, j.subject, j.last, records...)
	if err != nil {
		j.failed = err
		return 0, err
	}
	j.last = sequence
	return sequence, nil
}
