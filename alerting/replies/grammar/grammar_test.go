package grammar_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"revere/alerting/replies/grammar"
)

func ExampleParse() {
	for _, text := range []string{"ack k7q", "2 K7Q need a generator", "Liked “Phishing. Reply ACK K7Q.”", "who is this?"} {
		r := grammar.Parse(text)
		fmt.Printf("%s code=%q response=%q note=%q\n", r.Kind, r.Code, r.Response, r.Note)
	}
	// Output:
	// ack code="K7Q" response="" note=""
	// ack code="K7Q" response="2" note="need a generator"
	// tapback code="" response="" note=""
	// not understood code="" response="" note=""
}

func ExampleIsAcknowledgement() {
	fmt.Println(grammar.IsAcknowledgement("👍🏾"), grammar.IsAcknowledgement("😂"))
	// Output: true false
}

func ack(code, response, note string) grammar.Reply {
	return grammar.Reply{Kind: grammar.Ack, Code: code, Response: response, Note: note}
}

func TestAcknowledgements(t *testing.T) {
	for text, want := range map[string]grammar.Reply{
		"ACK":                                  ack("", "", ""),
		"ack!":                                 ack("", "", ""),
		"ACK K7Q":                              ack("K7Q", "", ""),
		"Ack K7q2":                             ack("K7Q2", "", ""),
		"  ack\tk7q \r\n":                      ack("K7Q", "", ""),
		"ACK: K7Q.":                            ack("K7Q", "", ""),
		"Ack-K7Q":                              ack("K7Q", "", ""),
		"ACK (K7Q)":                            ack("K7Q", "", ""),
		"ACKK7Q":                               ack("K7Q", "", ""),
		"ackk7q thanks":                        ack("K7Q", "", "thanks"),
		"\"ACK K7Q\"":                          ack("K7Q", "", ""),
		"“ACK K7Q”":                            ack("K7Q", "", ""),
		"ACK “K7Q”":                            ack("K7Q", "", ""),
		"'ack k7q'":                            ack("K7Q", "", ""),
		"ack k 7 q":                            ack("K7Q", "", ""),
		"ack k 7 q 2":                          ack("K7Q2", "", ""),
		"ack k7 q on it":                       ack("K7Q", "", "on it"),
		"ACK K-7-Q":                            ack("K7Q", "", ""),
		"ack k 7 q a truck is here":            ack("K7Q", "", "a truck is here"),
		"ACK K7Q 2 trucks":                     ack("K7Q", "", "2 trucks"),
		"ACKD K7Q":                             ack("K7Q", "", ""),
		"Ack'd K7Q":                            ack("K7Q", "", ""),
		"Ack’d":                                ack("", "", ""),
		"acked k7q":                            ack("K7Q", "", ""),
		"Acknowledge K7Q":                      ack("K7Q", "", ""),
		"ACKNOWLEDGED.":                        ack("", "", ""),
		"Acknowledged, K7Q, will do":           ack("K7Q", "", "will do"),
		"ACK K7Q - need a generator (big)":     ack("K7Q", "", "need a generator (big)"),
		"ACK K7Q (from the car)":               ack("K7Q", "", "(from the car)"),
		"ACK K7Q he said \"go\"":               ack("K7Q", "", "he said \"go\""),
		"ACK on my way":                        ack("", "", "on my way"),
		"ACK 2":                                ack("", "", "2"),
		"ACK\nSent from my phone":              ack("", "", "Sent from my phone"),
		"ACK K7Q\n> EXERCISE MA State SOC":     ack("K7Q", "", ""),
		"ＡＣＫ　Ｋ７Ｑ":                              ack("K7Q", "", ""),
		"ACK\u00a0K7Q":                         ack("K7Q", "", ""),
		"\ufeffA\u200bCK K7\u200dQ\u2060":      ack("K7Q", "", ""),
		"ACK K7Q 👨\u200d🚒 here":                ack("K7Q", "", "👨\u200d🚒 here"),
		"2":                                    ack("", "2", ""),
		"2.":                                   ack("", "2", ""),
		"\"2\" K7Q":                            ack("K7Q", "2", ""),
		"２ Ｋ７Ｑ":                                ack("K7Q", "2", ""),
		"2K7Q":                                 ack("K7Q", "2", ""),
		"2-K7Q":                                ack("K7Q", "2", ""),
		"2: K7Q":                               ack("K7Q", "2", ""),
		"12 k7q":                               ack("K7Q", "12", ""),
		"2 k 7 q need a generator":             ack("K7Q", "2", "need a generator"),
		"2 need a generator":                   ack("", "2", "need a generator"),
		"2 K7Q\nneed\u2028a generator\u00a0\n": ack("K7Q", "2", "need a generator"),
	} {
		assert.Equal(t, want, grammar.Parse(text), "%q", text)
	}
}

// What was meant as a code is kept as one: with a single alert open, a plain ACK would have
// acknowledged it.
func TestMistypedCodesAreKept(t *testing.T) {
	for text, want := range map[string]grammar.Reply{
		"ACK K70":       ack("K70", "", ""),
		"ack 7kq":       ack("7KQ", "", ""),
		"ACK K7 please": ack("K7", "", "please"),
		"ACK k 7":       ack("K7", "", ""),
		"2 K7Q77 yes":   ack("K7Q77", "2", "yes"),
	} {
		assert.Equal(t, want, grammar.Parse(text), "%q", text)
	}
}

