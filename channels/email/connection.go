package email

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"
)

const (
	// patience is how many times the timeout the server has for its verdict on a whole mail. It may
	// be scanning it (RFC 5321 section 4.5.3.2.6 grants ten minutes), and who gives up sends twice.
	patience = 4
	// lastWait is how long the verdict is still waited for when the caller wants to go.
	lastWait = time.Second
	// parting bounds what is only courtesy: RSET and QUIT.
	parting = 5 * time.Second
)

// A connection is one conversation with the server, signed in and ready for a mail.
//
// It drives go-mail's smtp.Client by itself rather than through mail.Client, whose errors don't tell
// the stages apart and whose failed dials stay open. After a failure that was not a plain reply it
// must be dropped and nothing more written: the next command would first send the final dot of a
// mail that was cut short (net/textproto's Writer does), and the server would take the half of it.
type connection struct {
	raw     net.Conn // below TLS: deadlines hold for everything above it
	client  *smtp.Client
	timeout time.Duration
}

// open connects, greets, encrypts and signs in.
func (c *Channel) open(ctx context.Context) (*connection, *failure) {
	dialer := net.Dialer{Timeout: c.config.Timeout}
	raw, err := dialer.DialContext(ctx, "tcp", c.config.address())
	if err != nil {
		return nil, failed(ctx, connecting, err)
	}
	conn := &connection{raw: raw, timeout: c.config.Timeout}
	release := conn.bound(ctx, c.config.Timeout)
	at, err := conn.prepare(ctx, c)
	if !release() && err == nil {
		err = errStopped
	}
	if err != nil {
		conn.drop()
		return nil, failed(ctx, at, err)
	}
	return conn, nil
}

// prepare returns how far it came.
func (n *connection) prepare(ctx context.Context, c *Channel) (stage, error) {
	conn := n.raw
	if c.config.TLS == ImplicitTLS {
		secured := tls.Client(n.raw, c.tls)
		if err := secured.HandshakeContext(ctx); err != nil {
			return securing, err
		}
		conn = secured
	}
	var err error
	if n.client, err = smtp.NewClient(conn, c.config.Host); err != nil {
		return greeting, err
	}
	// All that we send is ASCII: a server further on that lacks SMTPUTF8 must not refuse it.
	n.client.SkipSMTPUTF8(true)
	if err := n.client.Hello(c.helo); err != nil {
		return greeting, err
	}
	if c.config.TLS == StartTLS {
		if err := n.startTLS(c.tls); err != nil {
			return securing, err
		}
	}
	if c.config.Username != "" {
		if err := n.signIn(c.config); err != nil {
			return signingIn, err
		}
	}
	n.askForReports(c)
	return signingIn, nil
}

func (n *connection) startTLS(config *tls.Config) error {
	if offered, _ := n.client.Extension("STARTTLS"); !offered {
		return &setupError{"it offers no STARTTLS; set tls to implicit (port 465), ask for encryption at the server, or set tls: none for a mail catcher on this machine"}
	}
	return n.client.StartTLS(config)
}

func (n *connection) signIn(config Config) error {
	_, offered := n.client.Extension("AUTH")
	mechanisms := strings.Fields(offered)
	plainText := config.TLS == NoTLS // only ever to loopback, by Validate
	switch {
	case slices.Contains(mechanisms, "PLAIN"):
		return n.client.Auth(smtp.PlainAuth("", config.Username, config.Password, config.Host, plainText))
	case slices.Contains(mechanisms, "LOGIN"):
		return n.client.Auth(smtp.LoginAuth(config.Username, config.Password, config.Host, plainText))
	case offered == "":
		return &setupError{"it does not let anyone sign in here; try port 587 or 465, or leave username and password out"}
	default:
		return &setupError{fmt.Sprintf("it signs in by %s only, and Revere knows PLAIN and LOGIN", offered)}
	}
}

// askForReports asks for delivery status notifications (RFC 3461) where they reach someone: about
// failures, with the headers and not the text, and about success where Revere itself takes them.
func (n *connection) askForReports(c *Channel) {
	if !c.bounces.enabled() {
		return
	}
	n.client.SetDSNMailReturnOption("HDRS")
	if c.config.Listen != "" {
		n.client.SetDSNRcptNotifyOption("SUCCESS,FAILURE")
	} else {
		n.client.SetDSNRcptNotifyOption("FAILURE")
	}
}

// transmit hands one mail over if it still may at the last moment, and returns what the server said when
// it took it.
func (n *connection) transmit(ctx context.Context, l letter, may func() bool) (string, *failure) {
	release := n.bound(ctx, n.timeout)
	defer release()
	if err := n.client.Mail("<" + l.sender + ">"); err != nil {
		return "", failed(ctx, sender, err)
	}
	if err := n.client.Rcpt("<" + l.recipient + ">"); err != nil {
		return "", failed(ctx, recipient, err)
	}
	writer, err := n.client.Data()
	if err != nil {
		return "", failed(ctx, announcing, err)
	}
	if _, err := writer.Write(l.data); err != nil {
		return "", failed(ctx, content, err)
	}
	// What is still buffered goes out before the dot does, so that a connection that is already
	// dead shows itself while nothing is in doubt.
	if err := n.client.Text.W.Flush(); err != nil {
		return "", failed(ctx, content, err)
	}
	if !release() || !may() { // the last moment at which nobody has the mail
		return "", failed(ctx, content, errStopped)
	}
	return n.finish(ctx, writer.(*smtp.DataCloser))
}

// finish sends the final dot and waits for the verdict. The caller's wish to stop only shortens the
// wait now: without the verdict nobody knows.
func (n *connection) finish(ctx context.Context, writer *smtp.DataCloser) (string, *failure) {
	n.expire(patience * n.timeout)
	shortened := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { n.expire(lastWait); close(shortened) })
	err := writer.Close()
	if !stop() {
		<-shortened // or it might shorten the next mail's time
	}
	if err != nil {
		return "", failed(ctx, verdict, err)
	}
	return writer.ServerResponse(), nil
}

// bound ends everything that the connection does after d, or when ctx is done. The returned function
// lifts the second bound, and reports false where it is too late for that.
func (n *connection) bound(ctx context.Context, d time.Duration) (release func() bool) {
	n.expire(d)
	return context.AfterFunc(ctx, n.drop)
}

// expire sets when reading and writing end. A connection that is closed says so at its next use.
func (n *connection) expire(d time.Duration) { _ = n.raw.SetDeadline(time.Now().Add(d)) }

// reset makes the connection ready for another mail after one was refused.
func (n *connection) reset() error {
	n.expire(min(parting, n.timeout))
	return n.client.Reset()
}

// drop closes the connection at once, from any goroutine, without a word to the server.
func (n *connection) drop() { _ = n.raw.Close() }

// leave says goodbye first. Nothing is at stake any more: whatever the server answers, it is over.
func (n *connection) leave() {
	n.expire(min(parting, n.timeout))
	_ = n.client.Quit()
	n.drop()
}
