package signal

import (
	"regexp"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"revere/alerting"
	"revere/channels"
)

// A Signal username is a nickname of 3 to 32 letters, digits and underscores that begins with no
// digit, a dot, and a discriminator of at least two digits (signalapp/libsignal, rust/usernames).
// Case doesn't matter.
var usernameForm = regexp.MustCompile(`^[a-z_][a-z0-9_]{2,31}\.[0-9]{2,9}$`)

// numberForm is how people write numbers. What it lets through is only figures and separators:
// phonenumbers alone would find a number in "call +1 617 555 0123, then…".
var numberForm = regexp.MustCompile(`^\+?[0-9() .\-/]{7,30}$`)

// defaultRegion is assumed of numbers without a country code: the directory is the states'.
const defaultRegion = "US"

// ParseAddress brings a phone number into E.164 ("+16175550123") or a Signal username into lower
// case ("jane_doe.01"), and refuses everything else. Whether Signal knows the address is learned by
// sending to it.
func ParseAddress(s string) (string, error) {
	s = strings.TrimSpace(s)
	if channels.NorthAmerican(s) {
		return s, nil
	}
	if username := strings.ToLower(s); usernameForm.MatchString(username) {
		return username, nil
	}
	return parseNumber(s)
}

func parseNumber(s string) (string, error) {
	if !numberForm.MatchString(s) {
		return "", alerting.Errorf(alerting.CodeInvalid, "%.40q is neither a phone number such as +16175550123 nor a Signal username such as jane_doe.01", s)
	}
	number, err := phonenumbers.Parse(s, defaultRegion)
	// IsPossibleNumber alone would take a local number, "555-0123", and nobody's +15550123 with it.
	if err != nil || phonenumbers.IsPossibleNumberWithReason(number) != phonenumbers.IS_POSSIBLE {
		return "", alerting.Errorf(alerting.CodeInvalid, "%.40q has not the digits of a phone number; write it with its country code, such as +16175550123", s)
	}
	e164 := phonenumbers.Format(number, phonenumbers.E164)
	// One of which a prefix was taken, and could be again, is nobody's: "+61 00 000 000".
	if again, err := phonenumbers.Parse(e164, defaultRegion); err != nil || phonenumbers.Format(again, phonenumbers.E164) != e164 {
		return "", alerting.Errorf(alerting.CodeInvalid, "%.40q is not a phone number of any country; write it with its country code, such as +16175550123", s)
	}
	return e164, nil
}
