// Package audit proves for one alert that what was planned, what the ledger holds, what the board
// shows and what the providers have agree, and names every difference. It changes nothing.
package audit

import (
	"context"
	"time"

	"revere/alerting"
	"revere/alerting/tracking"
)

// A Ledger is the record, read anew.
type Ledger interface {
	// FollowLedger calls apply with every message after the given sequence, in order and never
	// concurrently, until ctx is done. It returns as soon as it has begun, with the ledger's end.
	FollowLedger(ctx context.Context, after uint64, apply func(sequence uint64, subject string, records []alerting.Record)) (reached uint64, err error)
}

// A Lister can say what a provider was given for an address.
type Lister interface {
	Carried(ctx context.Context, to string, since time.Time) ([]alerting.Carried, error)
}

// An Auditor looks into alerts. It is safe for concurrent use.
type Auditor struct {
	Board  *tracking.Board
	Ledger Ledger
	// Channels are those that are on; nil for one whose provider can't be asked.
	Channels map[string]Lister
	Now      func() time.Time
}

// A Report is what was found.
type Report struct {
	Alert alerting.Key `json:"alert"`
	Code  string       `json:"code"`
	At    time.Time    `json:"at"`
	// Ledger is the sequence up to which the ledger was read, Records how many of it are about the
	// alert.
	Ledger     uint64 `json:"ledger"`
	Records    int    `json:"records"`
	Manifests  int    `json:"manifests"`
	Deliveries int    `json:"deliveries"`
	Attempts   int    `json:"attempts"`
	// Providers say, by channel, what could be asked.
	Providers []Provider `json:"providers" nullable:"false"`
	// Agrees is true where no difference was found, and every provider that was to be asked could be.
	Agrees      bool         `json:"agrees"`
	Differences []Difference `json:"differences" nullable:"false"`
}

// A Provider is what was asked on one channel.
type Provider struct {
	Channel string `json:"channel"`
	// Answer is "asked", "not_asked" (as the caller wished), "cannot_be_asked", "off" where the channel
	// is not configured here, or "failed".
	Answer    string `json:"answer" enum:"asked,not_asked,cannot_be_asked,off,failed"`
	Addresses int    `json:"addresses" doc:"How many addresses the provider was asked about."`
	Detail    string `json:"detail,omitempty"`
}

// The answers.
const (
	Asked    = "asked"
	NotAsked = "not_asked"
	Mute     = "cannot_be_asked"
	Off      = "off"
	Failed   = "failed"
)

// A Kind is a way in which two of the four can differ.
type Kind string

// The kinds.
const (
	BrokenManifest Kind = "broken_manifest" // a manifest whose parts or hash are not what was written
	Disorder       Kind = "disorder"        // records that can't have become true in their order
	Foreign        Kind = "foreign"         // a record about a delivery or person that no manifest has
	Misnamed       Kind = "misnamed"        // a delivery whose id is not that of its address
	Shown          Kind = "shown"           // the board shows something else than the ledger adds up to
	Miscounted     Kind = "miscounted"      // a count that is not that of what is shown
	Unheard        Kind = "unheard"         // the provider says more of a message than the ledger does
	Overclaimed    Kind = "overclaimed"     // the ledger says more of a message than the provider does
	Missing        Kind = "missing"         // a message that the provider took, by the ledger, and does not have
	Stray          Kind = "stray"           // a message that the provider has and no attempt is on record for
	OtherWords     Kind = "other_words"     // a message at the provider that does not carry the alert's code
)

// Kinds lists all kinds.
var Kinds = []Kind{BrokenManifest, Disorder, Foreign, Misnamed, Shown, Miscounted, Unheard, Overclaimed, Missing, Stray, OtherWords}

// A Difference is one thing that does not agree.
type Difference struct {
	Kind Kind `json:"kind"`
	// Sequence is that of the ledger's message, where it is one that does not fit.
	Sequence uint64 `json:"sequence,omitempty"`
	Channel  string `json:"channel,omitempty"`
	Address  string `json:"address,omitempty"`
	Detail   string `json:"detail"`
}

// Verify looks into an alert. With ask it asks the providers, too. An error means that it could not
// look: the alert is not known, the ledger can't be read, or the alert does not stand still.
func (a *Auditor) Verify(ctx context.Context, key alerting.Key, ask bool) (Report, error) {
	live, err := a.still(ctx, key)
	if err != nil {
		return Report{}, err
	}
	r := &Report{
		Alert: key, Code: live.summary.Code, At: a.Now().UTC().Truncate(time.Millisecond), Ledger: live.summary.Sequence,
		Providers: []Provider{}, Differences: []Difference{},
	}
	fresh, err := a.replay(ctx, r)
	if err != nil {
		return Report{}, err
	}
	r.compare(live, fresh)
	r.recount(live)
	whole := a.providers(ctx, r, live, ask)
	r.Agrees = whole && len(r.Differences) == 0
	return *r, nil
}

func (r *Report) differ(d Difference) { r.Differences = append(r.Differences, d) }
