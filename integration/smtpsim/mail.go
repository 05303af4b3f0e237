package smtpsim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/mail"
)

// A Mail is one mail that the server accepted.
type Mail struct {
	// From and To are the envelope's.
	From string
	To   []string
	// Return and Notify are the reports that the client asked for (RFC 3461): "HDRS", "FAILURE".
	Return string
	Notify []string
	// User is who had signed in; empty where nobody had.
	User string
	At   time.Time
	// Data is the mail as it came, header and body.
	Data []byte
	// Header holds the decoded values of each header field, by its canonical name.
	Header map[string][]string
	// Text and HTML are the decoded parts, empty where the mail has none.
	Text, HTML string
	// Arrived is set once a report has told that the recipient's mail system has it.
	Arrived bool
}

// Get returns the first value of a header field, given its canonical name.
func (m Mail) Get(name string) string {
	if values := m.Header[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// parse reads a mail's header and its parts for people.
func parse(data []byte) (Mail, error) {
	reader, err := mail.CreateReader(bytes.NewReader(data))
	if err != nil && !message.IsUnknownCharset(err) {
		return Mail{}, fmt.Errorf("the mail can't be read: %w", err)
	}
	m := Mail{Data: data, Header: map[string][]string{}}
	for fields := reader.Header.Fields(); fields.Next(); {
		value, err := fields.Text()
		if err != nil {
			value = fields.Value()
		}
		m.Header[fields.Key()] = append(m.Header[fields.Key()], value)
	}
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return m, nil
		}
		if err != nil && !message.IsUnknownCharset(err) {
			return Mail{}, fmt.Errorf("a part of the mail can't be read: %w", err)
		}
		if err := m.add(part); err != nil {
			return Mail{}, fmt.Errorf("a part of the mail can't be read: %w", err)
		}
	}
}

func (m *Mail) add(part *mail.Part) error {
	header, inline := part.Header.(*mail.InlineHeader)
	if !inline {
		return nil
	}
	body, err := io.ReadAll(part.Body)
	if err != nil {
		return err
	}
	switch kind, _, _ := header.ContentType(); kind {
	case "text/html":
		m.HTML += string(body)
	case "text/plain", "":
		m.Text += string(body)
	}
	return nil
}

func (m Mail) clone() Mail {
	m.To, m.Notify = slices.Clone(m.To), slices.Clone(m.Notify)
	m.Data = slices.Clone(m.Data)
	header := make(map[string][]string, len(m.Header))
	for name, values := range m.Header {
		header[name] = slices.Clone(values)
	}
	m.Header = header
	return m
}
