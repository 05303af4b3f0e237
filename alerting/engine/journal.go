package engine

import (
	"context"
	"sync"
	"time"

	"revere/alerting"
)

// A Journal is one writer's way into the ledger: a subject of which it is the only writer. Appends
// that come while another is under way share the next message, so that many cost one sync; one that
// comes alone is written at once.
//
// Its first failure is its last: after it nobody can say what is stored, and whoever holds the
// journal must read the ledger again and begin anew.
type Journal struct {
	engine  *Engine
	subject string

	mu      sync.Mutex
	last    uint64
	waiting *group
	writing bool
	failed  error
}

// journalPatience is how long a journal waits for the engine: what it holds is known to nobody else,
// and a message whose outcome is not written is sent again.
const journalPatience = 30 * time.Second

// A group is appends that share one write.
type group struct {
	records  []alerting.Record
	sequence uint64
	err      error
	done     chan struct{}
}

// Journal begins a journal on a subject whose newest message has the sequence last.
func (e *Engine) Journal(subject string, last uint64) *Journal {
	return &Journal{engine: e, subject: subject, last: last}
}

// Append writes records and returns when they survive power loss, with their sequence. All records
// of one call are written or none is.
func (j *Journal) Append(ctx context.Context, records ...alerting.Record) (uint64, error) {
	j.mu.Lock()
	if j.failed != nil {
		defer j.mu.Unlock()
		return 0, j.failed
	}
	if j.waiting == nil {
		j.waiting = &group{done: make(chan struct{})}
	}
	g := j.waiting
	g.records = append(g.records, records...)
	if !j.writing {
		j.writing = true
		go j.drain(context.WithoutCancel(ctx)) // a write of its own, so that no caller waits for others' records
	}
	j.mu.Unlock()
	<-g.done
	return g.sequence, g.err
}

// drain writes one group after the other until none waits.
func (j *Journal) drain(ctx context.Context) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.waiting != nil {
		j.write(ctx)
	}
	j.writing = false
}

// write stores the waiting group. It is called with mu held, and lets go of it while it writes.
func (j *Journal) write(ctx context.Context) {
	g := j.waiting
	j.waiting = nil
	defer close(g.done)
	if j.failed != nil {
		g.err = j.failed
		return
	}
	last := j.last
	j.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, journalPatience)
	defer cancel()
	g.sequence, g.err = j.engine.Append(ctx, j.subject, last, g.records...)
	j.mu.Lock()
	if g.err != nil {
		j.failed = g.err
		return
	}
	j.last = g.sequence
}
