package alerting

import "time"

// A Record is a set of facts about one alert that became true together. Records are the ledger's
// entries: appended, never changed, and the only source of what Revere knows about an alert.
// Deliveries are named by their index in the order in which the ledger introduced them.
type Record struct {
	Alert Key       `cbor:"1,keyasint" json:"alert"`
	At    time.Time `cbor:"2,keyasint" json:"at"`

	Opened    *Opened      `cbor:"3,keyasint,omitempty" json:"opened,omitempty"`
	Manifest  *Manifest    `cbor:"4,keyasint,omitempty" json:"manifest,omitempty"`
	Withdrawn *Withdrawn   `cbor:"5,keyasint,omitempty" json:"withdrawn,omitempty"`
	Activated []Activation `cbor:"6,keyasint,omitempty" json:"activated,omitempty"`
	Attempts  []Attempt    `cbor:"7,keyasint,omitempty" json:"attempts,omitempty"`
	Results   []Result     `cbor:"8,keyasint,omitempty" json:"results,omitempty"`
	Answers   []Answer     `cbor:"9,keyasint,omitempty" json:"answers,omitempty"`
	Notices   []Notice     `cbor:"10,keyasint,omitempty" json:"notices,omitempty"`
	Remarks   []Remark     `cbor:"11,keyasint,omitempty" json:"remarks,omitempty"`
	Expired   bool         `cbor:"12,keyasint,omitempty" json:"expired,omitempty"`
	// Inbound is the sequence of the inbound fact that this record is drawn from: a reader that
	// has seen it does not draw from it again.
	Inbound uint64 `cbor:"13,keyasint,omitempty" json:"inbound,omitempty"`
	// Aside are those facts at Inbound of which nothing can be drawn before the details of a filed alert
	// are read again. They wait here, and what comes after them does not wait for them.
	Aside []Inbound `cbor:"16,keyasint,omitempty" json:"-"`
	// Settled is the Inbound of facts that were set aside and from which this record is drawn: they wait
	// no more.
	Settled uint64 `cbor:"17,keyasint,omitempty" json:"settled,omitempty"`
	// InDoubt is set where a system before, whose records are lost, may have done the same: opened the
	// alert then, and sent what becomes due by this record then or later. Each such delivery has an
	// attempt from then with an unknown end.
	InDoubt time.Time `cbor:"18,keyasint,omitzero" json:"in_doubt,omitzero"`
	// Awaits is the filed alert for which what is Aside or Settled waits. Such a record is about no alert.
	Awaits Key `cbor:"19,keyasint,omitempty" json:"awaits,omitempty"`
	// Held is set beside a result after which nothing goes out on the channel for a time.
	Held *Held `cbor:"20,keyasint,omitempty" json:"held,omitempty"`
}

// Held says that a channel is left alone: its provider asked for that, or its account must be mended first.
type Held struct {
	Channel string    `cbor:"1,keyasint" json:"channel"`
	Until   time.Time `cbor:"2,keyasint" json:"until"`
}

// Opened says that an alert was accepted, or that one which was is now for more areas.
type Opened struct {
	Alert    Alert  `cbor:"1,keyasint" json:"alert"`
	Producer string `cbor:"2,keyasint" json:"producer"`
	Code     string `cbor:"3,keyasint" json:"code"`
	Identity string `cbor:"4,keyasint" json:"-"`
	// Content is the ContentHash of what was published.
	Content  string    `cbor:"8,keyasint" json:"-"`
	Received time.Time `cbor:"5,keyasint" json:"received"`
	// Sequence is where the ALERTS stream holds the message.
	Sequence uint64 `cbor:"6,keyasint" json:"sequence"`
	// Corrects are the alerts that this one updates or cancels.
	Corrects []Key `cbor:"7,keyasint,omitempty" json:"corrects,omitempty"`
}

// A Manifest is one part of the complete, ordered list of whom an alert is sent to. All parts are
// written at once: either the whole list is durable or none of it is visible.
type Manifest struct {
	// Revision is the directory's sequence that the list was made from, and Hash covers all parts.
	Revision uint64 `cbor:"1,keyasint" json:"revision"`
	Hash     []byte `cbor:"2,keyasint" json:"hash"`
	Part     int    `cbor:"3,keyasint" json:"part"`
	Parts    int    `cbor:"4,keyasint" json:"parts"`
	// Deliveries are in sending order. Those that are not Active are contacts in reserve.
	Deliveries []Planned   `cbor:"5,keyasint" json:"deliveries"`
	Recipients []Recipient `cbor:"6,keyasint" json:"recipients"`
	// Uncovered are areas below the alert's where nobody is subscribed.
	Uncovered []Area `cbor:"7,keyasint,omitempty" json:"uncovered,omitempty"`
}

// A Planned delivery is one address that an alert may go to.
type Planned struct {
	Channel string `cbor:"1,keyasint" json:"channel"`
	Address string `cbor:"2,keyasint" json:"address"`
	Active  bool   `cbor:"3,keyasint,omitempty" json:"active"`
	// Suppressed is why the address gets nothing, decided before anything was sent.
	Suppressed string `cbor:"4,keyasint,omitempty" json:"suppressed,omitempty"`
}

