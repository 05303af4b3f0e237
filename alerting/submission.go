package alerting

import (
	"strconv"
	"strings"
	"time"
)

// A Submission is a message that a producer published, as the ALERTS stream holds it.
type Submission struct {
	Sequence uint64
	Subject  string
	Received time.Time
	Body     []byte
	Headers  map[string][]string
	// Producer is who published it: the name of an API token where the API vouches for it, else
	// AnyProducer.
	Producer string
	// Sealed says that the API has checked what the producer may address.
	Sealed bool
	// VerdictTo is a producer's own inbox that the verdict is to be sent to as well.
	VerdictTo string
}

// AnyProducer is the producer of whatever came over NATS: the wire does not say who published.
const AnyProducer = "nats"

// Key names the submission, and the alert that it makes.
func (s Submission) Key() Key { return KeyOf(s.Sequence) }

// KeyOf returns the key of the message at a sequence of the ALERTS stream.
func KeyOf(sequence uint64) Key { return Key("a" + strconv.FormatUint(sequence, 10)) }

// Judged is how far submissions have been judged. The urgent are judged first, so that it is no
// single place.
type Judged struct {
	// Through is the sequence up to which every message has been.
	Through uint64 `json:"through"`
	// Ahead counts those behind it that have been, too.
	Ahead uint64 `json:"ahead"`
	// Furthest is the newest message that was looked at: behind it none has been judged, or only a
	// few just before a crash.
	Furthest uint64 `json:"furthest"`
}

// Sequence is that of the message which a key names; 0 for what is no key of one.
func (k Key) Sequence() uint64 {
	digits, ok := strings.CutPrefix(string(k), "a")
	sequence, err := strconv.ParseUint(digits, 10, 64)
	if !ok || err != nil || KeyOf(sequence) != k {
		return 0
	}
	return sequence
}

// A Verdict tells a producer what became of a message that it published: a publish acknowledgement
// comes before the alert is judged.
type Verdict struct {
	// Key names the message: "a" and the sequence in its publish acknowledgement.
	Key      Key    `json:"key"`
	Verdict  string `json:"verdict"` // "accepted" or "rejected"
	Sequence uint64 `json:"sequence"`
	Subject  string `json:"subject"`
	// Alert is the record that the message made or was found to repeat.
	Alert    Key       `json:"alert,omitempty"`
	ID       string    `json:"id,omitempty"`
	Sender   string    `json:"sender,omitempty"`
	Code     string    `json:"code,omitempty"`   // the alert's short code
	Reason   string    `json:"reason,omitempty"` // the code of the failure
	Detail   string    `json:"detail,omitempty"`
	Problems []Problem `json:"problems,omitempty"`
	Warnings []Problem `json:"warnings,omitempty"`
	// Repeated is set when the same content was accepted before.
	Repeated bool `json:"repeated,omitempty"`
	// Ledger is the ledger's sequence at which the verdict became true.
	Ledger uint64 `json:"ledger,omitempty"`
}

// VerdictsKept is how long verdicts can be read.
const VerdictsKept = 72 * time.Hour

// The verdicts.
const (
	VerdictAccepted = "accepted"
	VerdictRejected = "rejected"
)

// A Rejection is a message that was not taken, and why. Its bytes are kept beside it.
type Rejection struct {
	Key      Key                 `json:"key"`
	Sequence uint64              `json:"sequence"`
	Subject  string              `json:"subject"`
	Received time.Time           `json:"received"`
	Rejected time.Time           `json:"rejected"`
	Producer string              `json:"producer"`
	Sealed   bool                `json:"sealed,omitempty"`
	Reason   string              `json:"reason"`
	Detail   string              `json:"detail"`
	Problems []Problem           `json:"problems,omitempty"`
	Headers  map[string][]string `json:"headers,omitempty"`
	Bytes    int                 `json:"bytes"`
	// ReplayedAs names the message that an operator's replay made of it.
	ReplayedAs Key `json:"replayed_as,omitempty"`
}
