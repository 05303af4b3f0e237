package api

import (
	"net"
	"net/http"
	"sync"
)

// maxConnections is how many clients may be connected at once. The process has other uses for its
// files: a stranger who opens connections without end must not keep it from calling a provider.
const maxConnections = 1024

// connections are those that are open. One too many takes the place of one that is idle, else it is
// closed: who works is not disturbed by who only holds the line.
type connections struct {
	most int

	mu   sync.Mutex
	open map[net.Conn]http.ConnState
}

func newConnections(most int) *connections {
	return &connections{most: most, open: map[net.Conn]http.ConnState{}}
}

// changed implements http.Server.ConnState.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateClosed, http.StateHijacked:
		delete(c.open, conn)
	case http.StateNew:
		if len(c.open) >= c.most {
			c.makeRoom(conn)
			return
		}
		fallthrough
	default:
		if _, known := c.open[conn]; known || state == http.StateNew {
			c.open[conn] = state
		}
	}
}

// makeRoom closes an idle connection for the new one, else the new one.
func (c *connections) makeRoom(conn net.Conn) {
	for other, state := range c.open {
		if state == http.StateIdle {
			delete(c.open, other)
			_ = other.Close() // it asks for nothing
			c.open[conn] = http.StateNew
			return
		}
	}
	_ = conn.Close() // it has not been served yet
}
