package smtpsim

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/emersion/go-smtp"
)

// A Point is a moment of the conversation at which a server can fail.
type Point string

// The points, in the order of the conversation. With StartTLS a fault at AtData or AtQuit does not
// strike, since the stand-in sees only ciphertext there.
const (
	AtGreeting   Point = "greeting" // in place of the 220
	AtAuth       Point = "auth"     // in place of the 235
	AtMail       Point = "mail"     // in place of the 250 to MAIL FROM
	AtRcpt       Point = "rcpt"     // in place of the 250 to RCPT TO
	AtData       Point = "data"     // in place of the 354; the connection is closed afterwards
	AtContent    Point = "content"  // after the final dot; the mail is not taken
	AfterContent Point = "accepted" // after the final dot; the mail is taken, and the 250 does not come
	AtReset      Point = "reset"    // in place of the 250 to RSET; it can't be refused
	AtQuit       Point = "quit"     // in place of the 221
)

// An Action is what a fault does.
type Action int

// The actions.
const (
	Refuse    Action = iota // answer with the fault's Reply
	Cut                     // close the connection without a word
	Hang                    // never answer, until the server is stopped
	CutWithin               // begin to say yes, and close the connection within it; at AtContent and AfterContent
)

// A Reply is what an SMTP server says: 550, "5.1.1", "no such user".
type Reply struct {
	Code   int
	Status string // the enhanced status code of RFC 3463; may be empty
	Text   string
}

// enhanced is the reply's enhanced status code (RFC 3463) in the form that go-smtp wants.
func (r Reply) enhanced() smtp.EnhancedCode {
	var code smtp.EnhancedCode
	if _, err := fmt.Sscanf(r.Status, "%d.%d.%d", &code[0], &code[1], &code[2]); err != nil {
		return smtp.EnhancedCodeNotSet
	}
	return code
}

func (r Reply) line() string {
	line := strconv.Itoa(r.Code)
	if r.Status != "" {
		line += " " + r.Status
	}
	return line + " " + r.Text
}

// A Fault is one thing that goes wrong.
type Fault struct {
	At Point
	// To limits the fault to one recipient, at AtRcpt and after it. Empty: all.
	To string
	Do Action
	// Reply is what Refuse answers.
	Reply Reply
	// Times is how often it happens. 0: until Heal.
	Times int
}

// Inject makes things go wrong from now on. Where several faults fit, the first one strikes.
func (s *Server) Inject(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		s.faults = append(s.faults, &f)
	}
}

// Heal takes all faults back. A connection that hangs goes on hanging.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// strike returns the fault that happens now, if one does, and counts it.
func (s *Server) strike(at Point, recipients ...string) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.At != at || !f.concerns(recipients) {
			continue
		}
		struck := *f
		if f.Times == 1 {
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
		} else if f.Times > 1 {
			f.Times--
		}
		return struck, true
	}
	return Fault{}, false
}

func (f *Fault) concerns(recipients []string) bool {
	if f.To == "" {
		return true
	}
	for _, r := range recipients {
		if strings.EqualFold(r, f.To) {
			return true
		}
	}
	return false
}
