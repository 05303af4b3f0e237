package gsm7_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"revere/alerting/gsm7"
)

func ExampleSegments() {
	text := "Boston — don’t open invoice mail…" + strings.Repeat(" Call the desk.", 5)
	fmt.Println(gsm7.Is(text), gsm7.Segments(text))
	text = gsm7.Transliterate(text)
	fmt.Println(gsm7.Is(text), gsm7.Segments(text))
	// Output:
	// false 2
	// true 1
}

func TestTheAlphabetIsTheStandards(t *testing.T) {
	all := "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	// 128 codes, of which one is the escape to the extension table.
	assert.Equal(t, 127, utf8.RuneCountInString(all))
	assert.True(t, gsm7.Is(all))
	assert.Equal(t, 127, gsm7.Length(all))

	extended := "^{}\\[~]|€\f"
	assert.True(t, gsm7.Is(extended))
	assert.Equal(t, 20, gsm7.Length(extended))

	for _, outside := range []string{"ç", "`", "’", "\t", "á", "ł", "🔥", "\xff", "\x00"} {
		assert.False(t, gsm7.Is(outside), "%q", outside)
	}
}

func TestSegments(t *testing.T) {
	for _, tt := range []struct {
		name string
		text string
		want int
	}{
		{"empty", "", 0},
		{"one character", "a", 1},
		{"a full message", strings.Repeat("a", 160), 1},
		{"one more", strings.Repeat("a", 161), 2},
		{"two full parts", strings.Repeat("a", 306), 2},
		{"three parts", strings.Repeat("a", 307), 3},
		{"pairs count two", strings.Repeat("[", 80), 1},
		{"one pair too many", strings.Repeat("[", 81), 2},
		{"a pair is not split", strings.Repeat("a", 152) + "[" + strings.Repeat("a", 151), 2},
		{"a pair moved makes a third part", strings.Repeat("a", 152) + "[" + strings.Repeat("a", 152), 3},
		{"a full UCS-2 message", strings.Repeat("ж", 70), 1},
		{"one more in UCS-2", strings.Repeat("ж", 71), 2},
		{"two full UCS-2 parts", strings.Repeat("ж", 134), 2},
		{"three UCS-2 parts", strings.Repeat("ж", 135), 3},
		{"one character makes it UCS-2", strings.Repeat("a", 70) + "’", 2},
		{"an emoji is two units", strings.Repeat("🔥", 35), 1},
		{"one emoji too many", strings.Repeat("🔥", 36), 2},
		{"a surrogate pair is not split", strings.Repeat("🔥", 67), 3},
	} {
		t.Run(tt.name, func(t *testing.T) { assert.Equal(t, tt.want, gsm7.Segments(tt.text)) })
	}
}

func TestTransliterate(t *testing.T) {
	for in, want := range map[string]string{
		"don’t":                    "don't",
		"“Stay in” — now…":         `"Stay in" - now...`,
		"7\u202fa.m.\u00a0today":   "7 a.m. today",
		"• one\u2028• two":         "* one\n* two",
		"soft\u00adhyphen\ufeff":   "softhyphen",
		"Peña, Łódź, Gómez, Žižek": "Peña, Łódź, Gómez, Žižek",
		"[a]{b}~€|":                "[a]{b}~€|",
		"🔥":                        "🔥",
	} {
		assert.Equal(t, want, gsm7.Transliterate(in), "%q", in)
	}
}

func FuzzGSM7(f *testing.F) {
	for _, s := range []string{"", "plain", "don’t", "[[€", "🔥ж", "\xff", "Peña"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		segments := gsm7.Segments(text)
		units, alone, part := gsm7.Length(text), 160, 153
		if !gsm7.Is(text) {
			units, alone, part = len(utf16.Encode([]rune(text))), 70, 67
		}
		switch {
		case units == 0:
			assert.Zero(t, segments)
		case units <= alone:
			assert.Equal(t, 1, segments)
		default:
			// A part is short by at most one unit, where a pair did not fit.
			assert.GreaterOrEqual(t, segments, (units+part-1)/part)
			assert.LessOrEqual(t, segments, (units+part-2)/(part-1))
		}

		plain := gsm7.Transliterate(text)
		assert.Equal(t, letters(text), letters(plain), "letters and digits are never changed")
		assert.Equal(t, plain, gsm7.Transliterate(plain), "once is enough")
	})
}

func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}

// BenchmarkSegments counts the text of a message as it is sent to everyone.
func BenchmarkSegments(b *testing.B) {
	text := "MA State SOC, SEVERE, Boston: Phishing against election clerks. Do not open invoice mail. Reply ACK K7Q, or 2 K7Q if you got it too."
	for b.Loop() {
		gsm7.Segments(text)
	}
}
