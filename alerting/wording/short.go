package wording

import (
	"strings"

	"revere/alerting"
	"revere/alerting/gsm7"
)

// repeated says that the address may have this message already.
const repeated = "(may be a repeat)"

// A short is an alert in one text. Title and detail may be shortened, the offers may be left out
// from the last if nothing else helps, and the rest stands whatever it takes.
type short struct {
	mark   string // the status's word, first and last
	opens  string // sender, severity and place; what is corrected
	title  string
	detail string // what to do
	reply  string // how to acknowledge, without a full stop
	offers []string
	// extras are added where there is room.
	extras []string
}

// short takes an alert apart for a text message.
func (d Desk) short(c Context) short {
	s := short{
		mark:  mark(c.Alert.Status),
		reply: "Reply ACK " + c.Code,
	}
	if c.Alert.Type == alerting.TypeCancel {
		s.opens = reality(c) + "FALSE ALARM. " + d.withdraws(c) + "."
		s.detail = instruction(c)
	} else {
		s.opens = reality(c) + replaces(c) + d.sender(c.Alert) + ", " + severity(c.Alert.Severity) + ", " + d.place(c.Areas, c.Alert) + ":"
		s.title = title(c.Alert)
		s.detail = detail(c)
		s.offers = offers(c.Alert, c.Code)
	}
	if c.PossibleDuplicate {
		s.extras = append(s.extras, repeated)
	}
	if d.LinksInSMS && c.AckURL != "" {
		s.extras = append(s.extras, "Or open "+line(c.AckURL))
	}
	return s
}

// detail is what stands behind the title: what to do, else, where there is no headline, what is the
// matter. The event alone would say too little.
func detail(c Context) string {
	if text := instruction(c); text != "" || line(c.Alert.Headline) != "" {
		return text
	}
	return line(c.Alert.Description)
}

// instruction is what to do.
func instruction(c Context) string {
	own := line(news(c, func(a *alerting.Alert) string { return a.Instruction }))
	if own == "" && c.Alert.Type == alerting.TypeCancel {
		return "Take no action."
	}
	return own
}

// news is a field of the alert. A cancel made from a copy of its alert repeats that alert's texts,
// or their beginnings, which nobody should act on any more: only what differs counts as the cancel's own.
func news(c Context, field func(*alerting.Alert) string) string {
	own := field(c.Alert)
	if c.Alert.Type != alerting.TypeCancel {
		return own
	}
	for _, corrected := range c.Corrects {
		if brief := corrected.Alert.Brief(); field(corrected.Alert) == own || field(&brief) == own {
			return ""
		}
	}
	return own
}

// description is the alert's own account, in paragraphs.
func description(c Context) [][]string {
	return paragraphs(news(c, func(a *alerting.Alert) string { return a.Description }))
}

// text puts the parts together, with so many of the offers, as it will be sent: punctuation outside
// GSM-7 is replaced, letters are kept.
func (s short) text(title, detail string, offers int, extras ...string) string {
	reply := s.reply + strings.Join(s.offers[:offers], "") + "."
	parts := append([]string{s.mark, s.opens, sentence(title), sentence(detail), reply}, extras...)
	return gsm7.Transliterate(joined(append(parts, s.mark)...))
}

// joined puts a space between the parts that are not empty.
func joined(parts ...string) string {
	var b strings.Builder
	for _, part := range parts {
		if part != "" && b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(part)
	}
	return b.String()
}

// whole is the text with nothing left out.
func (s short) whole() string { return s.text(s.title, s.detail, len(s.offers)) }
