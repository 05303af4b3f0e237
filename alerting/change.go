package alerting

// A Change is one entry of the directory's history: a subscriber, team, token or table of areas as
// it is from then on. A nil Value removes it.
type Change struct {
	Kind  string `cbor:"1,keyasint"`
	ID    string `cbor:"2,keyasint"`
	Value []byte `cbor:"3,keyasint,omitempty"`
}

// ErrOvertaken is what a compare-and-set write answers when someone else wrote first: read again,
// decide again.
var ErrOvertaken = Errorf(CodeConflict, "someone else wrote first")
