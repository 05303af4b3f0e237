package smtpsim

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-message"
	"github.com/emersion/go-smtp"
)

// Bounce tells the envelope sender of a mail that it did not arrive: it delivers a report with the
// action "failed" and the given status ("5.1.1", RFC 3463) to the mail server at addr.
func (s *Server) Bounce(ctx context.Context, addr string, m Mail, status string) error {
	return s.Report(ctx, addr, m, "failed", status)
}

// Report delivers a delivery status notification (RFC 3464) about each recipient of a mail to its
// envelope sender, by SMTP, at addr (host:port). Actions are failed, delayed, delivered, relayed
// and expanded.
func (s *Server) Report(ctx context.Context, addr string, m Mail, action, status string) error {
	report, err := s.compose(m, action, status)
	if err != nil {
		return fmt.Errorf("compose a report about mail from %s: %w", m.From, err)
	}
	if action == "delivered" {
		s.arrived(m.From)
	}
	return Deliver(ctx, addr, "", m.From, report)
}

// Deliver hands one mail to the mail server at addr, as another mail server would: without
// encryption or authentication. An empty from is the null sender of reports.
func Deliver(ctx context.Context, addr, from, to string, data []byte) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("deliver to %s: %w", addr, err)
	}
	client := smtp.NewClient(conn)
	defer client.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if err := client.SendMail(from, []string{to}, bytes.NewReader(data)); err != nil {
		return fmt.Errorf("deliver to %s for %s: %w", addr, to, err)
	}
	// It has been taken: how the conversation ends does not change that.
	_ = client.Quit()
	return nil
}

func (s *Server) compose(m Mail, action, status string) ([]byte, error) {
	var header message.Header
	header.SetContentType("multipart/report", map[string]string{"report-type": "delivery-status"})
	header.Set("MIME-Version", "1.0")
	header.Set("From", "Mail Delivery System <MAILER-DAEMON@"+s.smtp.Domain+">")
	header.Set("To", "<"+m.From+">")
	header.Set("Subject", "Delivery status: "+action)
	header.Set("Date", time.Now().Format(time.RFC1123Z))
	header.Set("Auto-Submitted", "auto-replied")

	var out bytes.Buffer
	writer, err := message.CreateWriter(&out, header)
	if err != nil {
		return nil, err
	}
	original, _, _ := bytes.Cut(m.Data, []byte("\r\n\r\n"))
	parts := []struct{ kind, body string }{
		{"text/plain", "This is the mail system. The status of your mail: " + action + " (" + status + ").\r\n"},
		{"message/delivery-status", s.deliveryStatus(m, action, status)},
		{"text/rfc822-headers", string(original) + "\r\n"},
	}
	for _, part := range parts {
		if err := writePart(writer, part.kind, part.body); err != nil {
			return nil, err
		}
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (s *Server) deliveryStatus(m Mail, action, status string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Reporting-MTA: dns; %s\r\n", s.smtp.Domain)
	fmt.Fprintf(&b, "Arrival-Date: %s\r\n", m.At.Format(time.RFC1123Z))
	for _, to := range m.To {
		fmt.Fprintf(&b, "\r\nOriginal-Recipient: rfc822; %s\r\nFinal-Recipient: rfc822; %s\r\n", to, to)
		fmt.Fprintf(&b, "Action: %s\r\nStatus: %s\r\n", action, status)
		if action == "failed" {
			fmt.Fprintf(&b, "Diagnostic-Code: smtp; 550 %s the stand-in was told to refuse it\r\n", status)
		}
	}
	return b.String()
}

func writePart(writer *message.Writer, kind, body string) error {
	var header message.Header
	header.SetContentType(kind, nil)
	part, err := writer.CreatePart(header)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(part, body); err != nil {
		return err
	}
	return part.Close()
}