func TestNothingElseAcknowledges(t *testing.T) {
	for kind, texts := range map[grammar.Kind][]string{
		grammar.Empty: {"", "  \r\n\t", "\u200b\ufeff"},
		grammar.Tapback: {
			"Liked “MA State SOC, SEVERE, Boston: Phishing. Reply ACK K7Q.”",
			"Loved \"Reply ACK K7Q.\"",
			"Disliked “ACK K7Q”",
			"Laughed at “ACK K7Q”",
			"Emphasized “ACK K7Q”",
			"Questioned “ACK K7Q”",
			"Reacted 👍 to “ACK K7Q”",
			"Removed a like from “ACK K7Q”",
			"Liked “MA State SOC, SEVERE, Boston: Phishing against election cl",
			"👍 to \"ACK K7Q\"",
			"❤️ to “ ACK K7Q ”",
			"Le gustó “ACK K7Q”",
			"Le encanta «ACK K7Q»",
			"Reaccionó con 👍 a “ACK K7Q”",
			"A aimé « ACK K7Q »",
			"Gostou de “ACK K7Q”",
			"Hat „MA State SOC, SEVERE, Boston: Phishing. Reply ACK K7Q.“ mit „Gefällt mir“",
			"“MA State SOC, SEVERE, Boston: Phishing. Reply ACK K7Q.”",
			"> MA State SOC: Reply ACK K7Q.",
			"＞ ACK K7Q\n\n> ACK K7Q",
		},
		grammar.NotUnderstood: {
			"K7Q", "K7Q ack", "K7Q?", "OK", "OK K7Q", "YES", "Y", "yes K7Q", "START", "STOP", "👍", "...",
			"please ack K7Q", "do not ACK K7Q", "Reply ACK K7Q", "not acknowledged", "nack K7Q",
			"ACKNOWLEDGING K7Q", "acknowledgement", "ackxyz", "ACK7", "ACK2",
			"> MA State SOC: Reply ACK K7Q.\nACK K7Q",
			"I'm driving with Do Not Disturb While Driving turned on. I'll see your message when I get where I'm going.",
			"(I’m not receiving notifications. If this is urgent, reply “urgent” to send a notification through with your original message.)",
			"Auto-reply: out of office until 2 November, for K7Q call the desk.",
			"I like “ACK K7Q”", "what is \"K7Q\"",
			"0", "007", "100", "911", "617-555-0100", "2.5 hours", "10:30 works", "1/2", "2-3 people", "2'5 high", "50% charged",
			"2-story house on fire", "2nd floor is on fire", "$2", "+1", "²",
		},
	} {
		for _, text := range texts {
			assert.Equal(t, grammar.Reply{Kind: kind}, grammar.Parse(text), "%q is %s", text, kind)
		}
	}
}

func TestNoteIsBounded(t *testing.T) {
	note := grammar.Parse("ACK K7Q " + strings.Repeat("é", 3000)).Note
	assert.Equal(t, strings.Repeat("é", grammar.MaxNote), note)
}

func TestReactions(t *testing.T) {
	for _, emoji := range []string{"👍", "👍🏻", "👍🏼", "👍🏽", "👍🏾", "👍🏿", "👍️", "✅", "✔️", "✔"} {
		assert.True(t, grammar.IsAcknowledgement(emoji), emoji)
	}
	for _, emoji := range []string{"", "👎", "👎🏻", "👌", "☑️", "❤️", "😂", "‼️", "❓", "👍👍", "👍🏻👎", "ACK", "+1", "🏻"} {
		assert.False(t, grammar.IsAcknowledgement(emoji), emoji)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"ACK K7Q", "2 K7Q need a generator", "ack k 7 q 2", "2K7Q", "Liked “ACK K7Q”", "> ACK\nACK", "ＡＣＫ", "ACK K70\u200d", "2'5", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		reply := grammar.Parse(text)
		if reply.Kind != grammar.Ack {
			assert.Equal(t, grammar.Reply{Kind: reply.Kind}, reply, "only an acknowledgement says anything")
		}
		assert.Regexp(t, `^([A-Z0-9]{2,5})?$`, reply.Code)
		assert.Regexp(t, `^([1-9][0-9]?)?$`, reply.Response)
		assert.LessOrEqual(t, utf8.RuneCountInString(reply.Note), grammar.MaxNote)
		assert.True(t, utf8.ValidString(reply.Note))
		assert.NotContains(t, reply.Note, "\n")
		assert.Equal(t, -1, strings.IndexFunc(reply.Note, unicode.IsControl))
		for _, around := range []string{"Liked “%s”", "👍 to “%s”", "Reaccionó con 👍 a «%s»", "> %s", "Reply %s", "re: %s"} {
			assert.NotEqual(t, grammar.Ack, grammar.Parse(fmt.Sprintf(around, text)).Kind, "words in front never acknowledge")
		}
	})
}

// A code with a slip of the thumb is refused by its name; it never becomes a plain ACK with a note.
func TestMistypedCodeOfLettersIsKept(t *testing.T) {
	for text, code := range map[string]string{
		"ACK JSX": "JSX", "ack kzq.": "KZQ", "ACK QQQ": "QQQ", "2 KZQ": "KZQ",
		"ACK thx": "", "ack noted!": "", "ACK on it": "", "ACK we are moving": "", "2 too": "",
	} {
		r := grammar.Parse(text)
		assert.Equal(t, grammar.Ack, r.Kind, text)
		assert.Equal(t, code, r.Code, text)
	}
}
