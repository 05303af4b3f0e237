package wording

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"revere/alerting"
)

// title is what the alert is called: its headline, else its event.
func title(a *alerting.Alert) string {
	for _, t := range []string{a.Headline, a.Event} {
		if t = line(t); t != "" {
			return t
		}
	}
	return "alert"
}

const (
	// topicWords and topicLength bound a topic, in words and in characters.
	topicWords  = 3
	topicLength = 30
)

// Words that can't open a topic, and words that end it.
const (
	articles     = " the a an new urgent "
	prepositions = " against at about across after affecting among and as before by during for from hitting in into near of " +
		"on or over targeting through to toward towards under via with within is are was were has have "
)

// topic reminds the reader of an alert in a word or three: what its title begins with, up to the
// first preposition, in lower case. "Phishing against election clerks" is "phishing", "Tornado
// warning for Suffolk" is "tornado warning", "DDoS attack on county sites" is "DDoS attack".
func topic(a *alerting.Alert) string {
	full := title(a)
	shouting := full == strings.ToUpper(full)
	var words []string
	for _, word := range strings.Fields(full) {
		last := strings.HasSuffix(word, ".") || phrase(word) != word
		word = phrase(word)
		lower := strings.ToLower(word)
		if len(words) == 0 && (word == "" || isOneOf(articles, lower)) {
			continue
		}
		if len(words) > 0 && (word == "" || isOneOf(prepositions, lower)) {
			break
		}
		if shouting || !isName(word) {
			word = lower
		}
		if words = append(words, word); last || len(words) == topicWords {
			break
		}
	}
	if len(words) == 0 {
		return clip(full, topicLength)
	}
	return clip(strings.Join(words, " "), topicLength)
}

func isOneOf(set, word string) bool { return strings.Contains(set, " "+word+" ") }

// isName reports whether a word has capitals beyond its first letter, as DDoS and FBI have.
func isName(word string) bool {
	_, size := utf8.DecodeRuneInString(word)
	return strings.IndexFunc(word[size:], unicode.IsUpper) >= 0
}
