package smtpsim

import (
	"bytes"
	"crypto/tls"
	"net"
	"sync"
	"time"
)

// A gate lets connections in, each with a wire around it.
type gate struct {
	net.Listener
	server *Server
}

// Accept waits for the next connection.
func (g *gate) Accept() (net.Conn, error) {
	conn, err := g.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if g.server.TLS == ImplicitTLS {
		conn = tls.Server(conn, g.server.tlsConfig())
	}
	w := &wire{Conn: conn, server: g.server}
	w.crowded = !g.server.admit()
	return w, nil
}

// admit counts one more connection, and reports whether there was room for it.
func (s *Server) admit() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connections++
	s.open++
	return s.MaxConnections == 0 || s.open <= s.MaxConnections
}

// A wire is a connection that sees each answer of the server before the client does, so that it
// can be late, other or missing where go-smtp has no hook for that.
type wire struct {
	net.Conn
	server  *Server
	crowded bool
	greeted bool
	closing sync.Once
}

var tooMany = Reply{Code: 421, Status: "4.7.0", Text: "Too many connections, try again later"}

// Write sends one answer, or what a fault puts in its place.
func (w *wire) Write(answer []byte) (int, error) {
	w.server.delay()
	fault, struck := w.fault(answer)
	if !struck {
		return w.Conn.Write(answer)
	}
	switch fault.Do {
	case Refuse:
		_, _ = w.Conn.Write([]byte(fault.Reply.line() + "\r\n"))
	case Hang:
		<-w.server.stopped
	}
	_ = w.Close()
	return 0, errCut
}

func (w *wire) fault(answer []byte) (Fault, bool) {
	switch {
	case !w.greeted:
		w.greeted = true
		if w.crowded {
			return Fault{Reply: tooMany}, true
		}
		return w.server.strike(AtGreeting)
	case bytes.HasPrefix(answer, []byte("354 ")):
		return w.server.strike(AtData)
	case bytes.HasPrefix(answer, []byte("221 ")):
		return w.server.strike(AtQuit)
	default:
		return Fault{}, false
	}
}

// Close closes the connection and counts it once.
func (w *wire) Close() error {
	w.closing.Do(func() {
		w.server.mu.Lock()
		defer w.server.mu.Unlock()
		w.server.open--
	})
	return w.Conn.Close()
}

// delay waits for the latency that was set, or until the server is stopped.
func (s *Server) delay() {
	s.mu.Lock()
	latency := s.latency
	s.mu.Unlock()
	if latency == 0 {
		return
	}
	timer := time.NewTimer(latency)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.stopped:
	}
}
