package alerting

import (
	"slices"
	"time"
)

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
	// Settled are the channels on which everything that may have gone out after the backup is known
	// to be in doubt.
	Settled []string `json:"settled,omitempty"`
}

// Held reports whether nothing may be sent.
func (h Hold) Held() bool { return !h.Since.IsZero() && h.Released.IsZero() }

// Doubts reports whether what is due on a channel may have gone out already, unknown to the record.
func (h Hold) Doubts(channel string) bool {
	return !h.Since.IsZero() && !slices.Contains(h.Settled, channel)
}
