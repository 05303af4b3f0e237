package alerting_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
)

// slips counts the places in which two codes differ, and the characters that only one has.
func slips(a, b string) int {
	if len(a) > len(b) {
		a, b = b, a
	}
	n := len(b) - len(a)
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

func TestOneSlipNeverNamesAnotherOpenAlert(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2)).IntN
	var open []string
	codes := alerting.NewCodes()
	for range 300 { // more than there are codes of three characters that are two places apart (144)
		code, ok := codes.Pick(random)
		assert.True(t, ok)
		assert.Regexp(t, `^[ACEFHJKMNPQRTUVWXY][2-9][ACEFHJKMNPQRTUVWXY][2-9]?$`, code)
		for _, other := range open {
			assert.GreaterOrEqual(t, slips(code, other), 2, "%s beside %s", code, other)
		}
		open = append(open, code)
	}
	assert.Len(t, open[0], 3)
	assert.Len(t, open[len(open)-1], 4)
}

func TestCodesOfManyOpenAlertsStayUnique(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4)).IntN
	codes := alerting.NewCodes()
	var open []string
	seen := map[string]bool{}
	for range alerting.MaxOpenCodes - 10 {
		if len(open)%1000 == 0 { // as a process does that starts again
			codes = alerting.NewCodes()
			codes.Take(open)
		}
		code, ok := codes.Pick(random)
		require.True(t, ok)
		require.Equal(t, code, alerting.ParseCode(code))
		require.False(t, seen[code], code)
		seen[code] = true
		open = append(open, code)
	}
	for range 10 {
		_, ok := codes.Pick(random)
		require.True(t, ok, "the last ones are found too")
	}
	_, ok := codes.Pick(random)
	assert.False(t, ok, "no two open alerts ever have the same code")
}

// Who answers a message of yesterday must not acknowledge an alert of today.
func TestACodeRestsWhenItsAlertIsOver(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6)).IntN
	picked := alerting.NewCodes()
	var open []string
	for range 150 { // so that there is no code of three characters that is far from all of these
		code, ok := picked.Pick(random)
		require.True(t, ok)
		open = append(open, code)
	}
	for _, over := range open {
		codes := alerting.NewCodes()
		codes.Take(slices.DeleteFunc(slices.Clone(open), func(code string) bool { return code == over }))
		codes.Rest(open)
		for range 20 {
			code, ok := codes.Pick(random)
			require.True(t, ok)
			require.NotEqual(t, over, code, "it is the code of an alert that was over just now")
		}
	}
}

// A code that rests is better than none.
func TestCodesThatRestAreTheLastToBePicked(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8)).IntN
	codes, all := alerting.NewCodes(), alerting.NewCodes()
	var rest []string
	for range alerting.MaxOpenCodes {
		code, ok := all.Pick(random)
		require.True(t, ok)
		rest = append(rest, code)
	}
	spare := rest[len(rest)-5:]
	codes.Rest(rest[:len(rest)-5])
	for i := range 10 {
		code, ok := codes.Pick(random)
		require.True(t, ok)
		require.Equal(t, i < 5, slices.Contains(spare, code), "%d. %s", i, code)
	}
}

func TestParseCode(t *testing.T) {
	for typed, want := range map[string]string{
		"K7Q": "K7Q", "k7q": "K7Q", " k 7 q ": "K7Q", "K7Q2": "K7Q2",
		"": "", "K7": "", "K7Q22": "", "7KQ": "", "KKQ": "", "K1Q": "", "K0Q": "", "O7Q": "", "K7I": "", "K7QA": "", "STOP": "", "ACK": "", "K-7Q": "", "K7é": "",
	} {
		assert.Equal(t, want, alerting.ParseCode(typed), "%q", typed)
	}
}
