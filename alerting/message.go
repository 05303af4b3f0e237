package alerting

import "time"

// A Format is the shape of text that a channel carries.
type Format int

// The formats.
const (
	Short Format = iota // one text, counted in SMS segments
	Chat                // the short text, then the description
	Mail                // subject, text and HTML
)

// A Message is one attempt to tell one address something, worded for its channel.
type Message struct {
	Ref      Ref
	To       string   // the address
	Severity Severity // of the alert; "" for a confirmation or a help text
	Code     string   // the alert's short code, which the text carries
	Subject  string   // Mail only
	Text     string
	HTML     string    // Mail only
	AckURL   string    // where a POST acknowledges, which the words say; empty where they name no link
	Expires  time.Time // after this the message is not worth delivering
	// PossibleDuplicate is set when an earlier attempt may have reached the person.
	PossibleDuplicate bool
}

// An Outcome is what a channel knows after it tried to send a message.
type Outcome struct {
	// State is Accepted, Sent, Failed or Unknown; from Reconcile also Delivered, Read or
	// Undelivered. Unknown is the answer whenever the provider may have taken the message and did
	// not say so.
	State State
	// Retry asks for another attempt after a Failed one. It is never set beside another state.
	Retry bool
	// MessageOnly is set beside Retry when the fault is this message's or this address's: the
	// provider works, and others need not wait.
	MessageOnly bool
	// RetryAfter is the least wait that the provider asked for before the next attempt.
	RetryAfter time.Duration
	// PauseChannel is set when the fault is the operator's or the provider's, not the message's:
	// nothing on this channel will go out until it is mended. It says how long to wait.
	PauseChannel time.Duration
	// OptedOut is set when the provider says that the person does not want messages here.
	OptedOut bool
	// ProviderID is the provider's name for the message; receipts carry it.
	ProviderID string
	// Code and Reason say why, for people: the provider's error code and a sentence.
	Code, Reason string
}

// A Carried is a message as its provider shows it afterwards.
type Carried struct {
	ProviderID string
	Text       string
	// State is what the provider says became of it: Accepted, Sent, Delivered, Read or Undelivered.
	State State
}

// An Inbound is a fact that came in through a channel. It is durable before it is answered.
type Inbound struct {
	Channel string      `cbor:"1,keyasint" json:"channel"`
	Kind    InboundKind `cbor:"2,keyasint" json:"kind"`
	At      time.Time   `cbor:"3,keyasint" json:"at"`
	// From is the address that sent a reply, in the form that the directory has.
	From string `cbor:"4,keyasint,omitempty" json:"from,omitempty"`
	// Text is what a reply says; for a reaction, the emoji.
	Text string `cbor:"5,keyasint,omitempty" json:"text,omitempty"`
	// Ref is the attempt that a receipt is about, as the provider carried it back.
	Ref string `cbor:"6,keyasint,omitempty" json:"ref,omitempty"`
	// About holds the provider ids of our messages that a receipt, quote or reaction names.
	About []string `cbor:"7,keyasint,omitempty" json:"about,omitempty"`
	// State is what a receipt says became of the message.
	State State `cbor:"8,keyasint,omitempty" json:"state,omitempty"`
	// Code and Reason are the provider's error, or why something was refused.
	Code   string `cbor:"9,keyasint,omitempty" json:"code,omitempty"`
	Reason string `cbor:"10,keyasint,omitempty" json:"reason,omitempty"`
	// ID is the provider's id of the inbound message: the same fact posted twice has the same.
	ID string `cbor:"11,keyasint,omitempty" json:"id,omitempty"`
	// SentAt is when the only message that a receipt is about was sent, where the provider tells it:
	// it stands in for About while the provider's id is not known here.
	SentAt time.Time `cbor:"12,keyasint,omitzero" json:"sent_at,omitzero"`
}

// An InboundKind is what sort of fact came in.
type InboundKind string

// The kinds.
const (
	InboundReply     InboundKind = "reply"    // a person wrote; Text is what
	InboundQuote     InboundKind = "quote"    // a person wrote, quoting our message
	InboundReaction  InboundKind = "reaction" // a person put Text, an emoji, on our message
	InboundUnreact   InboundKind = "unreact"  // a person took a reaction back
	InboundReceipt   InboundKind = "receipt"  // the provider tells what became of our message
	InboundOptOut    InboundKind = "opt-out"  // STOP and its kin: the provider sends nothing more there
	InboundOptIn     InboundKind = "opt-in"   // START and its kin
	InboundAskedHelp InboundKind = "help"     // HELP and its kin: the provider answers it
	InboundRefused   InboundKind = "refused"  // not authentic; kept for the record, acted upon never
)
