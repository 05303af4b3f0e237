package engine

import (
	"context"
	"sync"

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
	if j.writing {
		j.mu.Unlock()
		<-g.done
		return g.sequence, g.err
	}
	j.writing = true
	for j.waiting != nil {
		j.write(ctx)
	}
	j.writing = false
	j.mu.Unlock()
	return g.sequence, g.err
}

// write stores the waiting group. It is called with mu held, and lets go of it while it writes.
func (j *Journal) write(ctx context.Context) {
	g, failed := j.waiting, j.failed
	j.waiting = nil
	if failed != nil {
		g.err = failed
		close(g.done)
		return
	}
	last := j.last
	j.mu.Unlock()
	g.sequence, g.err = j.engine.Append(context.WithoutCancel(ctx), j.subject, last, g.records...)
	j.mu.Lock()
	if g.err != nil {
		j.failed = g.err
	} else {
		j.last = g.sequence
	}
	close(g.done)
}
