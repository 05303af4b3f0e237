package sms

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"

	"revere/channels"
)

// homeRegion is assumed for a number without a country code.
const homeRegion = "US"

// parseAddress brings a phone number, as people write it, into E.164. It asks for a possible number
// and not for one that is known to be assigned: assignments change, and Twilio knows them better.
func parseAddress(s string) (string, error) {
	if channels.NorthAmerican(s) {
		return s, nil
	}
	const example = `write it like "+16175550100"`
	if strings.IndexFunc(s, unicode.IsLetter) >= 0 {
		return "", fmt.Errorf("%q has letters in it; %s, in digits and without an extension", s, example)
	}
	number, err := phonenumbers.Parse(s, homeRegion)
	if err != nil {
		return "", fmt.Errorf("%q is not a phone number; %s", s, example)
	}
	if number.GetExtension() != "" {
		return "", fmt.Errorf("%q has an extension, which can't receive SMS; give a mobile number", s)
	}
	switch phonenumbers.IsPossibleNumberWithReason(number) {
	case phonenumbers.IS_POSSIBLE:
	case phonenumbers.TOO_SHORT, phonenumbers.IS_POSSIBLE_LOCAL_ONLY:
		return "", fmt.Errorf("%q is too short for a phone number; %s, with its area code", s, example)
	case phonenumbers.TOO_LONG:
		return "", fmt.Errorf("%q is too long for a phone number; %s", s, example)
	default:
		return "", fmt.Errorf("%q is not a phone number of any country; %s", s, example)
	}
	e164 := phonenumbers.Format(number, phonenumbers.E164)
	// One of which a prefix was taken, and could be again, is nobody's: "+61 00 000 000".
	if again, err := phonenumbers.Parse(e164, homeRegion); err != nil || phonenumbers.Format(again, phonenumbers.E164) != e164 {
		return "", fmt.Errorf("%q is not a phone number of any country; %s", s, example)
	}
	if strings.HasPrefix(e164, "+1") && !channels.NorthAmerican(e164) {
		return "", fmt.Errorf("%q is not a North American number: neither area code nor exchange begins with 0 or 1; %s", s, example)
	}
	return e164, nil
}
