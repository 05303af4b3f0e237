package alerting

import "strings"

// Codes are spoken over radios and typed with thumbs at night. These letters and digits are not
// mistaken for each other in print, and a letter always stands first, so that a code is never
// taken for a response key or a provider's word such as STOP.
const (
	codeLetters = "ACEFHJKMNPQRTUVWXY"
	codeDigits  = "23456789"
)

// CodeLength bounds a code, in characters.
const (
	MinCode = 3
	MaxCode = 4
)

// A code is letter, digit, letter, and a digit more once the three-character codes run short.
var codeShape = [MaxCode]string{codeLetters, codeDigits, codeLetters, codeDigits}

// PickCode returns a code that no open alert has, as long as a thousand attempts find one. random
// yields numbers in [0, n). Where it can, it picks one that differs from every open code in two
// places, of which a missing character is one, so that one slip of the thumb never acknowledges
// another alert.
func PickCode(open []string, random func(n int) int) string {
	const tries = 500 // for each length
	taken := make(map[string]bool, len(open))
	for _, c := range open {
		taken[c] = true
	}
	fallback := ""
	for length := MinCode; length <= MaxCode; length++ {
		for range tries {
			code := randomCode(length, random)
			if taken[code] {
				continue
			}
			if farFromAll(code, open) {
				return code
			}
			if fallback == "" {
				fallback = code
			}
		}
	}
	if fallback == "" {
		return randomCode(MaxCode, random)
	}
	return fallback
}

func randomCode(length int, random func(n int) int) string {
	code := make([]byte, length)
	for i := range code {
		code[i] = codeShape[i][random(len(codeShape[i]))]
	}
	return string(code)
}

func farFromAll(code string, open []string) bool {
	for _, other := range open {
		if distance(code, other) < 2 {
			return false
		}
	}
	return true
}

// distance counts the places in which two codes differ; those that only the longer one has count.
func distance(a, b string) int {
	shorter, longer := min(len(a), len(b)), max(len(a), len(b))
	differences := longer - shorter
	for i := range shorter {
		if a[i] != b[i] {
			differences++
		}
	}
	return differences
}

// ParseCode reads a code as a person types it: case and inner spaces do not matter. It returns ""
// where s does not have the form of a code.
func ParseCode(s string) string {
	code := strings.ToUpper(strings.ReplaceAll(s, " ", ""))
	if len(code) < MinCode || len(code) > MaxCode {
		return ""
	}
	for i := range len(code) {
		if !strings.ContainsRune(codeShape[i], rune(code[i])) {
			return ""
		}
	}
	return code
}
