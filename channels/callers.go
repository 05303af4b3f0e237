package channels

import "sync"

// callers are the goroutines that make calls, as many as ever were needed at once. A call never waits
// for one before it, however long that hangs: while any waits, somebody is on the way to it. But only
// one is, and who has ended a call looks for the next itself: calls that are answered at once are made
// by few, who need not be woken for each.
type callers struct {
	mu      sync.Mutex
	waiting []func()
	coming  bool          // somebody is on the way to what waits
	idle    int           // how many wait to be woken
	wake    chan struct{} // has one of them come
}

func newCallers() *callers { return &callers{wake: make(chan struct{}, 1)} }

// call has somebody make a call.
func (c *callers) call(exchange func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = append(c.waiting, exchange)
	c.summon()
}

// summon sees to it that somebody is on the way to what waits, with mu held.
func (c *callers) summon() {
	if c.coming || len(c.waiting) == 0 {
		return
	}
	c.coming = true
	if c.idle == 0 {
		go c.serve()
		return
	}
	c.idle--
	c.wake <- struct{}{} // has room: nobody else is coming
}

// serve makes one call after the other until there are no more for good. It was summoned.
func (c *callers) serve() {
	for exchange := c.next(true); exchange != nil; exchange = c.next(false) {
		exchange()
	}
}

// next waits for a call to make; nil when there are no more for good.
func (c *callers) next(summoned bool) (exchange func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		if summoned {
			c.coming = false
		}
		if exchange = c.take(); exchange != nil {
			c.summon() // another one to what is left
			return exchange
		}
		c.idle++
		c.mu.Unlock()
		_, summoned = <-c.wake
		c.mu.Lock()
		if !summoned {
			return nil
		}
	}
}

// take removes the first call that waits, with mu held; nil for none.
func (c *callers) take() (exchange func()) {
	if len(c.waiting) == 0 {
		return nil
	}
	exchange, c.waiting[0] = c.waiting[0], nil
	c.waiting = c.waiting[1:]
	return exchange
}

// end lets the goroutines go. Nothing waits any more, and nothing comes.
func (c *callers) end() { close(c.wake) }
