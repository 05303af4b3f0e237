package alerting

import "time"

// A Hold keeps everything from being sent until an operator has released it. A system that was
// restored from a backup starts with one: what the system before it did after the backup was made,
// nobody here knows. Once released it stays on record, for as long as there is something to settle.
type Hold struct {
	// Since is when the hold began; zero where there never was one.
	Since time.Time `json:"since,omitzero"`
	// Backup is the moment up to which the record is complete.
	Backup time.Time `json:"backup,omitzero"`
	// Released is when an operator let messages go, and By the name of the operator's token.
	Released time.Time `json:"released,omitzero"`
	By       string    `json:"by,omitempty"`
	// Through is the last message of ALERTS that the backup has. The system before may have sent what
	// was published up to there, whatever the ledger knows of it: the ledger was copied earlier.
	Through uint64 `json:"through,omitempty"`
	// Heard is the last message of INBOUND that the backup has: the system before may have answered it.
	Heard uint64 `json:"heard,omitempty"`
	// Settled says that all of what the ledger had as due, and which may have gone out after it was
	// copied, is on record as in doubt.
	Settled bool `json:"all_settled,omitempty"`
}

// ReasonRestored is why a delivery is in doubt after a restore.
const ReasonRestored = "restored from a backup: it may have gone out after the backup was made"

// AwaitsRouter says to an operator why nothing is sent while a hold has doubts.
const AwaitsRouter = "nothing is sent before a process with the router role has run since the restore, and none has: start one (`revere serve --roles router`)"

// Held reports whether nothing may be sent.
func (h Hold) Held() bool { return !h.Since.IsZero() && h.Released.IsZero() }

// Doubts reports whether what is due may have gone out already, unknown to the record. Until a router has put that
// on record nothing is sent, released or not.
func (h Hold) Doubts() bool { return !h.Since.IsZero() && !h.Settled }

// InDoubt is since when messages may have gone out, unknown to the record, about what was published as
// the message of ALERTS with a sequence; zero where none can have.
func (h Hold) InDoubt(sequence uint64, received time.Time) time.Time {
	if sequence > h.Through {
		return time.Time{}
	}
	return received
}
