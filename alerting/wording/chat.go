package wording

import "strings"

// chat is the short text, whole, then the description and the link, and how to acknowledge.
func (d Desk) chat(c Context) string {
	s := d.short(c)
	s.extras = nil
	if line(c.Alert.Headline) == "" && s.detail == line(c.Alert.Description) {
		s.detail = "" // the description follows in full
	}
	parts := []string{s.whole()}
	if text := plain(description(c)); text != "" {
		parts = append(parts, text)
	}
	if page := web(c); page != "" {
		parts = append(parts, page)
	}
	if c.PossibleDuplicate {
		parts = append(parts, possibleRepeat)
	}
	parts = append(parts, "React 👍 or reply ACK "+c.Code)
	if s.mark != "" {
		parts = append(parts, s.mark)
	}
	return strings.Join(parts, "\n\n")
}

const possibleRepeat = "This may be a repeat: an earlier copy may have reached you."
