package wording

import (
	_ "embed"
	"html/template"
	"strings"
)

//go:embed mail.html.tmpl
var mailPage string

// The template escapes all text: what an alert says is never taken for markup.
var mailTemplate = template.Must(template.New("mail").Parse(mailPage))

// text renders the letter as plain text.
func (l letter) text() string {
	var parts []string
	for _, part := range append([]string{l.First, l.Heading}, l.Notes...) {
		if part != "" {
			parts = append(parts, part)
		}
	}
	for _, s := range l.Sections {
		body := s.Heading + "\n" + plain(s.Paragraphs)
		if s.Link != "" {
			body += "\n" + s.Link
		}
		parts = append(parts, body)
	}
	if l.Last != "" {
		parts = append(parts, l.Last)
	}
	return strings.Join(parts, "\n\n") + "\n"
}

// html renders the letter as one page that needs nothing from the net.
func (l letter) html() string {
	var b strings.Builder
	if err := mailTemplate.Execute(&b, l); err != nil {
		// The template and the type that it is given are both fixed here, and a Builder takes all.
		panic("wording: the mail template does not match its letter: " + err.Error())
	}
	return b.String()
}
