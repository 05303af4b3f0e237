package alerting

import (
	"crypto/sha256"
	"encoding/base32"
	"strconv"
	"strings"
)

// A State is how far a delivery has come. Each state is evidence, and none claims more than its
// evidence: only a provider's receipt makes Delivered.
type State uint8

// The states. Their numbers are stored: add new ones at the end.
const (
	Queued      State = iota // due, nothing tried that still counts
	Attempting               // an attempt is on record and its outcome is not
	Accepted                 // the provider took it
	Sent                     // the provider says that it passed it on
	Delivered                // the provider says that the device has it
	Read                     // the provider says that it was shown
	Unknown                  // tried, and nobody can say whether the provider took it
	Undelivered              // the provider took it and says that it did not arrive
	Failed                   // it did not go out and will not be tried again
	Expired                  // the alert was over before it went out
	Suppressed               // not sent, by the recipient's wish or by policy
	Canceled                 // no longer needed: withdrawn, replaced or already answered
)

// StateCount is how many states there are.
const StateCount = int(Canceled) + 1

var stateNames = [...]string{"queued", "attempting", "accepted", "sent", "delivered", "read",
	"unknown", "undelivered", "failed", "expired", "suppressed", "canceled"}

// States lists all states in the order of their numbers.
func States() []State {
	all := make([]State, len(stateNames))
	for i := range all {
		all[i] = State(i)
	}
	return all
}

func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "state-" + strconv.Itoa(int(s))
}

// MarshalText writes the state's name.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a state's name.
func (s *State) UnmarshalText(text []byte) error {
	for i, name := range stateNames {
		if name == string(text) {
			*s = State(i)
			return nil
		}
	}
	return Errorf(CodeInvalid, "%q is not a delivery state; use one of %s", text, strings.Join(stateNames[:], ", "))
}

// rank orders what can become of one attempt by how much it proves. Receipts come late, twice and
// out of order: an attempt shows the highest rank that it was ever given.
var rank = [...]uint8{
	Queued: 0, Attempting: 1, Failed: 2, Unknown: 3, Accepted: 4, Sent: 5, Undelivered: 6, Delivered: 7, Read: 8,
	Expired: 0, Suppressed: 0, Canceled: 0,
}

// Outranks reports whether s is higher evidence about an attempt than t.
func (s State) Outranks(t State) bool { return rank[s] > rank[t] }

// WentOut reports whether the message may have reached the person: whoever it was sent to must hear
// of a correction. Unknown is included.
func (s State) WentOut() bool {
	switch s {
	case Attempting, Accepted, Sent, Delivered, Read, Unknown, Undelivered:
		return true
	default:
		return false
	}
}

// Arrived reports whether a receipt says that the person's device has the message.
func (s State) Arrived() bool { return s == Delivered || s == Read }

// Dead reports whether this contact will not bring the alert to the person: the next one should.
func (s State) Dead() bool { return s == Failed || s == Undelivered || s == Suppressed }

// Final reports whether nothing more is expected to be done by Revere about the delivery.
// A receipt may still raise it.
func (s State) Final() bool { return s != Queued && s != Attempting && s != Unknown }

// A DeliveryID is hash(alert, channel, address): done again it is the same.
type DeliveryID [16]byte

// NewDeliveryID derives the id of the delivery of an alert to an address.
func NewDeliveryID(alert Key, channel, address string) DeliveryID {
	text := make([]byte, 0, 128) // on the stack, as long as the address is an ordinary one
	text = append(append(text, alert...), 0)
	text = append(append(text, channel...), 0)
	sum := sha256.Sum256(append(text, address...))
	return DeliveryID(sum[:16])
}

var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func (d DeliveryID) String() string { return idEncoding.EncodeToString(d[:]) }

// MarshalText writes the id in lower-case base 32: it survives mail systems that fold case.
func (d DeliveryID) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads an id.
func (d *DeliveryID) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDeliveryID(string(text))
	return err
}

// ParseDeliveryID reads what String wrote, in either case. Nothing else has an id's form: base 32
// as such would let a line break pass, and take different last letters for the same.
func ParseDeliveryID(s string) (DeliveryID, error) {
	var id DeliveryID
	s = strings.ToLower(s)
	raw, err := idEncoding.DecodeString(s)
	if err != nil || len(raw) != len(id) || idEncoding.EncodeToString(raw) != s {
		return DeliveryID{}, Errorf(CodeInvalid, "%q is not a delivery id", clip(s))
	}
	copy(id[:], raw)
	return id, nil
}

// A Ref names one attempt of one delivery. Providers carry it back to us in receipts and bounces.
type Ref struct {
	Alert    Key
	Delivery DeliveryID
	Attempt  int
}

// String writes the ref as letters, digits and dashes: fit for a query and for a mail's local part.
func (r Ref) String() string {
	return string(r.Alert) + "-" + r.Delivery.String() + "-" + strconv.Itoa(r.Attempt)
}

// ParseRef reads what Ref.String wrote, in either case.
func ParseRef(s string) (Ref, error) {
	parts := strings.Split(strings.ToLower(s), "-")
	if len(parts) != 3 {
		return Ref{}, Errorf(CodeInvalid, "%q does not name a delivery", clip(s))
	}
	if !Key(parts[0]).Valid() {
		return Ref{}, Errorf(CodeInvalid, "%q does not name an alert", clip(s))
	}
	id, err := ParseDeliveryID(parts[1])
	if err != nil {
		return Ref{}, err
	}
	attempt, err := strconv.Atoi(parts[2])
	if err != nil || attempt < 1 || strconv.Itoa(attempt) != parts[2] {
		return Ref{}, Errorf(CodeInvalid, "%q does not name an attempt", clip(s))
	}
	return Ref{Alert: Key(parts[0]), Delivery: id, Attempt: attempt}, nil
}
