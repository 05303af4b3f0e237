// Package gsm7 counts what a text costs as SMS, and keeps texts within the GSM 7-bit default
// alphabet (3GPP TS 23.038, section 6.2.1), in which a message holds 160 characters. One character
// outside of it turns the whole text into UCS-2, in which a message holds 70.
package gsm7

import (
	"strings"
	"unicode/utf16"
)

// The basic alphabet, each character one septet, and its extension table, each character an escape
// and a septet. The accents and Greek letters are those that the standard has, and no others.
const (
	basic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡" +
		"ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	extension = "\f^{}\\[~]|€"
)

// What one message holds, alone and as a part of a longer text, where six octets go to the header
// that joins the parts (3GPP TS 23.040, section 9.2.3.24.1). GSM-7 in septets, UCS-2 in UTF-16 units.
const (
	aloneGSM, partGSM   = 160, 153
	aloneUCS2, partUCS2 = 70, 67
)

// narrow and wide hold the septets of each character of the alphabet: narrow those below 256, of which
// nearly every text is made, and wide all.
var narrow, wide = func() (n [256]uint8, w map[rune]int) {
	w = make(map[rune]int)
	for width, alphabet := range []string{1: basic, 2: extension} {
		for _, r := range alphabet {
			w[r] = width
			if int(r) < len(n) {
				n[r] = uint8(width)
			}
		}
	}
	return n, w
}()

// septets is how many a character takes; 0 where the alphabet does not have it.
func septets(r rune) int {
	if int(r) < len(narrow) {
		return int(narrow[r])
	}
	return wide[r]
}

// Is reports whether every character of the text is in the alphabet or its extension table.
func Is(text string) bool {
	for _, r := range text {
		if septets(r) == 0 {
			return false
		}
	}
	return true
}

// Length is the text's length in septets: a character of the extension table counts two, and one
// outside the alphabet one. It says what the text costs only where Is holds.
func Length(text string) int {
	n := 0
	for _, r := range text {
		n += max(1, septets(r))
	}
	return n
}

// Segments is the number of messages that the text is sent and charged as; 0 for an empty text.
// An escape pair and a surrogate pair are never split over two messages.
func Segments(text string) int {
	if Is(text) {
		return count(text, aloneGSM, partGSM, septets)
	}
	return count(text, aloneUCS2, partUCS2, utf16Units)
}

// utf16Units counts a character that UTF-16 can't encode as the one unit of its replacement.
func utf16Units(r rune) int { return max(1, utf16.RuneLen(r)) }

func count(text string, alone, part int, width func(rune) int) int {
	total, parts, used := 0, 0, part
	for _, r := range text {
		w := width(r)
		total += w
		if used+w > part {
			parts++
			used = 0
		}
		used += w
	}
	if total <= alone {
		return min(parts, 1)
	}
	return parts
}

// Transliterate replaces punctuation and spaces outside the alphabet by what means the same within
// it. Letters, digits, and signs that have no equal there stay as they are: a name is never respelled.
// Bytes that are no UTF-8 become U+FFFD, so that dropping what is invisible never joins two of them to a
// letter that nobody wrote.
func Transliterate(text string) string {
	return punctuation.Replace(strings.ToValidUTF8(text, "\ufffd"))
}

var punctuation = strings.NewReplacer(
	"‘", "'", "’", "'", "‚", "'", "‛", "'", "′", "'", "`", "'", "´", "'",
	"“", `"`, "”", `"`, "„", `"`, "‟", `"`, "″", `"`, "«", `"`, "»", `"`,
	"‹", "<", "›", ">",
	"‐", "-", "‑", "-", "‒", "-", "–", "-", "—", "-", "―", "-", "−", "-", "⁃", "-",
	"…", "...", "‥", "..", "․", ".",
	"•", "*", "‣", "*", "▪", "*", "●", "*", "◦", "*",
	"⁄", "/", "∕", "/", "‗", "_",
	"\t", " ", "\u00a0", " ", "\u1680", " ", "\u2000", " ", "\u2001", " ", "\u2002", " ", "\u2003", " ",
	"\u2004", " ", "\u2005", " ", "\u2006", " ", "\u2007", " ", "\u2008", " ", "\u2009", " ", "\u200a", " ",
	"\u202f", " ", "\u205f", " ", "\u3000", " ",
	"\u000b", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n",
	// Invisible: soft hyphen, zero-width space, word joiner, byte order mark. The zero-width joiners
	// stay, since they belong to letters in some scripts.
	"\u00ad", "", "\u200b", "", "\u2060", "", "\ufeff", "",
)
