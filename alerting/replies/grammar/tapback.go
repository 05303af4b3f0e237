package grammar

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"revere/alerting"
)

// Phones that can't send a reaction over SMS send a sentence instead, which quotes our whole message
// and with it the words that acknowledge: `Liked “… Reply ACK K7Q.”` (Apple), `👍 to “…”` (Google).
// The sentence is in the phone's language. These are the beginnings that are common in the country;
// one in another language is known by its form, a few words and then a quotation of ours.
var tapbackWords = []string{
	"liked", "loved", "disliked", "laughed at", "emphasized", "emphasised", "questioned", "reacted", "removed",
	"le gustó", "le gusta", "me gusta", "no le gustó", "le encantó", "le encanta", "le dio risa", "se rió de",
	"enfatizó", "destacó", "cuestionó", "reaccionó", "quitó", "eliminó",
	"a aimé", "a adoré", "n’a pas aimé", "n'a pas aimé", "a ri", "a réagi", "a supprimé",
	"gostou de", "amou", "adorou", "reagiu", "removeu",
}

const (
	openingQuotes = "\"“„«‘「"
	closingQuotes = "\"”“»’」"

	// longestLead bounds what stands before the quotation in a tapback, in characters.
	longestLead = 60
	// shortestMessage is less than any text of ours has, in characters; a person who quotes a code
	// to ask about it quotes less.
	shortestMessage = 30
)

// isTapback reports whether the text is a phone's rendering of a reaction to another message.
func isTapback(body string) bool {
	lead, quotation, found := cutQuotation(body)
	if !found || utf8.RuneCountInString(lead) > longestLead {
		return false
	}
	return hasTapbackWord(lead) || startsWithEmoji(lead) || isOurs(quotation)
}

// cutQuotation splits a text into what leads to a quotation and the quotation. Its end may be
// missing, since long reactions are cut off on their way.
func cutQuotation(body string) (lead, quotation string, found bool) {
	at := strings.IndexAny(body, openingQuotes)
	if at < 0 {
		return "", "", false
	}
	_, size := utf8.DecodeRuneInString(body[at:])
	return strings.TrimSpace(body[:at]), body[at+size:], true
}

func hasTapbackWord(lead string) bool {
	lead = strings.ToLower(lead)
	return slices.ContainsFunc(tapbackWords, func(w string) bool {
		return lead == w || strings.HasPrefix(lead, w+" ")
	})
}

func startsWithEmoji(s string) bool {
	first, _ := utf8.DecodeRuneInString(s)
	return unicode.Is(unicode.So, first)
}

// isOurs reports whether a quotation runs to the end of the text, is as long as our messages are,
// and carries a code in capitals, as every message of ours does.
func isOurs(quotation string) bool {
	last, _ := utf8.DecodeLastRuneInString(quotation)
	if !strings.ContainsRune(closingQuotes, last) || utf8.RuneCountInString(quotation) < shortestMessage {
		return false
	}
	words := strings.FieldsFunc(quotation, func(r rune) bool { return !isWordRune(r) })
	return slices.ContainsFunc(words, func(w string) bool {
		return w == strings.ToUpper(w) && alerting.ParseCode(w) != ""
	})
}

func isQuotation(line string) bool { return strings.HasPrefix(line, ">") }

// withoutQuotations drops the lines that quote another message in the manner of mail.
func withoutQuotations(lines []string) (own []string, quoted bool) {
	for _, line := range lines {
		if isQuotation(strings.TrimSpace(line)) {
			quoted = true
			continue
		}
		own = append(own, line)
	}
	return own, quoted
}

func firstVisible(lines []string) string {
	for _, line := range lines {
		if line = strings.TrimSpace(line); line != "" {
			return line
		}
	}
	return ""
}
