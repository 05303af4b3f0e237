package email

import (
	"bytes"
	"fmt"
	"net/mail"
	"net/url"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	"revere/alerting"
)

// A letter is a mail ready to be handed over: its envelope, its name and its bytes.
type letter struct {
	sender, recipient string
	id                string // the Message-ID without its brackets
	data              []byte
}

// compose words nothing: it puts the message's own text into a mail. It makes the whole mail before
// a connection is used, so that nothing but the network can fail in the middle of one.
func (c *Channel) compose(m alerting.Message, now time.Time) (letter, error) {
	to, err := ParseAddress(m.To)
	if err != nil {
		return letter{}, err
	}
	l := letter{sender: c.from.Address, recipient: to, id: c.messageID(m.Ref)}
	if c.bounces.enabled() {
		l.sender = c.bounces.sender(m.Ref)
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(c.from)
	msg.ToMailAddress(&mail.Address{Address: unquoted(to)})
	msg.Subject(oneLine(m.Subject))
	msg.SetDateWithValue(now)
	msg.SetMessageIDWithValue(l.id)
	for _, h := range c.headers(m) {
		msg.SetGenHeader(gomail.Header(h.name), h.value)
	}
	switch {
	case m.Text != "" && m.HTML != "":
		msg.SetBodyString(gomail.TypeTextPlain, m.Text)
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	case m.HTML != "":
		msg.SetBodyString(gomail.TypeTextHTML, m.HTML)
	default:
		msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	}
	var out bytes.Buffer
	if _, err := msg.WriteTo(&out); err != nil {
		return letter{}, fmt.Errorf("the mail can't be put together: %w", err)
	}
	l.data = out.Bytes()
	return l, nil
}

type header struct{ name, value string }

// headers are what tells mail systems how to treat an alert. There is no Precedence: its values
// (bulk, list, junk) lower a mail's standing with filters, and Auto-Submitted keeps answering
// machines quiet by itself.
func (c *Channel) headers(m alerting.Message) []header {
	all := []header{
		{"Auto-Submitted", "auto-generated"},      // RFC 3834 section 5
		{"X-Auto-Response-Suppress", "All"},       // Exchange, [MS-OXCMAIL] 2.1.3.2.24
		{"List-Unsubscribe", c.unsubscribe(m.To)}, // RFC 2369; acknowledging is not unsubscribing
	}
	if m.Severity.Rank() <= alerting.Severe.Rank() {
		all = append(all, header{"Importance", "high"}, header{"Priority", "urgent"}, header{"X-Priority", "1 (Highest)"})
	}
	return all
}

// unsubscribe is a mail to the desk: no program takes someone off an alert list unseen.
func (c *Channel) unsubscribe(address string) string {
	query := url.Values{"subject": {"Unsubscribe " + oneLine(address)}}
	return "<mailto:" + url.PathEscape(c.from.Address) + "?" + strings.ReplaceAll(query.Encode(), "+", "%20") + ">"
}

// messageID names the delivery and not the attempt: what may be a duplicate has the id of what it
// may duplicate, and many mail systems then show only one.
func (c *Channel) messageID(ref alerting.Ref) string {
	_, domain := splitAddress(c.from.Address)
	return string(ref.Alert) + "." + ref.Delivery.String() + "@" + domain
}

// oneLine makes a text fit for a header field: control characters, line breaks among them, would
// end the field and begin another.
func oneLine(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)), " ")
}

// unquoted undoes ParseAddress's quoting, for what quotes by itself.
func unquoted(address string) string {
	if parsed, err := mail.ParseAddress(address); err == nil {
		return parsed.Address
	}
	return address
}
