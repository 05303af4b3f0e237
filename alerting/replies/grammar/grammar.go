// Package grammar reads what people answer: the text of an SMS or a Signal message, and the emoji
// that they put on one.
//
// The grammar is small, because a reply that is taken for what it is not shows a town as reached
// that was not:
//
//	ACK [code] [note]
//	key [code] [note]        key is a number that the alert offers, 1 to 99
//
// It is anchored at the start of the text. Case, spaces, punctuation, quotation marks, full-width
// and invisible characters are forgiven; other words in front are not. ACK may also be spelled
// ACKD, ACKED, ACKNOWLEDGE or ACKNOWLEDGED. OK, YES and Y are no acknowledgement: they are said in
// passing, and YES, START and STOP belong to the SMS provider. A code alone is none either: it can
// as well be a question. Whoever gets the help text then knows what to write; whoever is recorded
// as reached by mistake never hears of it.
package grammar

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"revere/alerting"
)

// A Kind is what sort of reply a text is.
type Kind int

// The kinds. Only Ack acknowledges.
const (
	NotUnderstood Kind = iota // anything else, automatic replies included: the help text answers it
	Ack                       // an acknowledgement, plain or with one of the alert's responses
	Tapback                   // a phone's rendering of a reaction, or a bare quotation: nobody wrote it, nothing answers it
	Empty                     // no visible character
)

func (k Kind) String() string {
	switch k {
	case Ack:
		return "ack"
	case Tapback:
		return "tapback"
	case Empty:
		return "empty"
	default:
		return "not understood"
	}
}

const (
	// MaxNote bounds a note, in characters; what is longer is cut.
	MaxNote = 500
	// MaxTypedCode bounds what is taken for a code that was mistyped, in characters.
	MaxTypedCode = alerting.MaxCode + 1
)

// A Reply is what a text means. Code, Response and Note are set for an Ack only.
type Reply struct {
	Kind Kind
	// Code is the code that was typed, in capitals; empty where none was, which means the only alert
	// that is open for the sender. A word that is no code but was clearly meant as one ("K70") is
	// kept as it is, so that it is refused and never taken for a plain ACK.
	Code string
	// Response is the key of the chosen response, from 1 to 99 without leading zero; empty for a
	// plain ACK. Whether the alert offers it is for the caller to judge.
	Response string
	// Note is what the person added, on one line.
	Note string
}

// Parse reads the text of a reply. It never fails: what it can't read is NotUnderstood.
func Parse(text string) Reply {
	lines := strings.Split(normal(text), "\n")
	own, quoted := withoutQuotations(lines)
	body := strings.Join(strings.Fields(strings.Join(own, " ")), " ")
	switch {
	case body == "" && quoted:
		return Reply{Kind: Tapback}
	case body == "":
		return Reply{Kind: Empty}
	case isQuotation(firstVisible(lines)):
		// Words below a quotation are a person's, but not at the start of the text.
		return Reply{Kind: NotUnderstood}
	}
	if reply, ok := answer(body); ok {
		return reply
	}
	if isTapback(body) {
		return Reply{Kind: Tapback}
	}
	return Reply{Kind: NotUnderstood}
}

// answer reads the two forms of the grammar.
func answer(body string) (reply Reply, ok bool) {
	head, rest := cutWord(strings.TrimLeftFunc(unquoted(body), isPunctuation))
	word := strings.ToUpper(head)
	reply.Kind = Ack
	glued, isAck := cutAck(word)
	if !isAck {
		reply.Response, glued = cutKey(word)
		if reply.Response == "" || glued == "" && !endsKey(rest) {
			return Reply{}, false
		}
	}
	if glued == "" {
		reply.Code, rest = cutCode(rest)
	} else if reply.Code = alerting.ParseCode(glued); reply.Code == "" {
		return Reply{}, false
	}
	reply.Note = note(rest)
	return reply, true
}

// cutAck takes the word that acknowledges off the front of a word: what is left over is a code that
// was typed without a space (ACKK7Q), or makes it another word (ACKNOWLEDGING).
func cutAck(word string) (glued string, ok bool) {
	switch strings.NewReplacer("'", "", "’", "").Replace(word) {
	case "ACK", "ACKD", "ACKED", "ACKNOWLEDGE", "ACKNOWLEDGED":
		return "", true
	default:
		return strings.CutPrefix(word, "ACK")
	}
}

// cutKey takes a number from 1 to 99 without leading zero off the front of a word.
func cutKey(word string) (key, rest string) {
	rest = strings.TrimLeft(word, "0123456789")
	key = word[:len(word)-len(rest)]
	if key == "" || len(key) > 2 || key[0] == '0' {
		return "", word
	}
	return key, strings.Trim(rest, "'’")
}

// endsKey reports whether a number that is followed by rest stands for itself. In "2%", "2.5",
// "10:30", "617-555-0100" and "2-story" it is a part of something else.
func endsKey(rest string) bool {
	mark, size := utf8.DecodeRuneInString(rest)
	if size == 0 || unicode.IsSpace(mark) {
		return true
	}
	next, _ := utf8.DecodeRuneInString(rest[size:])
	switch {
	case !strings.ContainsRune(afterWord, mark), unicode.IsDigit(next):
		return false
	case unicode.Is(unicode.Pd, mark) && unicode.IsLetter(next):
		code, _ := cutCode(rest)
		return code != ""
	default:
		return true
	}
}

// afterWord are the marks that may end a word, and that say nothing at the start of a note.
const afterWord = ".,:;!?-–—…)]\"”»'’"

// note is what a person added: what is left, without the marks between it and what was before.
func note(rest string) string {
	rest = strings.TrimLeft(rest, afterWord+" ")
	if utf8.RuneCountInString(rest) > MaxNote {
		rest = string([]rune(rest)[:MaxNote])
	}
	return strings.TrimSpace(rest)
}
