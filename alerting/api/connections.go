package api

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// MaxConnections is how many clients are served at once. The process has other uses for its files: a
// stranger who opens connections without end must not keep it from calling a provider.
const MaxConnections = 1024

// connections are those that are served. One too many takes the place of one that is idle, else it is told
// to come again: who works is not disturbed by who only holds the line.
type connections struct {
	net.Listener
	most    int
	surplus *surplus

	mu   sync.Mutex
	open map[net.Conn]standing
}

// A standing is what a connection does, and since when.
type standing struct {
	state http.ConnState
	since time.Time
}

// idleEnough is how long nothing must have been asked on a connection before it makes room: the next request may be
// on its way on one that has just been answered, and would be lost with it. A client in a flood may take a second to
// read the answer.
const idleEnough = 2 * time.Second

// Limit bounds how many clients a server serves at once that it takes from a listener: serve what is
// returned. It is told of the connections by server.ConnState, which is set here.
func Limit(server *http.Server, l net.Listener, most int) net.Listener {
	c := &connections{Listener: l, most: most, surplus: newSurplus(most), open: map[net.Conn]standing{}}
	server.ConnState = c.changed
	return c
}

// Accept waits for the next connection that there is room for. While it answers as many of the others as
// it may at once, the rest wait in the kernel.
func (c *connections) Accept() (net.Conn, error) {
	for {
		conn, err := c.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if c.admit(conn) {
			return conn, nil
		}
		c.surplus.refuse(conn)
	}
}

// Close takes no more connections. Those that are being refused are left to their end, which is near.
func (c *connections) Close() error {
	c.surplus.stop()
	return c.Listener.Close()
}

// admit makes room for a connection, if need be in the place of an idle one, which asks for nothing.
func (c *connections) admit(conn net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.open) >= c.most {
		idle := c.idle(time.Now())
		if idle == nil {
			return false
		}
		delete(c.open, idle)
		_ = idle.Close()
	}
	c.open[conn] = standing{http.StateNew, time.Now()}
	return true
}

// idle finds the connection on which nothing was asked for the longest time; nil where there is none. One whose next
// request lies unread is not idle, though its server does not know it yet.
func (c *connections) idle(now time.Time) (found net.Conn) {
	since := now.Add(-idleEnough)
	for conn, s := range c.open {
		if s.state == http.StateIdle && !s.since.After(since) && !unread(conn) {
			found, since = conn, s.since
		}
	}
	return found
}

// changed implements http.Server.ConnState.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if state == http.StateClosed || state == http.StateHijacked {
		delete(c.open, conn)
	} else if _, known := c.open[conn]; known { // else it has made room for another
		c.open[conn] = standing{state, time.Now()}
	}
}
