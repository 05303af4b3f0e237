package wording

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"revere/alerting"
)

// offers are the alert's responses as they go on from "Reply ACK K7Q": ", or 2 K7Q if you got it
// too", or ", or 1 K7Q: On it" and ", 2 K7Q: Need help". A withdrawal offers none: there is nothing
// left to do about it.
func offers(a *alerting.Alert, code string) []string {
	if a.Type == alerting.TypeCancel {
		return nil
	}
	var all []string
	for _, r := range a.Responses {
		separator := ", "
		if len(all) == 0 {
			separator = ", or "
		}
		all = append(all, separator+offer(r, code))
	}
	return all
}

// offer says what to reply and what it means. A label that is a clause about the reader is put as a
// condition ("you got it too"), any other is quoted as it is ("On it").
func offer(r alerting.Response, code string) string {
	means := label(r)
	first, _, _ := strings.Cut(strings.ToLower(means), " ")
	switch first {
	case "if":
		return r.Key + " " + code + " " + lowerFirst(means)
	case "you", "your", "you’re", "you're", "you’ve", "you've":
		return r.Key + " " + code + " if " + lowerFirst(means)
	default:
		return r.Key + " " + code + ": " + means
	}
}

// label is what a response means, fit to stand within a sentence.
func label(r alerting.Response) string {
	whole := line(r.Label)
	if within := phrase(whole); within != "" {
		return within
	}
	return whole
}

func lowerFirst(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(first)) + s[size:]
}

// replyOffers is a sentence of its own that names the alert's responses; empty where it has none.
func replyOffers(a *alerting.Alert, code string) string {
	all := strings.Join(offers(a, code), "")
	if all == "" {
		return ""
	}
	return "Reply " + strings.TrimPrefix(all, ", or ") + "."
}
