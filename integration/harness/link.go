package harness

import (
	"io"
	"net"
	"sync"
	"testing"
)

// A Link is a wire between two ends that a test can cut: it carries every connection that is made to
// its address on to another. While it is cut nothing passes and nobody is told, as with a cable that
// is pulled; when it is mended its connections break, as those do that were silent for too long.
type Link struct {
	// Address is where it takes connections: host:port.
	Address string

	to       string
	listener net.Listener
	mu       sync.Mutex
	passing  *sync.Cond
	cut      bool
	closed   bool
	conns    map[net.Conn]struct{}
}

// NewLink lays a link to an address. It ends with the test.
func NewLink(t testing.TB, to string) *Link {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &Link{Address: listener.Addr().String(), to: to, listener: listener, conns: map[net.Conn]struct{}{}}
	l.passing = sync.NewCond(&l.mu)
	go l.accept()
	t.Cleanup(l.end)
	return l
}

// Cut lets nothing pass from now on.
func (l *Link) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = true
}

// Mend lets new connections pass, and breaks those that were cut.
func (l *Link) Mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		l.breakAll()
	}
	l.cut = false
	l.passing.Broadcast()
}

func (l *Link) end() {
	_ = l.listener.Close() // nobody connects any more
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.breakAll()
	l.passing.Broadcast()
}

// breakAll is called with mu held.
func (l *Link) breakAll() {
	for conn := range l.conns {
		_ = conn.Close() // it is to be broken
	}
	clear(l.conns)
}

func (l *Link) accept() {
	for {
		near, err := l.listener.Accept()
		if err != nil {
			return // the test has ended
		}
		go l.carry(near)
	}
}

func (l *Link) carry(near net.Conn) {
	if !l.hold(near) || !l.pass() {
		return
	}
	far, err := net.Dial("tcp", l.to)
	if err != nil {
		_ = near.Close() // as a port does on which nobody listens
		return
	}
	if !l.hold(far) {
		_ = near.Close() // its other end is gone
		return
	}
	go l.copy(far, near)
	l.copy(near, far)
}

// hold notes a connection, so that it is broken with the others. It reports false when the test ended.
func (l *Link) hold(conn net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		_ = conn.Close() // like all others
		return false
	}
	l.conns[conn] = struct{}{}
	return true
}

// pass waits while the link is cut. It reports false when the test has ended.
func (l *Link) pass() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.cut && !l.closed {
		l.passing.Wait()
	}
	return !l.closed
}

// copy carries one direction, and breaks both when it ends.
func (l *Link) copy(to, from net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if !l.pass() {
			return
		}
		if _, failed := to.Write(buffer[:n]); failed != nil || err != nil {
			break
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range []io.Closer{to, from} {
		_ = conn.Close() // the other direction ends by it
	}
	delete(l.conns, to)
	delete(l.conns, from)
}
