package alerting

import (
	"strings"
	"time"
)

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

// MaxOpenCodes is how many codes there are: so many alerts can be open at once, and no more.
const MaxOpenCodes = len(codeLetters) * len(codeDigits) * len(codeLetters) * (1 + len(codeDigits))

// CodeRest is how long a code belongs to nobody once its alert is over: who answers an old message late is
// told that it is over, and does not acknowledge another alert that they may not even have read.
const CodeRest = 7 * 24 * time.Hour

// Codes are those that alerts have which people may still answer, or answer late. It is not safe for
// concurrent use.
type Codes struct{ taken, resting map[string]bool }

// NewCodes begins with no codes in use.
func NewCodes() *Codes { return &Codes{map[string]bool{}, map[string]bool{}} }

// Take adds codes in use.
func (c *Codes) Take(open []string) {
	for _, code := range open {
		c.taken[code] = true
	}
}

// Rest adds codes that should rest; of those that are in use, too, it changes nothing.
func (c *Codes) Rest(over []string) {
	for _, code := range over {
		c.resting[code] = true
	}
}

// Pick returns a code that no open alert has, and takes it; ok is false when none is left. random
// yields numbers in [0, n). Where it finds one, it picks a code that does not rest and that differs from
// every open code in two places, of which a missing character is one, so that one slip of the thumb never
// acknowledges another alert.
func (c *Codes) Pick(random func(n int) int) (code string, ok bool) {
	free := func(code string) bool { return !c.taken[code] }
	rested := func(code string) bool { return free(code) && !c.resting[code] }
	for _, may := range []func(string) bool{rested, free} {
		for length := MinCode; length <= MaxCode && !ok; length++ {
			code, ok = c.far(length, random, may)
		}
		if !ok {
			code, ok = c.first(random, may)
		}
	}
	if ok {
		c.taken[code] = true
	}
	return code, ok
}

// far looks for a code of a length that may be picked and at which no slip of an open one ends. No more
// codes are two places apart from each other than there are without one of the longer alphabets (the
// Singleton bound), so that with as many open the look is short.
func (c *Codes) far(length int, random func(n int) int, may func(code string) bool) (string, bool) {
	tries := 500
	if len(c.taken) > codesOf(length)/len(codeLetters) {
		tries = 50
	}
	for range tries {
		if code := randomCode(length, random); may(code) && !c.near(code) {
			return code, true
		}
	}
	return "", false
}

// first returns any code that may be picked: the first behind a random one.
func (c *Codes) first(random func(n int) int, may func(code string) bool) (string, bool) {
	short, all := codesOf(MinCode), MaxOpenCodes
	start := random(all)
	for i := range all {
		code := ""
		if n := (start + i) % all; n < short {
			code = codeAt(MinCode, n)
		} else {
			code = codeAt(MaxCode, n-short)
		}
		if may(code) {
			return code, true
		}
	}
	return "", false
}

// near reports whether an open alert has the code, or one that a single slip makes of it: another
// character in one place, one too many at the end, or one missing there.
func (c *Codes) near(code string) bool {
	if c.taken[code] || c.taken[code[:len(code)-1]] {
		return true
	}
	slip := []byte(code)
	for i := range slip {
		for _, other := range []byte(codeShape[i]) {
			slip[i] = other
			if c.taken[string(slip)] {
				return true
			}
		}
		slip[i] = code[i]
	}
	if len(code) == MaxCode {
		return false
	}
	for _, more := range []byte(codeShape[len(code)]) {
		if c.taken[code+string(more)] {
			return true
		}
	}
	return false
}

// codesOf counts the codes of a length.
func codesOf(length int) int {
	n := 1
	for _, alphabet := range codeShape[:length] {
		n *= len(alphabet)
	}
	return n
}

func randomCode(length int, random func(n int) int) string {
	return codeAt(length, random(codesOf(length)))
}

// codeAt is the n-th code of a length.
func codeAt(length, n int) string {
	code := make([]byte, length)
	for i := range code {
		alphabet := codeShape[i]
		code[i] = alphabet[n%len(alphabet)]
		n /= len(alphabet)
	}
	return string(code)
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
