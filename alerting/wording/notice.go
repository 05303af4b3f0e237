package wording

import (
	"time"

	"revere/alerting"
	"revere/alerting/gsm7"
)

// An Answer is what a reply was taken to mean, for the text that confirms it.
type Answer struct {
	// For names those for whom the answer counts: all who share the address.
	For []string
	At  time.Time
	// Response is the key of the chosen response; empty for a plain ACK.
	Response string
	// Noted is set when a note came with it. The note is not repeated: others may share the address.
	Noted bool
}

// longestName bounds the name in a confirmation that would not fit a segment otherwise, in characters.
const longestName = 32

// Confirmation says that an answer is recorded, for whom and since when.
func (d Desk) Confirmation(c Context, a Answer) string {
	return d.confirmation(c, a, "acknowledged")
}

// Repeated says that an answer changes nothing: the alert was acknowledged before, at a.At.
func (d Desk) Repeated(c Context, a Answer) string {
	return d.confirmation(c, a, "already acknowledged")
}

// Retracted says that an acknowledgement was taken back, as when a reaction is removed.
func (d Desk) Retracted(c Context, a Answer) string {
	text := d.sender(c.Alert) + ": " + c.Code + " no longer acknowledged" + forNames(a.For, longestName) + ". Reply ACK " + c.Code + "."
	return notice(c.Alert.Status, text)
}

func (d Desk) confirmation(c Context, a Answer, done string) string {
	said := func(longest int) string {
		at := clock(a.At, c.Alert.Sent, d.location(c))
		text := d.sender(c.Alert) + ": " + c.Code + " " + done + forNames(a.For, longest) + " at " + at + "."
		if r, ok := c.Alert.Response(a.Response); ok {
			text += " Answer " + r.Key + " recorded: " + label(r) + "."
		}
		if a.Noted {
			text += " Note recorded."
		}
		return text
	}
	offered := ""
	if a.Response == "" {
		offered = replyOffers(c.Alert, c.Code)
	}
	const whole = 1 << 10
	return notice(c.Alert.Status, joined(said(whole), offered), joined(said(longestName), offered), said(longestName))
}

// forNames says for whom: " for Boston Clerk", " for Boston Clerk and 2 more".
func forNames(names []string, longest int) string {
	if len(names) == 0 || line(names[0]) == "" {
		return ""
	}
	return " for " + andMore(clip(line(names[0]), longest), len(names)-1)
}

// notice picks the first of the texts that is one segment, else the last of them.
func notice(status alerting.Status, texts ...string) string {
	for i, text := range texts {
		text = gsm7.Transliterate(marked(status, text))
		if i == len(texts)-1 || gsm7.Segments(text) <= 1 {
			return text
		}
	}
	return ""
}
