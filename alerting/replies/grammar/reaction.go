package grammar

import "strings"

// IsAcknowledgement reports whether an emoji that a person put on a message of ours acknowledges
// it: a thumb up of any skin tone, ✅ or ✔. No other does: a heart or a laugh says what the person
// feels, and 👌 and ☑ mean other things to other people. The selectors that choose between a sign's
// black and its colored form (U+FE0E, U+FE0F) do not matter.
func IsAcknowledgement(emoji string) bool {
	switch strings.NewReplacer("\uFE0E", "", "\uFE0F", "").Replace(strings.TrimSpace(emoji)) {
	case "👍", "👍🏻", "👍🏼", "👍🏽", "👍🏾", "👍🏿", "✅", "✔":
		return true
	default:
		return false
	}
}
