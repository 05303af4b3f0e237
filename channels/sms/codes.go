package sms

import (
	"fmt"
	"time"
)

// A class is what an error of Twilio's asks us to do.
type class int

const (
	transient class = iota // try again, within the limits that the dispatcher sets
	busy                   // try again, and everything slower: Twilio asks for less
	delayed                // try again: it is about this number or message, others go through
	permanent              // this number won't have it: use the person's next contact
	optedOut               // the person said STOP: suppress the number
	operator               // nothing goes out until somebody mends the account: pause the channel
)

// pause is how long the channel rests after an error of the class operator.
const pause = time.Minute

// busyWait is how long Twilio is given where it asks for less and not for how long, as its 429 mostly
// does (https://www.twilio.com/docs/api/errors/20429). The channel slows down with it.
const busyWait = time.Second

type fault struct {
	class    class
	sentence string
}

// faults are the codes of https://www.twilio.com/docs/api/errors that sending SMS can meet. A code
// that is not here counts as transient: Twilio adds codes, and giving up is the worse mistake.
//
// 21408 and 21608 are the operator's to mend, and yet permanent: they are about one number, and a
// pause for each such number would keep everybody else waiting.
var faults = map[int]fault{
	// The address.
	21211: {permanent, "Twilio says that this is not a phone number; correct it in the directory"},
	21214: {permanent, "Twilio can't reach this number; correct it in the directory"},
	21217: {permanent, "Twilio says that this is not a phone number; correct it in the directory"},
	21265: {permanent, "Twilio sends no SMS to a short code; correct the number in the directory"},
	21266: {permanent, "the number is the one that sends; correct it in the directory"},
	21408: {permanent, "the Twilio account may not send to this country; allow it in the console under Messaging, Geo permissions"},
	21608: {permanent, "a Twilio trial account sends to verified numbers only; verify the number, or upgrade the account"},
	21612: {permanent, "Twilio has no way from the sending number to this one; use a sender of the same country"},
	21614: {permanent, "the number is not a mobile number; correct it in the directory"},
	30004: {permanent, "the carrier or the phone blocks this message"},
	30005: {permanent, "no such phone: the number is unknown or no longer in service; correct it in the directory"},
	30006: {permanent, "the number is a landline, or its carrier takes no SMS; correct it in the directory"},
	30007: {permanent, "the carrier filtered the message as unwanted; ask Twilio's support, and register the sender"},
	30036: {permanent, "Twilio could not send the message before the alert expired"},

	// The text.
	21602: {permanent, "the message has no text"},
	21617: {permanent, "the text is longer than the 1600 characters that Twilio takes; shorten the alert"},

	// The person's wish.
	21610: {optedOut, "the person replied STOP; only their START lets messages through again"},

	// The account and its senders.
	20003: {operator, "Twilio refuses the credentials; check account_sid and auth_token"},
	20005: {operator, "the Twilio account is not active; see its console"},
	20006: {operator, "the Twilio account may not do this; see its console"},
	20404: {operator, "Twilio does not know the account; check account_sid and base_url"},
	21212: {operator, "the sending number is not valid; check from"},
	21222: {operator, "account_sid is not valid"},
	21224: {operator, "auth_token is not valid"},
	21603: {operator, "Twilio was given no sending number; set from or messaging_service_sid"},
	21606: {operator, "the sending number is not the account's, or can't send SMS; check from"},
	21609: {operator, "Twilio can't post receipts to public_url; it must be reachable from the internet"},
	21659: {operator, "the sending number is not a Twilio number; check from"},
	21660: {operator, "the sending number belongs to another account; check from"},
	21701: {operator, "Twilio does not know the messaging service; check messaging_service_sid"},
	21703: {operator, "the messaging service has no number to send from; add one in the console"},
	21705: {operator, "the messaging service is not valid; check messaging_service_sid"},
	21712: {operator, "the sending number is not in the messaging service; check from and messaging_service_sid"},
	30002: {operator, "Twilio suspended the account; see its console"},
	30018: {operator, "the destination wants a registered sender; register it in Twilio's console"},
	30032: {operator, "the toll-free number is not verified; verify it in Twilio's console"},
	30033: {operator, "the 10DLC campaign is suspended; see Twilio's console"},
	30034: {operator, "US numbers must be registered for 10DLC before carriers take their SMS; register in Twilio's console"},

	// What passes.
	14107: {busy, "Twilio is asked for too much at once"},
	20429: {busy, "Twilio is asked for too much at once"},
	20500: {transient, "Twilio had an internal error"},
	20503: {transient, "Twilio is not available at the moment"},
	21611: {transient, "the sending number's queue at Twilio is full; lower rate, or add numbers"},
	30001: {transient, "Twilio's queue for the sending number overflowed; lower rate, or add numbers"},
	30003: {delayed, "the phone is off or out of reach"},
	30008: {delayed, "the carrier did not deliver it and did not say why"},
	30009: {delayed, "a part of the message was lost on the way"},
	30022: {transient, "the carrier's rate for the 10DLC campaign was exceeded; lower rate"},
	30023: {transient, "the carrier's daily limit for the 10DLC brand is reached; ask Twilio to raise it"},
	30410: {delayed, "the carrier did not answer in time"},
}

// faultOf looks a code up; 0 is an error for which Twilio gave none.
func faultOf(code int) fault {
	if f, known := faults[code]; known {
		return f
	}
	if code == 0 {
		return fault{transient, "Twilio gave no reason"}
	}
	return fault{transient, fmt.Sprintf("Twilio error %d, see https://www.twilio.com/docs/api/errors/%d", code, code)}
}
