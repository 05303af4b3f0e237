// Package wording is what people read: alerts, corrections, confirmations and help, in the shape
// that each channel carries. It decides words and nothing else: the same inputs give the same text,
// on any machine and at any time.
//
// Two rules hold for every text. What is not an actual alert carries its word (EXERCISE, TEST) first
// and last. And nothing that a reader needs to judge or to answer is ever cut: who sends, how grave,
// where, the status word, and how to reply.
package wording

import (
	"strings"
	"time"

	"revere/alerting"
)

// DefaultSegments bounds a text message where the desk sets no bound, in SMS segments.
const DefaultSegments = 2

// A Desk is who sends, and what is the same in all its messages.
type Desk struct {
	// SenderName opens every message unless the alert names its own sender.
	SenderName string
	// Phone is a person to call, in E.164; empty where there is none.
	Phone string
	// Atlas knows the areas' names and how they lie in each other. It is required.
	Atlas alerting.Atlas
	// Location is the time zone for alerts that concern no single state. Nil means UTC.
	Location *time.Location
	// LinksInSMS puts the acknowledgement link into text messages. Alerts must not look like
	// phishing: leave it off unless people were told to expect it.
	LinksInSMS bool
	// MaxSegments bounds a text message, in SMS segments; 0 means DefaultSegments. An extreme alert
	// may have one more, and so has a message whose uncuttable parts need it. Twilio takes ten.
	MaxSegments int
}

// A Context is one alert as one address is to be told about it.
type Context struct {
	Alert *alerting.Alert
	// Code is the alert's short code.
	Code string
	// Areas are those of the recipients' areas that the alert concerns. They are named first.
	Areas []alerting.Area
	// Corrects are the alerts that an update replaces or a cancel withdraws, as far as the address
	// was sent them.
	Corrects []Corrected
	// ExerciseOpen is set while an exercise is under way: an actual alert then says that it is none.
	ExerciseOpen bool
	// AckURL is the page that acknowledges for this address; empty where there is none.
	AckURL string
	// PossibleDuplicate is set when an earlier attempt may have reached the address.
	PossibleDuplicate bool
}

// A Corrected alert is one that another replaces or withdraws.
type Corrected struct {
	Alert *alerting.Alert
	Code  string
}

// Compose words an alert for a format. A Short is within the desk's bound of SMS segments, a Chat is
// whole. Subject and html are for Mail only.
func (d Desk) Compose(format alerting.Format, c Context) (subject, text, html string) {
	switch format {
	case alerting.Mail:
		l := d.letter(c)
		return l.Subject, l.text(), l.html()
	case alerting.Chat:
		return "", d.chat(c), ""
	default:
		return "", d.short(c).fit(d.segments(c.Alert.Severity)), ""
	}
}

// Same reports whether everyone who answers for the same areas is told an alert in the same words: in
// the format, a message carries no link of the address's own.
func (d Desk) Same(format alerting.Format) bool { return format != alerting.Mail && !d.LinksInSMS }

func (d Desk) segments(s alerting.Severity) int {
	n := d.MaxSegments
	if n < 1 {
		n = DefaultSegments
	}
	if s == alerting.Extreme {
		n++
	}
	return n
}

// sender is who sends the alert, for people.
func (d Desk) sender(a *alerting.Alert) string {
	for _, name := range []string{a.SenderName, d.SenderName, a.Sender} {
		if name = line(name); name != "" {
			return name
		}
	}
	return "Revere"
}

// mark is the word that an alert of the status carries first and last; empty for an actual one.
func mark(s alerting.Status) string {
	if s == alerting.StatusActual {
		return ""
	}
	return strings.ToUpper(string(s))
}

// marked puts the status's word around a text.
func marked(s alerting.Status, text string) string {
	if word := mark(s); word != "" {
		return word + " " + text + " " + word
	}
	return text
}

// severity is how grave the alert is. An unknown severity is never passed off as a known one,
// although it is sent as urgently as a severe one.
func severity(s alerting.Severity) string {
	if s == alerting.UnknownSeverity {
		return "UNKNOWN SEVERITY"
	}
	return strings.ToUpper(string(s))
}
