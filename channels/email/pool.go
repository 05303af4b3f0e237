package email

import (
	"sync"
	"time"
)

// idleFor is how long a connection is kept without work. Servers close idle ones after minutes, and
// firewalls forget them; this stays below both.
const idleFor = 30 * time.Second

// A leaver can be parted from politely.
type leaver interface{ leave() }

// A pool keeps connections that wait for work, a bounded number of them for a bounded time.
type pool[C leaver] struct {
	limit int

	mu      sync.Mutex
	waiting []*waiter[C]
	closed  bool
}

type waiter[C leaver] struct {
	conn  C
	timer *time.Timer
}

// take returns the connection that was used last, if one waits: the others may grow old.
func (p *pool[C]) take() (conn C, found bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) == 0 {
		return conn, false
	}
	last := p.waiting[len(p.waiting)-1]
	p.waiting = p.waiting[:len(p.waiting)-1]
	last.timer.Stop()
	return last.conn, true
}

// put gives a connection back. Where there is no room it is parted from.
func (p *pool[C]) put(conn C) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.waiting) >= p.limit {
		go conn.leave()
		return
	}
	w := &waiter[C]{conn: conn}
	w.timer = time.AfterFunc(idleFor, func() { p.expire(w) })
	p.waiting = append(p.waiting, w)
}

// expire parts from a connection that waited too long, unless someone took it just now.
func (p *pool[C]) expire(w *waiter[C]) {
	p.mu.Lock()
	found := false
	for i, other := range p.waiting {
		if other == w {
			p.waiting = append(p.waiting[:i], p.waiting[i+1:]...)
			found = true
			break
		}
	}
	p.mu.Unlock()
	if found {
		w.conn.leave()
	}
}

// close parts from all that wait, and from all that are put from now on.
func (p *pool[C]) close() {
	p.mu.Lock()
	waiting := p.waiting
	p.waiting, p.closed = nil, true
	p.mu.Unlock()
	var parting sync.WaitGroup
	for _, w := range waiting {
		w.timer.Stop()
		parting.Go(w.conn.leave)
	}
	parting.Wait()
}
