package wording

import (
	"net/url"
	"strings"

	"revere/alerting"
)

// subjectTitle bounds the title in a subject line, in characters.
const subjectTitle = 120

// A letter is an alert as mail. Its text and its HTML say the same, in the same order.
type letter struct {
	Subject  string
	First    string // the status's word, or that this is no exercise
	Last     string // the status's word
	Heading  string
	Notes    []string // what it corrects, whether it may be a repeat
	Language string   // of the texts that the alert brings
	Sections []section
}

// A section is a heading and what stands below it.
type section struct {
	Heading    string
	Paragraphs [][]string
	// Quoted is set where the words are the alert's, in the alert's language.
	Quoted bool
	// Link is an address to follow, and Button what it does; only the link where there is no Button.
	Link, Button string
}

func (d Desk) letter(c Context) letter {
	l := letter{
		First:    mark(c.Alert.Status),
		Last:     mark(c.Alert.Status),
		Heading:  d.heading(c),
		Language: line(c.Alert.Language),
	}
	if reality(c) != "" {
		l.First = strings.TrimSuffix(reality(c), ". ")
	}
	l.Subject = l.Heading + " [" + c.Code + "]"
	if l.First != "" {
		l.Subject = "[" + l.First + "] " + l.Subject
	}
	if c.Alert.Type == alerting.TypeUpdate {
		l.Notes = d.corrections(c)
	}
	if c.PossibleDuplicate {
		l.Notes = append(l.Notes, possibleRepeat)
	}
	for _, s := range []section{d.do(c), d.what(c), d.where(c), d.until(c), d.acknowledge(c), d.more(c), d.from(c)} {
		if len(s.Paragraphs) > 0 {
			l.Sections = append(l.Sections, s)
		}
	}
	return l
}

func (d Desk) heading(c Context) string {
	if c.Alert.Type == alerting.TypeCancel {
		return "FALSE ALARM. " + d.withdraws(c)
	}
	return replaces(c) + severity(c.Alert.Severity) + ", " + d.place(c.Areas, c.Alert) + ": " + clip(title(c.Alert), subjectTitle)
}

// corrections names every alert that is corrected, in full: the reader looks for it in the mailbox.
func (d Desk) corrections(c Context) []string {
	done := "Replaced: "
	if c.Alert.Type == alerting.TypeCancel {
		done = "Withdrawn: "
	}
	if len(c.Corrects) == 0 {
		return []string{done + "an earlier alert."}
	}
	var all []string
	for _, earlier := range c.Corrects {
		all = append(all, done+earlier.Code+", "+title(earlier.Alert)+" ("+d.place(c.Areas, earlier.Alert)+", "+
			dateTime(earlier.Alert.Sent, d.location(c))+").")
	}
	return all
}

func (d Desk) do(c Context) section {
	text := paragraphs(news(c, func(a *alerting.Alert) string { return a.Instruction }))
	quoted := len(text) > 0
	if !quoted {
		text = oneLine("Acknowledge this alert.")
		if c.Alert.Type == alerting.TypeCancel {
			text = oneLine("Take no action.")
		}
	}
	return section{Heading: "DO", Paragraphs: text, Quoted: quoted}
}

// what says what is the matter. The title of an alert that was withdrawn must not look like news.
func (d Desk) what(c Context) section {
	s := section{Heading: "WHAT", Quoted: true}
	if c.Alert.Type == alerting.TypeCancel {
		s.Quoted = false
		s.Paragraphs = append([][]string{d.corrections(c)}, oneLine(line(news(c, title)))...)
	} else {
		s.Paragraphs = oneLine(title(c.Alert))
	}
	s.Paragraphs = append(s.Paragraphs, description(c)...)
	return s
}

func (d Desk) where(c Context) section {
	var names []string
	for _, a := range d.areas(c.Areas, c.Alert) {
		names = append(names, d.name(a))
	}
	return section{Heading: "WHERE", Paragraphs: oneLine(strings.Join(names, ", "))}
}

// until is when the alert ends. A withdrawal has no end.
func (d Desk) until(c Context) section {
	if c.Alert.Type == alerting.TypeCancel {
		return section{}
	}
	return section{Heading: "UNTIL", Paragraphs: oneLine(dateTime(c.Alert.Expires, d.location(c)))}
}

// acknowledge says how. Opening the page does nothing yet: mail scanners open every link.
func (d Desk) acknowledge(c Context) section {
	s := section{Heading: "ACKNOWLEDGE"}
	if !webAddress(c.AckURL) {
		if d.Phone != "" {
			s.Paragraphs = oneLine("Call " + phone(d.Phone) + " and give the code " + c.Code + ".")
		}
		return s
	}
	how := []string{"Open the page, then press Acknowledge. Opening it alone does not acknowledge."}
	if answers := labels(c.Alert); answers != "" {
		how = append(how, "There you can also answer "+answers+".")
	}
	s.Paragraphs, s.Link, s.Button = [][]string{how}, c.AckURL, "Open the page to acknowledge "+c.Code
	return s
}

func labels(a *alerting.Alert) string {
	if a.Type == alerting.TypeCancel {
		return ""
	}
	var all []string
	for _, r := range a.Responses {
		all = append(all, "“"+label(r)+"”")
	}
	return list(all, "or")
}

func (d Desk) more(c Context) section {
	s := section{Heading: "MORE", Paragraphs: oneLine(web(c))}
	if webAddress(web(c)) {
		s.Paragraphs, s.Link = oneLine("The sender's page about this:"), web(c)
	}
	return s
}

// web is the sender's page about the alert.
func web(c Context) string {
	return line(news(c, func(a *alerting.Alert) string { return a.Web }))
}

// from says who sent it, whom to call, and, last of all, the alert's own contact.
func (d Desk) from(c Context) section {
	a := c.Alert
	by := d.sender(a)
	if address := line(a.Sender); address != by && address != "" {
		by += " (" + address + ")"
	}
	lines := []string{
		"Sent by " + by + ", " + dateTime(a.Sent, d.location(c)) + ".",
		"Severity " + string(a.Severity) + ", urgency " + string(a.Urgency) + ", certainty " + string(a.Certainty) + ". Code " + c.Code + ".",
	}
	if a.TLP != "" {
		lines = append(lines, "TLP:"+string(a.TLP))
	}
	if d.Phone != "" {
		lines = append(lines, "To talk to a person call "+phone(d.Phone)+".")
	}
	if contact := line(a.Contact); contact != "" {
		lines = append(lines, "Contact: "+contact)
	}
	return section{Heading: "FROM", Paragraphs: [][]string{lines}}
}

// oneLine is a text of one line as paragraphs; none where it is empty.
func oneLine(s string) [][]string {
	if s == "" {
		return nil
	}
	return [][]string{{s}}
}

// webAddress reports whether s is an absolute web address: nothing else is made a link.
func webAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}
