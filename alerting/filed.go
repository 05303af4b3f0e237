package alerting

import "time"

// A Filed alert is one that is over and quiet: who, what, when and how many. Its people, deliveries
// and history are in the ledger only, and are read again when somebody asks. So neither memory nor a
// start grows with what was sent long ago.
type Filed struct {
	Key            Key        `cbor:"1,keyasint"`
	Opened         Opened     `cbor:"2,keyasint"`
	OpenedAt       time.Time  `cbor:"3,keyasint"`
	First          uint64     `cbor:"4,keyasint"` // the ledger's sequences of the alert's
	Latest         uint64     `cbor:"5,keyasint"` // oldest and newest records
	Ended          uint64     `cbor:"6,keyasint"` // and of the one that ended it
	QuietSince     time.Time  `cbor:"7,keyasint"`
	Withdrawn      *Withdrawn `cbor:"8,keyasint,omitempty"`
	Expired        bool       `cbor:"9,keyasint,omitempty"`
	DuringExercise bool       `cbor:"10,keyasint,omitempty"`
	Revision       uint64     `cbor:"11,keyasint"`
	People         int        `cbor:"12,keyasint"`
	Reached        int        `cbor:"13,keyasint"`
	Delivered      int        `cbor:"14,keyasint"`
	Acknowledged   int        `cbor:"15,keyasint"`
	// Traces tell whether a message may have gone to an address, in a form that only the board reads.
	Traces []byte `cbor:"16,keyasint,omitempty"`
	// GivenUp is of a correction that went to nobody, since no list could be made of those whom it was for: what
	// the desk was told.
	GivenUp string `cbor:"17,keyasint,omitempty"`
	// Spans are the parts of the ledger, each from one sequence to another, within which all of the alert's records
	// are: a few, in order. Earlier versions did not note them; then it is all from First to Latest.
	Spans [][2]uint64 `cbor:"18,keyasint,omitempty"`
	// Unclear counts the deliveries of which nobody knows whether they went out. A receipt may yet tell.
	Unclear int `cbor:"19,keyasint,omitempty"`
}

// A Checkpoint is where a board that has everything that is filed begins to read the ledger.
type Checkpoint struct {
	// Resume is the ledger's first sequence that is still needed, by a board that does not read those alerts first
	// that stand apart: versions that don't know of them are among these.
	Resume uint64 `cbor:"1,keyasint"`
	// Reached, Last and Inbound are as the board had them when the checkpoint was made.
	Reached uint64            `cbor:"2,keyasint"`
	Last    map[string]uint64 `cbor:"3,keyasint"`
	Inbound uint64            `cbor:"4,keyasint"`
	// Aside are the inbound facts that waited then, by where they came in. Earlier versions kept them here;
	// Resume is before all that wait now.
	Aside map[uint64][]Inbound `cbor:"5,keyasint,omitempty"`
	// Apart are alerts that are not filed, open for weeks, say, and long before the others. ResumeApart is the
	// first sequence that is needed by a board that has read these; 0 where there are none.
	Apart       []Apart `cbor:"6,keyasint,omitempty"`
	ResumeApart uint64  `cbor:"7,keyasint,omitempty"`
}

// An Apart is an alert that is read by itself, where it stands in the ledger.
type Apart struct {
	Key Key `cbor:"1,keyasint"`
	// Spans are as those of a filed alert; the last ends at the newest of its records.
	Spans [][2]uint64 `cbor:"2,keyasint"`
}
