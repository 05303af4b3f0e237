// Package smtpsim is a mail server that stands in for a real one, in tests and in the demo. It
// speaks real SMTP over real sockets (emersion/go-smtp) with TLS and authentication, keeps every
// mail that it accepted, and fails on request in the ways in which mail servers fail.
package smtpsim

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// A TLSMode says how connections are encrypted.
type TLSMode string

// The modes.
const (
	NoTLS       TLSMode = "none"     // never
	StartTLS    TLSMode = "starttls" // by STARTTLS, and no mail is taken before it
	ImplicitTLS TLSMode = "implicit" // from the first byte
)

// A Server is one stand-in. Set its fields, then Start it; the fields are not to be changed while
// it runs. Its methods are safe for concurrent use.
type Server struct {
	// Addr is where to listen. Empty: a free port on 127.0.0.1.
	Addr string
	// TLS is the mode of encryption. Empty: NoTLS.
	TLS TLSMode
	// Username and Password are what AUTH PLAIN and AUTH LOGIN want. With an empty Username no
	// authentication is offered, and none is needed.
	Username, Password string
	// MaxConnections bounds the connections open at once; one more is greeted with 421. 0: no bound.
	MaxConnections int
	// OnMail is called with each mail that was accepted, before the client hears of it.
	OnMail func(Mail)

	certificate certificate
	smtp        *smtp.Server
	listener    net.Listener
	address     *net.TCPAddr
	serving     sync.WaitGroup
	stopped     chan struct{}
	stopping    sync.Once

	mu          sync.Mutex
	mails       []Mail
	faults      []*Fault
	latency     time.Duration
	connections int
	open        int
}

// Start begins to serve. When it returns nil the server can be reached at Address.
func (s *Server) Start() error {
	var err error
	if s.certificate, err = newCertificate(); err != nil {
		return fmt.Errorf("make a certificate for the stand-in mail server: %w", err)
	}
	addr := s.Addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("start the stand-in mail server on %s: %w", addr, err)
	}
	s.listener = listener
	s.address = listener.Addr().(*net.TCPAddr)
	s.stopped = make(chan struct{})
	s.smtp = smtp.NewServer(smtp.BackendFunc(s.newSession))
	s.smtp.Domain = "mail.example.test"
	s.smtp.EnableDSN = true
	s.smtp.AllowInsecureAuth = s.TLS != StartTLS
	s.smtp.ErrorLog = log.New(io.Discard, "", 0)
	if s.TLS == StartTLS {
		s.smtp.TLSConfig = s.tlsConfig()
	}
	s.serving.Go(func() {
		// Serve returns when Stop closes the listener; nobody is left to hear its error.
		_ = s.smtp.Serve(&gate{Listener: listener, server: s})
	})
	return nil
}

// Stop closes every connection and waits until no more are let in. It may be called again, but the
// server can't be started again.
func (s *Server) Stop() {
	s.stopping.Do(func() {
		close(s.stopped)
		_ = s.smtp.Close()
		// A server that was closed before it began to serve does not know its listener.
		_ = s.listener.Close()
	})
	s.serving.Wait()
}

// Address is where the server listens, as host:port.
func (s *Server) Address() string { return s.address.String() }

// Host is the host of Address.
func (s *Server) Host() string { return s.address.IP.String() }

// Port is the port of Address.
func (s *Server) Port() int { return s.address.Port }

// SetLatency makes every answer of the server come that much later.
func (s *Server) SetLatency(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latency = d
}

// Mails returns the mails that were accepted, in the order in which they were.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	copied := make([]Mail, len(s.mails))
	for i, m := range s.mails {
		copied[i] = m.clone()
	}
	return copied
}

// Connections is how many connections were ever made: fewer than mails where they are reused.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections
}

// Open is how many connections are open now.
func (s *Server) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// arrived notes that the mail with an envelope sender has arrived.
func (s *Server) arrived(from string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.mails {
		s.mails[i].Arrived = s.mails[i].Arrived || s.mails[i].From == from
	}
}

// record keeps a mail and tells of it.
func (s *Server) record(m Mail) {
	s.mu.Lock()
	s.mails = append(s.mails, m)
	s.mu.Unlock()
	if s.OnMail != nil {
		s.OnMail(m.clone())
	}
}

func (s *Server) tlsConfig() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{s.certificate.pair}, MinVersion: tls.VersionTLS12}
}
