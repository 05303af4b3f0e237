package email

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// A gate lets in so many connections at once, those included that have not said a word yet: strangers
// must not use up the process's files.
type gate struct {
	net.Listener
	most int32
	open atomic.Int32
}

// Accept waits for the next connection for which there is room. Others are told to come again.
func (g *gate) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if g.open.Add(1) <= g.most {
			return &visitor{Conn: conn, leave: sync.OnceFunc(func() { g.open.Add(-1) })}, nil
		}
		g.open.Add(-1)
		_ = conn.SetDeadline(time.Now().Add(time.Second))
		_, _ = io.WriteString(conn, "421 4.3.2 Too many connections, try again later\r\n") // who does not hear it tries again too
		_ = conn.Close()
	}
}

// A visitor is a connection that was let in.
type visitor struct {
	net.Conn
	leave func()
}

// Close makes room for another.
func (g *visitor) Close() error {
	defer g.leave()
	return g.Conn.Close()
}