// A Recipient is a subscriber as the directory had it when the manifest was made.
type Recipient struct {
	Subscriber   string `cbor:"1,keyasint" json:"subscriber"`
	Name         string `cbor:"2,keyasint" json:"name"`
	Organization string `cbor:"3,keyasint,omitempty" json:"organization,omitempty"`
	// Areas are those of the subscriber's areas that the alert overlaps: the jurisdictions for
	// which this person answers.
	Areas    []Area `cbor:"4,keyasint" json:"areas"`
	Language string `cbor:"5,keyasint,omitempty" json:"language,omitempty"`
	// Shared says that a desk reads the address, not one person.
	Shared bool `cbor:"6,keyasint,omitempty" json:"shared,omitempty"`
	// Contacts index the deliveries of this manifest, in the order of preference.
	Contacts []uint32 `cbor:"7,keyasint" json:"contacts"`
	// Teams are those that the subscriber belongs to.
	Teams []string `cbor:"8,keyasint,omitempty" json:"teams,omitempty"`
}

// Withdrawn says that a correction replaced the alert: what is unsent stays so.
type Withdrawn struct {
	By   Key         `cbor:"1,keyasint" json:"by"`
	Type MessageType `cbor:"2,keyasint" json:"type"`
}

// An Activation makes a contact in reserve a delivery that is due.
type Activation struct {
	Delivery uint32 `cbor:"1,keyasint" json:"delivery"`
	Reason   string `cbor:"2,keyasint" json:"reason"`
}

// An Attempt is on record before the provider is called.
type Attempt struct {
	Delivery          uint32 `cbor:"1,keyasint" json:"delivery"`
	Attempt           int    `cbor:"2,keyasint" json:"attempt"`
	PossibleDuplicate bool   `cbor:"3,keyasint,omitempty" json:"possible_duplicate,omitempty"`
}

// A Result is what became known about a delivery: from the call, from a receipt, or by decision.
type Result struct {
	Delivery uint32 `cbor:"1,keyasint" json:"delivery"`
	// Attempt that it is about; 0 where none was made (suppressed, canceled).
	Attempt    int       `cbor:"2,keyasint,omitempty" json:"attempt,omitempty"`
	State      State     `cbor:"3,keyasint" json:"state"`
	RetryAt    time.Time `cbor:"4,keyasint,omitzero" json:"retry_at,omitzero"`
	ProviderID string    `cbor:"5,keyasint,omitempty" json:"provider_id,omitempty"`
	Code       string    `cbor:"6,keyasint,omitempty" json:"code,omitempty"`
	Reason     string    `cbor:"7,keyasint,omitempty" json:"reason,omitempty"`
	// Receipt marks the provider's later word.
	Receipt bool `cbor:"8,keyasint,omitempty" json:"receipt,omitempty"`
}

// An Answer is an acknowledgement: a person's, not the message's.
type Answer struct {
	// Recipients index those for whom the answer counts: all who share the address.
	Recipients []uint32 `cbor:"1,keyasint" json:"recipients"`
	Channel    string   `cbor:"2,keyasint,omitempty" json:"channel,omitempty"`
	Address    string   `cbor:"3,keyasint,omitempty" json:"-"`
	Via        Via      `cbor:"4,keyasint" json:"via"`
	// Response is the key of the alert's response that was chosen; empty for a plain ACK.
	Response string `cbor:"5,keyasint,omitempty" json:"response,omitempty"`
	Note     string `cbor:"6,keyasint,omitempty" json:"note,omitempty"`
	// By names who entered it where that was not the person: a token's name.
	By string `cbor:"7,keyasint,omitempty" json:"by,omitempty"`
	// Retracted takes an earlier reaction back.
	Retracted bool `cbor:"8,keyasint,omitempty" json:"retracted,omitempty"`
}

// A Via is the way by which an answer came.
type Via string

// The ways.
const (
	ViaReply    Via = "reply"
	ViaQuote    Via = "quote"
	ViaReaction Via = "reaction"
	ViaLink     Via = "link"
	ViaAPI      Via = "api"
	ViaCLI      Via = "cli"
)

// A Notice is a text to one address in answer to one of its own: a confirmation or a help text.
// It becomes a delivery in the lowest lane.
type Notice struct {
	Channel string     `cbor:"1,keyasint" json:"channel"`
	Address string     `cbor:"2,keyasint" json:"address"`
	Kind    NoticeKind `cbor:"3,keyasint" json:"kind"`
	Text    string     `cbor:"4,keyasint" json:"-"`
}

// A NoticeKind is what a notice is for.
type NoticeKind string

// The kinds of notice.
const (
	NoticeConfirmation NoticeKind = "confirmation"
	NoticeHelp         NoticeKind = "help"
)

// A Remark is something that the desk must see although no state changed: a coverage gap, a wrong
// code, a refused webhook.
type Remark struct {
	Kind       RemarkKind `cbor:"1,keyasint" json:"kind"`
	Recipients []uint32   `cbor:"2,keyasint,omitempty" json:"recipients,omitempty"`
	Channel    string     `cbor:"3,keyasint,omitempty" json:"channel,omitempty"`
	Address    string     `cbor:"4,keyasint,omitempty" json:"-"`
	Detail     string     `cbor:"5,keyasint" json:"detail"`
}

// A RemarkKind classes remarks.
type RemarkKind string

// The kinds of remark.
const (
	RemarkGap           RemarkKind = "coverage_gap"   // a recipient can't be reached any more
	RemarkOptOut        RemarkKind = "opt_out"        // STOP came during the alert
	RemarkOptIn         RemarkKind = "opt_in"         // START came during the alert
	RemarkHelp          RemarkKind = "help"           // HELP came during the alert
	RemarkUnplaced      RemarkKind = "unplaced"       // areas that may be concerned and are not reached
	RemarkUnexpanded    RemarkKind = "not_expanded"   // no list could be made of those to whom a correction goes: it is given up
	RemarkNotUnderstood RemarkKind = "not_understood" // a reply that says nothing we know
)
