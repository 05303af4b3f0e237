package channels_test

import (
	"fmt"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"github.com/stretchr/testify/assert"

	"revere/channels"
)

func TestNorthAmericanNumbers(t *testing.T) {
	for s, want := range map[string]bool{
		"+16175550100": true, "+12002000000": true, "+19999999999": true,
		"": false, "+1": false, "16175550100": false, "+1617555010": false, "+161755501000": false, "+26175550100": false, "06175550100x": false,
		"+11175550100": false, "+10175550100": false, "+16170550100": false, "+16171550100": false,
		"+1617555010a": false, "+1617555010/": false, "+1617555010:": false, "+1６175550": false, " 16175550100": false,
	} {
		assert.Equal(t, want, channels.NorthAmerican(s), "%q", s)
	}
}

// Every area code with the first and the last number of each kind of exchange.
func TestNorthAmericanNumbersArePossible(t *testing.T) {
	for area := range 1000 {
		for _, rest := range []string{"0000000", "1999999", "2000000", "5550100", "9110000", "9999999"} {
			checkNumber(t, fmt.Sprintf("+1%03d%s", area, rest))
		}
	}
}

func FuzzNorthAmerican(f *testing.F) {
	f.Add("+16175550100")
	f.Add("+1 617 555 0100")
	f.Fuzz(func(t *testing.T, s string) { checkNumber(t, s) })
}

// checkNumber states what a channel that does not parse such numbers relies on: the library takes
// them, as numbers that can be dialled from everywhere, and leaves them as they are.
func checkNumber(t *testing.T, s string) {
	t.Helper()
	if !channels.NorthAmerican(s) {
		return
	}
	number, err := phonenumbers.Parse(s, "US")
	if !assert.NoError(t, err, s) {
		return
	}
	assert.Equal(t, phonenumbers.IS_POSSIBLE, phonenumbers.IsPossibleNumberWithReason(number), s)
	assert.Equal(t, s, phonenumbers.Format(number, phonenumbers.E164))
	assert.Empty(t, number.GetExtension(), s)
}
