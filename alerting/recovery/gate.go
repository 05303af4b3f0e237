// Package recovery is what stands between a system that was restored from a backup and the people it
// would page: nothing is sent until an operator has seen what would go out and let it go, and what
// may have gone out already counts as that.
package recovery

import (
	"context"
	"sync"
	"time"

	"revere/alerting"
)

// A Gate lets messages out, or holds them. It is safe for concurrent use, and open until it is Set.
type Gate struct {
	mu      sync.Mutex
	hold    alerting.Hold
	changed chan struct{}
}

// NewGate returns a gate that stands open.
func NewGate() *Gate { return &Gate{changed: make(chan struct{})} }

// Set takes in the hold as it is on record.
func (g *Gate) Set(h alerting.Hold) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hold = h
	close(g.changed)
	g.changed = make(chan struct{})
}

// Hold is the hold as it was last set.
func (g *Gate) Hold() alerting.Hold {
	hold, _ := g.look()
	return hold
}

func (g *Gate) look() (alerting.Hold, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.hold, g.changed
}

// Wait returns when messages may go out: nothing holds them, and what may have gone out before is on
// record. It reports false when ctx was done before.
func (g *Gate) Wait(ctx context.Context) bool {
	for {
		hold, changed := g.look()
		if !hold.Held() && !hold.Doubts() {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-changed:
		}
	}
}

// OpenSince is when messages could begin to go out: a contact that had no chance before has not failed
// anybody. While they are held that is now.
func (g *Gate) OpenSince(now time.Time) time.Time {
	if hold := g.Hold(); !hold.Held() {
		return hold.Released
	}
	return now
}

// A Lease tells whether this process is still the one that may send.
type Lease interface {
	Held() bool
}

// Guard returns a lease that is held only while messages may go out, too. It is asked immediately
// before each call: a hold that begins while messages flow takes effect at once.
func (g *Gate) Guard(lease Lease) Lease { return guarded{g, lease} }

type guarded struct {
	gate  *Gate
	lease Lease
}

// Held implements Lease.
func (l guarded) Held() bool { return l.lease.Held() && !l.gate.Hold().Held() }
