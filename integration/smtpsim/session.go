package smtpsim

import (
	"crypto/subtle"
	"errors"
	"io"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

var (
	errCut      = errors.New("the connection was cut")
	needTLS     = &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Must issue a STARTTLS command first"}
	needAuth    = &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	unknownMech = &smtp.SMTPError{Code: 504, EnhancedCode: smtp.EnhancedCode{5, 5, 4}, Message: "Unrecognized authentication type"}
)

// A session is one connection's conversation.
type session struct {
	server *Server
	conn   *smtp.Conn
	user   string
	from   string
	to     []string
	ret    string
	notify []string
	// ended says that go-smtp's next Reset only clears up after a mail: it is no RSET.
	ended bool
}

func (s *Server) newSession(c *smtp.Conn) (smtp.Session, error) {
	return &session{server: s, conn: c}, nil
}

// AuthMechanisms lists what the server offers.
func (s *session) AuthMechanisms() []string {
	if s.server.Username == "" {
		return nil
	}
	return []string{sasl.Plain, sasl.Login}
}

// Auth begins one mechanism.
func (s *session) Auth(mechanism string) (sasl.Server, error) {
	switch mechanism {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, user, password string) error { return s.signIn(user, password) }), nil
	case sasl.Login:
		return &loginServer{signIn: s.signIn}, nil
	default:
		return nil, unknownMech
	}
}

func (s *session) signIn(user, password string) error {
	if err := s.fail(AtAuth); err != nil {
		return err
	}
	right := subtle.ConstantTimeCompare([]byte(user), []byte(s.server.Username)) &
		subtle.ConstantTimeCompare([]byte(password), []byte(s.server.Password))
	if right != 1 {
		return smtp.ErrAuthFailed
	}
	s.user = user
	return nil
}

// Mail takes the envelope's sender.
func (s *session) Mail(from string, options *smtp.MailOptions) error {
	if _, encrypted := s.conn.TLSConnectionState(); s.server.TLS == StartTLS && !encrypted {
		return needTLS
	}
	if s.server.Username != "" && s.user == "" {
		return needAuth
	}
	s.from, s.ret = from, string(options.Return)
	return s.fail(AtMail)
}

// Rcpt takes one recipient.
func (s *session) Rcpt(to string, options *smtp.RcptOptions) error {
	if err := s.fail(AtRcpt, to); err != nil {
		return err
	}
	s.to = append(s.to, to)
	s.notify = nil
	for _, when := range options.Notify {
		s.notify = append(s.notify, string(when))
	}
	return nil
}

// Data takes the mail itself.
func (s *session) Data(r io.Reader) error {
	s.ended = true
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.fail(AtContent, s.to...); err != nil {
		return err
	}
	mail, err := parse(data)
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: err.Error()}
	}
	mail.From, mail.To, mail.User, mail.At = s.from, s.to, s.user, time.Now()
	mail.Return, mail.Notify = s.ret, s.notify
	s.server.record(mail)
	return s.fail(AfterContent, s.to...)
}

// Reset forgets the mail under way.
func (s *session) Reset() {
	if !s.ended {
		// It has no answer of its own to refuse with: a fault can only cut or hang.
		_ = s.fail(AtReset)
	}
	s.from, s.to, s.ret, s.notify, s.ended = "", nil, "", nil, false
}

// Logout ends the session.
func (s *session) Logout() error { return nil }

// fail does what a fault at this point wants, and returns nil where there is none.
func (s *session) fail(at Point, recipients ...string) error {
	fault, struck := s.server.strike(at, recipients...)
	if !struck {
		return nil
	}
	switch fault.Do {
	case Refuse:
		return &smtp.SMTPError{Code: fault.Reply.Code, EnhancedCode: fault.Reply.enhanced(), Message: fault.Reply.Text}
	case Hang:
		<-s.server.stopped
	case CutWithin:
		_, _ = s.conn.Conn().Write([]byte("25")) // as much as is heard of it
	}
	_ = s.conn.Conn().Close()
	return errCut
}

// A loginServer is the server's side of AUTH LOGIN, which go-sasl has not
// (draft-murchison-sasl-login-00): it asks for the name, then for the password.
type loginServer struct {
	signIn func(user, password string) error
	asked  int
	user   string
}

// Next takes the client's answer to the last question.
func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if l.asked == 0 && response == nil {
		l.asked = 1
		return []byte("Username:"), false, nil
	}
	if l.asked <= 1 {
		l.asked, l.user = 2, string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.signIn(l.user, string(response))
}
