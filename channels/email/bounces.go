package email

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/rs/zerolog"

	"revere/alerting"
	"revere/channels"
)

// Bounds of the listener for reports.
const (
	// maxReport is how much of a report is read. What tells stands before the returned mail.
	maxReport = 256 << 10
	// maxReturned is how long a report with the returned mail may be; a longer one is refused.
	maxReturned    = 4 << 20
	maxConnections = 20
	silence        = time.Minute // after which a client is disconnected
)

var (
	noSuchAddress = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "Only reports about mail that was sent from here are taken"}
	notKept       = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "The report could not be kept, try again later"}
)

// Listen takes reports at the configured address until ctx is done, and then returns nil. Where no
// address is configured it only waits.
func (c *Channel) Listen(ctx context.Context, inbox channels.Inbox) error {
	if c.config.Listen == "" {
		<-ctx.Done()
		return nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.config.Listen)
	if ctx.Err() != nil && err != nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("bounces can't be taken at %s (channels.email.listen): %w", c.config.Listen, err)
	}
	return c.Serve(ctx, listener, inbox)
}

// Serve takes reports from a listener, and closes it, when ctx is done. It returns nil then.
func (c *Channel) Serve(ctx context.Context, listener net.Listener, inbox channels.Inbox) error {
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &reception{ctx: ctx, channel: c, inbox: inbox}, nil
	}))
	server.Domain = c.bounces.domain
	server.MaxMessageBytes = maxReturned
	server.MaxRecipients = 1 // a report is about one attempt
	server.ReadTimeout, server.WriteTimeout = silence, silence
	server.ErrorLog = quietly{c.log}
	defer context.AfterFunc(ctx, func() {
		_ = server.Close()
		// A server that was closed before it began to serve does not know its listener.
		_ = listener.Close()
	})()
	if err := server.Serve(&gate{Listener: listener, most: maxConnections}); err != nil && ctx.Err() == nil {
		return fmt.Errorf("bounces are no longer taken at %s: %w", listener.Addr(), err)
	}
	return nil
}

// A reception is one connection's conversation.
type reception struct {
	ctx     context.Context
	channel *Channel
	inbox   channels.Inbox
	ref     alerting.Ref
}

// Mail takes any sender: reports come from <>, but not from every system.
func (r *reception) Mail(string, *smtp.MailOptions) error { return nil }

// Rcpt takes envelope senders of ours, and nothing else.
func (r *reception) Rcpt(to string, _ *smtp.RcptOptions) error {
	ref, ok := r.channel.bounces.ref(to)
	if !ok {
		return noSuchAddress
	}
	r.ref = ref
	return nil
}

// Data takes the report. The mail system hears that it was taken only when its facts are durable.
func (r *reception) Data(body io.Reader) error {
	data, err := io.ReadAll(io.LimitReader(body, maxReport))
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		return err
	}
	facts := r.facts(data, time.Now().UTC())
	if len(facts) == 0 {
		return nil
	}
	if err := r.inbox.Put(r.ctx, facts...); err != nil {
		r.channel.log.Error().Err(err).Str("ref", r.ref.String()).Msg("a mail report could not be kept; the mail system will bring it again")
		return notKept
	}
	return nil
}

// Reset forgets the report under way.
func (r *reception) Reset() { r.ref = alerting.Ref{} }

// Logout ends the conversation.
func (r *reception) Logout() error { return nil }

// facts are what a mail to a bounce address tells about the attempt that the address names.
func (r *reception) facts(data []byte, now time.Time) []alerting.Inbound {
	statuses, err := readReport(data)
	if err != nil {
		if errors.Is(err, errNoReport) && isAutomatic(data) {
			return nil
		}
		return []alerting.Inbound{r.refused("mail to a bounce address was not understood: "+clip(err.Error()), now)}
	}
	var facts []alerting.Inbound
	seen := map[string]bool{}
	for _, s := range statuses {
		fact, tells := r.receipt(s, now)
		if tells && !seen[fact.ID] {
			seen[fact.ID] = true
			facts = append(facts, fact)
		}
	}
	return facts
}

// receipt's ID is made of the fact itself, so that a report which comes twice is the same fact.
func (r *reception) receipt(s status, now time.Time) (alerting.Inbound, bool) {
	if s.action == delayed {
		return alerting.Inbound{}, false
	}
	state, known := actions[s.action]
	if !known {
		return r.refused(fmt.Sprintf("a mail report has the action %q, which RFC 3464 has not", clip(s.action)), now), true
	}
	reason := "the mail system reports that the mail was " + s.action
	if s.action == "failed" {
		reason = "the mail system reports that the mail did not arrive"
	}
	if s.diagnostic != "" {
		reason += ": " + clip(s.diagnostic)
	}
	return alerting.Inbound{
		Channel: Name, Kind: alerting.InboundReceipt, At: now, Ref: r.ref.String(),
		State: state, Code: s.code, Reason: reason,
		ID: r.ref.String() + "/" + state.String() + "/" + s.code,
	}, true
}

func (r *reception) refused(why string, now time.Time) alerting.Inbound {
	return alerting.Inbound{
		Channel: Name, Kind: alerting.InboundRefused, At: now, Ref: r.ref.String(),
		Reason: why, ID: r.ref.String() + "/refused/" + why,
	}
}

// quietly logs what the SMTP server says about its connections: strangers' faults, mostly.
type quietly struct{ log zerolog.Logger }

func (q quietly) Printf(format string, args ...any) {
	q.log.Debug().Msg("bounce listener: " + clip(fmt.Sprintf(format, args...)))
}

func (q quietly) Println(args ...any) {
	q.log.Debug().Msg("bounce listener: " + clip(fmt.Sprint(args...)))
}
