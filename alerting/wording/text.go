package wording

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Joiners hold emoji and letters of some scripts together. They are the only invisible characters
// that reach people: others can make a text read differently from what it is (U+202E turns it round).
const (
	zeroWidthNonJoiner = '\u200C'
	zeroWidthJoiner    = '\u200D'
)

// line brings a text onto one line, without control or invisible characters.
func line(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == zeroWidthJoiner, r == zeroWidthNonJoiner:
			return r
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		default:
			return r
		}
	}, strings.ToValidUTF8(s, "?"))
	return strings.Join(strings.Fields(s), " ")
}

// paragraphs cleans a text of many lines: lines within paragraphs, which empty lines part.
func paragraphs(s string) [][]string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n\n").Replace(s)
	var all [][]string
	open := false
	for l := range strings.SplitSeq(s, "\n") {
		l = line(l)
		switch {
		case l == "":
			open = false
		case open:
			all[len(all)-1] = append(all[len(all)-1], l)
		default:
			all = append(all, []string{l})
			open = true
		}
	}
	return all
}

// plain is a text of paragraphs as one string.
func plain(paragraphs [][]string) string {
	joined := make([]string, len(paragraphs))
	for i, lines := range paragraphs {
		joined[i] = strings.Join(lines, "\n")
	}
	return strings.Join(joined, "\n\n")
}

// sentence ends a text with a full stop unless it has an end of its own.
func sentence(s string) string {
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?") || strings.HasSuffix(s, "…") {
		return s
	}
	return strings.TrimRight(s, " ,;:-–—") + "."
}

// phrase is a text without an end of its own, fit to stand within a sentence.
func phrase(s string) string { return strings.TrimRight(s, " .!?…,;:") }

// clip shortens a text to at most so many characters, at the end of a word and with "..." after it.
// A word longer than what would be left is cut within.
func clip(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	runes := []rune(s)
	end := max(1, most-len("..."))
	if cut := wordEnd(runes, end); cut > end/3 {
		end = cut
	} else {
		end = characterEnd(runes, end)
	}
	return strings.TrimRight(string(runes[:end]), " ,;:-–—.(") + "..."
}

// wordEnd is the last end of a word at or before a position.
func wordEnd(runes []rune, at int) int {
	for at > 0 && runes[at] != ' ' {
		at--
	}
	return at
}

// characterEnd is the last position at or before at where what people see as one character is not
// split; at itself where there is none.
func characterEnd(runes []rune, at int) int {
	for end := at; end > 0; end-- {
		if !joins(runes[end]) && runes[end-1] != zeroWidthJoiner {
			return end
		}
	}
	return at
}

// joins reports whether a rune belongs to the character before it: an accent, a joiner, a skin tone.
func joins(r rune) bool {
	return unicode.Is(unicode.M, r) || r == zeroWidthJoiner || r == zeroWidthNonJoiner || r >= 0x1F3FB && r <= 0x1F3FF
}

// list joins with commas and a last word: "a, b or c".
func list(items []string, last string) string {
	n := len(items)
	if n < 2 {
		return strings.Join(items, "")
	}
	return strings.Join(items[:n-1], ", ") + " " + last + " " + items[n-1]
}
