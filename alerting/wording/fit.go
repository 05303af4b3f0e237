package wording

import (
	"sort"
	"unicode/utf8"

	"revere/alerting/gsm7"
)

const (
	// leastKept is how much of a title or a detail must stay for it to say anything, in characters.
	leastKept = 24
	// mostRead bounds how much of a title or a detail is looked at, in characters: no text message
	// that a provider takes holds more.
	mostRead = 1600
)

// titleSteps are the lengths to which a title yields to leave room for what to do, in characters.
var titleSteps = []int{1 << 10, 80, 40, leastKept}

// fit is the text within limit segments. Only where what may not be cut exceeds the limit, it takes
// the fewest segments that hold it.
func (s short) fit(limit int) string {
	s.title, s.detail = clip(s.title, mostRead), clip(s.detail, mostRead)
	for ; ; limit++ {
		for n := len(s.offers); n >= 0; n-- {
			if title, detail, ok := s.shortened(n, limit); ok {
				return s.extended(title, detail, n, limit)
			}
		}
	}
}

// shortened finds the most that can be said in limit segments with n offers: first the detail
// yields, then the title beside it, and at last the detail is given up.
func (s short) shortened(n, limit int) (title, detail string, ok bool) {
	fits := func(title, detail string) bool { return gsm7.Segments(s.text(title, detail, n)) <= limit }
	if fits(s.title, s.detail) {
		return s.title, s.detail, true
	}
	if s.detail != "" {
		for _, most := range titleSteps {
			title = clip(s.title, most)
			if detail, ok = longest(s.detail, func(detail string) bool { return fits(title, detail) }); ok {
				return title, detail, true
			}
		}
	}
	title, ok = longest(s.title, func(title string) bool { return fits(title, "") })
	return title, "", ok
}

// longest clips a text to the most characters that fit; ok is false where leastKept do not.
func longest(text string, fits func(string) bool) (clipped string, ok bool) {
	length := utf8.RuneCountInString(text)
	least := min(leastKept, length)
	if !fits(clip(text, least)) {
		return "", false
	}
	more := sort.Search(length-least, func(i int) bool { return !fits(clip(text, least+1+i)) })
	return clip(text, least+more), true
}

// extended adds the extras for which there is room.
func (s short) extended(title, detail string, n, limit int) string {
	text := s.text(title, detail, n)
	var added []string
	for _, extra := range s.extras {
		if longer := s.text(title, detail, n, append(added, extra)...); gsm7.Segments(longer) <= limit {
			text, added = longer, append(added, extra)
		}
	}
	return text
}
