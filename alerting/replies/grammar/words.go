package grammar

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"

	"revere/alerting"
)

// normal brings the forms of a character that phones and keyboards produce into one: full-width
// letters into plain ones, every kind of space into a space, invisible characters into nothing.
// Line breaks stay. The joiners of emoji and of some scripts stay too.
func normal(text string) string {
	text = width.Fold.String(strings.ToValidUTF8(text, "\uFFFD"))
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\u200C', r == '\u200D':
			return r
		case r == '\r', r == '\u2028', r == '\u2029':
			return '\n'
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		default:
			return r
		}
	}, text)
}

func isWordRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '\'' || r == '’'
}

// isPunctuation tells the marks and spaces that are forgiven. The sign > is none: it quotes.
func isPunctuation(r rune) bool {
	return unicode.IsPunct(r) || unicode.IsSpace(r) || strings.ContainsRune("`´\u200C\u200D", r)
}

// cutWord returns the first word and what follows it. The text must begin with the word.
func cutWord(s string) (word, rest string) {
	end := strings.IndexFunc(s, func(r rune) bool { return !isWordRune(r) })
	if end < 0 {
		end = len(s)
	}
	return s[:end], s[end:]
}

// unquoted takes off the quotation marks around a text.
func unquoted(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	last, lastSize := utf8.DecodeLastRuneInString(s)
	if len(s) < size+lastSize || !strings.ContainsRune(openingQuotes+"'", first) || !strings.ContainsRune(closingQuotes+"'", last) {
		return s
	}
	return s[size : len(s)-lastSize]
}

// A piece is one word, in capitals, and the text behind it.
type piece struct{ word, after string }

// cutCode takes a code off the front: typed as one word, in pieces ("k7 q"), or letter by letter
// ("k 7 q"). A word that is no code but was meant as one is taken as well. It returns "" and all of
// s where there is none.
func cutCode(s string) (code, rest string) {
	pieces := firstPieces(s)
	spelled := 0
	for spelled < len(pieces) && len(pieces[spelled].word) == 1 {
		spelled++
	}
	for n := spelled; n >= alerting.MinCode; n-- {
		if code := alerting.ParseCode(join(pieces[:n])); code != "" {
			return code, pieces[n-1].after
		}
	}
	for n := 1; n <= len(pieces); n++ {
		if code := alerting.ParseCode(join(pieces[:n])); code != "" {
			return code, pieces[n-1].after
		}
	}
	n := min(max(1, spelled), len(pieces))
	if typed := join(pieces[:n]); meantAsCode(typed) || len(pieces) == 1 && strings.TrimFunc(pieces[0].after, isPunctuation) == "" && looksLikeCode(typed) {
		return typed, pieces[n-1].after
	}
	return "", s
}

// looksLikeCode reports whether a word that stands alone is as long as a code and is none of those
// that people add to an answer: K7Q with a slip of the thumb is KZQ, and must never acknowledge
// whatever else is open.
func looksLikeCode(word string) bool {
	if len(word) < alerting.MinCode || len(word) > MaxTypedCode || ordinary[word] {
		return false
	}
	return !strings.ContainsFunc(word, func(r rune) bool { return r < 'A' || r > 'Z' })
}

// ordinary are words of a code's length that people add to an answer.
var ordinary = map[string]bool{
	"YES": true, "YEP": true, "YUP": true, "NOW": true, "TOO": true, "HERE": true, "ALL": true, "THX": true, "TNX": true, "TKS": true,
	"DONE": true, "OKAY": true, "ROGER": true, "COPY": true, "SURE": true, "GOOD": true, "GREAT": true, "NOTED": true, "RCVD": true,
	"RECD": true, "THANK": true, "MAAM": true, "SIR": true, "TEAM": true, "CLERK": true, "HELP": true, "AGAIN": true, "BOTH": true,
}

// firstPieces returns as many words as a code has characters at most.
func firstPieces(s string) []piece {
	var pieces []piece
	for len(pieces) < alerting.MaxCode {
		word, after := cutWord(strings.TrimLeftFunc(s, func(r rune) bool { return !isWordRune(r) }))
		if word == "" {
			break
		}
		pieces = append(pieces, piece{strings.ToUpper(strings.Trim(word, "'’")), after})
		s = after
	}
	return pieces
}

func join(pieces []piece) string {
	var b strings.Builder
	for _, p := range pieces {
		b.WriteString(p.word)
	}
	return b.String()
}

// meantAsCode reports whether a word is about as long as a code and mixes letters and digits, as
// codes do and words do not.
func meantAsCode(word string) bool {
	letters, digits := 0, 0
	for _, r := range word {
		switch {
		case 'A' <= r && r <= 'Z':
			letters++
		case '0' <= r && r <= '9':
			digits++
		default:
			return false
		}
	}
	return letters > 0 && digits > 0 && len(word) <= MaxTypedCode
}
