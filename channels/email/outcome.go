package email

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"revere/alerting"
)

// A stage is how far the conversation with the server had come when something happened.
type stage int

const (
	connecting stage = iota
	greeting         // the server's 220 and our EHLO
	securing         // STARTTLS and the TLS handshake
	signingIn        // AUTH
	sender           // MAIL FROM
	recipient        // RCPT TO
	announcing       // DATA
	content          // the mail, before its final dot
	verdict          // the final dot and the answer to it
)

var during = [...]string{
	connecting: "connecting", greeting: "greeting", securing: "starting TLS", signingIn: "signing in",
	sender: "giving the sender", recipient: "giving the recipient", announcing: "announcing the mail",
	content: "sending the mail", verdict: "waiting for the verdict on the whole mail",
}

// An answer is what kind of thing came back in place of success.
type answer int

const (
	lost      answer = iota // nothing: the network failed, or the time was over
	temporary               // a 4xx
	permanent               // a 5xx
	setup                   // the two sides don't fit: certificate, mechanism, missing credentials
)

// A decision is what follows.
type decision int

const (
	again  decision = iota // failed, try again
	mend                   // failed, try again when the operator has mended the channel
	refuse                 // failed for good: it is about this mail or this recipient
	unsure                 // nobody can say whether it was taken
)

// decisions say what follows from each answer at each stage. Until the final dot is on its way the
// server can't have taken the mail. A sender that is refused is our own address: the operator's to
// mend. So is a server that wants credentials which it did not get.
var decisions = [...][4]decision{
	//           lost   4xx    5xx     setup
	connecting: {again, again, again, mend},
	greeting:   {again, again, mend, mend},
	securing:   {again, again, mend, mend},
	signingIn:  {again, again, mend, mend},
	sender:     {again, again, mend, mend},
	recipient:  {again, again, refuse, mend},
	announcing: {again, again, refuse, mend},
	content:    {again, again, refuse, mend},
	verdict:    {unsure, again, refuse, mend},
}

// wantsCredentials lists the replies that mean that we should have signed in (RFC 4954 section 6).
var wantsCredentials = map[int]bool{530: true, 534: true, 535: true, 538: true}

// pause is how long the channel rests when only its operator can help.
const pause = time.Minute

// A failure is why a mail was not accepted.
type failure struct {
	at  stage
	err error
}

// errStopped stands for whatever breaks when the caller of Send no longer waits.
var errStopped = errors.New("the sender stopped waiting")

// failed makes a failure of what broke, and tells the caller's wish to stop from the server's silence.
func failed(ctx context.Context, at stage, err error) *failure {
	var reply *textproto.Error
	if ctx.Err() != nil && !errors.As(err, &reply) {
		err = errStopped
	}
	return &failure{at: at, err: err}
}

// A setupError is a fault that lies in how the channel is set up.
type setupError struct{ detail string }

func (e *setupError) Error() string { return e.detail }

// answer sorts the failure into one column of the table.
func (f *failure) answer() answer {
	var reply *textproto.Error
	if errors.As(f.err, &reply) {
		switch {
		case wantsCredentials[reply.Code]:
			return setup
		case reply.Code/100 == 4:
			return temporary
		case reply.Code/100 == 5:
			return permanent
		default:
			return lost
		}
	}
	var wrong *setupError
	if errors.As(f.err, &wrong) {
		return setup
	}
	// What fails in these two and is not the network's is a certificate or a mechanism.
	if (f.at == securing || f.at == signingIn) && !isNetwork(f.err) {
		return setup
	}
	return lost
}

// closing reports whether the server said that it ends the conversation (RFC 5321 section 3.8).
func (f *failure) closing() bool {
	var reply *textproto.Error
	return errors.As(f.err, &reply) && reply.Code == 421
}

// unwell matches the codes of a server that is itself in trouble, mostly with its storage: 452 is
// that too where no enhanced code says otherwise (RFC 5321 section 4.2.3, RFC 3463 section 3.4).
var unwell = regexp.MustCompile(`^4\.3\.|^452$`)

// personal reports whether the server put off this recipient or this mail, as greylisting does, and
// not everybody: it neither ends the conversation nor is itself in trouble.
func (f *failure) personal() bool {
	if f.at < recipient || f.answer() != temporary || f.closing() {
		return false
	}
	return !unwell.MatchString(f.code())
}

// outcome says what is known after the failure. host names the server, for people.
func (f *failure) outcome(host string) alerting.Outcome {
	out := alerting.Outcome{State: alerting.Failed, Code: f.code(), Reason: f.reason(host)}
	switch decisions[f.at][f.answer()] {
	case again:
		out.Retry, out.MessageOnly = true, f.personal()
	case mend:
		out.Retry, out.PauseChannel = true, pause
	case unsure:
		out.State = alerting.Unknown
	}
	return out
}

// enhanced is the enhanced status code with which a reply's text begins (RFC 2034 section 4).
var enhanced = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}\b`)

// code is the server's enhanced status code, else its reply code, else a word of our own.
func (f *failure) code() string {
	var reply *textproto.Error
	switch {
	case errors.As(f.err, &reply):
		if status := enhanced.FindString(reply.Msg); status != "" {
			return status
		}
		return strconv.Itoa(reply.Code)
	case errors.Is(f.err, errStopped):
		return "stopped"
	case isTimeout(f.err):
		return "timeout"
	case f.answer() == setup && f.at == signingIn:
		return "auth"
	case f.answer() == setup:
		return "tls"
	case f.at == connecting:
		return "unreachable"
	default:
		return "connection_lost"
	}
}

var happened = [...]string{
	lost: "did not answer", temporary: "put us off", permanent: "refused", setup: "does not go with the configuration,",
}

func (f *failure) reason(host string) string {
	detail := f.err.Error()
	var reply *textproto.Error
	switch {
	case errors.As(f.err, &reply):
		detail = strconv.Itoa(reply.Code) + " " + reply.Msg
	case isTimeout(f.err):
		detail = "the time for it is over"
	}
	reason := fmt.Sprintf("the mail server %s %s while %s: %s", host, happened[f.answer()], during[f.at], clip(detail))
	switch decisions[f.at][f.answer()] {
	case unsure:
		reason += "; it may have taken the mail"
	case mend:
		reason += "; check channels.email and run revere check"
	}
	return reason
}

// clip bounds what others wrote, and puts it on one line.
func clip(s string) string {
	const limit = 240
	s = oneLine(strings.ToValidUTF8(s, "?"))
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:limit]) + "…"
	}
	return s
}

// isNetwork reports whether the connection failed, and not what was said on it.
func isNetwork(err error) bool {
	for _, target := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE, errStopped} {
		if errors.Is(err, target) {
			return true
		}
	}
	return isTimeout(err)
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
