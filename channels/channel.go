// Package channels holds what every way out and back has in common: the Channel port, the list of
// channels, and the dispatcher that sends through one (rate, lanes, breaker, outcome). Each channel
// has a folder of its own below.
package channels

import (
	"context"
	"net/http"
	"time"

	"revere/alerting"
)

// A Channel sends messages to one kind of address through one provider account.
//
// The dispatcher calls Send from as many goroutines as Limits allows, never calls it before the
// attempt is durable, and treats a Send that returns after its context is done like any other: what
// Send returns is what is known. Send never panics and always returns within its own timeout.
type Channel interface {
	// Name is the channel's name in the directory, in subjects and in the API: "sms".
	Name() string
	// Format tells how messages for the channel are worded.
	Format() alerting.Format
	// Limits tells how hard the provider may be pushed.
	Limits() Limits
	// Cost is what the message takes from the rate: SMS segments, else 1.
	Cost(alerting.Message) int
	// Send makes one attempt. A doubt about whether the provider took the message is Unknown.
	Send(context.Context, alerting.Message) alerting.Outcome
	// Check asks the provider whether the credentials work, and sends nothing. Each finding is a
	// sentence for the operator.
	Check(context.Context) []Finding
}

// Limits bound what a provider account is asked to do.
type Limits struct {
	// Rate is in units of Cost a second.
	Rate float64
	// Concurrency is how many Sends may be under way at once; 1 where the provider can't do more.
	Concurrency int
	// ReconcileAfter is how long after an Unknown the provider could first show the message, or a
	// receipt could have come: only then is it asked, or the message sent again.
	ReconcileAfter time.Duration
	// AskAfter is how long after it was last heard of a message that the provider took an Inquirer is
	// asked about it; 0 where it never is.
	AskAfter time.Duration
}

// A Finding is one result of a Check.
type Finding struct {
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// A Reconciler is a Channel whose provider can be asked what became of an attempt.
type Reconciler interface {
	// Reconcile looks for the message at the provider. found is false when the provider certainly
	// does not have it. An error means that it could not be asked, *Busy that it asks to be left alone
	// for a time.
	Reconcile(ctx context.Context, m alerting.Message, attempted time.Time) (outcome alerting.Outcome, found bool, err error)
}

// An Inquirer is a Channel whose provider can be asked what became of a message that it took: its
// receipt may have been lost.
type Inquirer interface {
	// Inquire returns what a receipt would say now: the same facts, with the same ids. They are put
	// into the Inbox by whoever asks. An error of the kind alerting.CodeNotFound means that the provider
	// does not know the message (any more); any other that it could not be asked, *Busy that it asks to
	// be left alone for a time.
	Inquire(context.Context, alerting.Silence) ([]alerting.Inbound, error)
}

// Busy is why a provider could not be asked: it wants to be left alone for the time After.
type Busy struct {
	After time.Duration
	Err   error
}

// Error is the reason.
func (b *Busy) Error() string { return b.Err.Error() }

// Unwrap returns the reason.
func (b *Busy) Unwrap() error { return b.Err }

// A Lister is a Channel whose provider can show what it was given for an address.
type Lister interface {
	// Carried lists every message to an address that the provider took at since or later. An error
	// means that it could not be asked, or not told all.
	Carried(ctx context.Context, to string, since time.Time) ([]alerting.Carried, error)
}

// A Receiver is a Channel with a way back: it declares its routes and hands every authentic fact
// to the Inbox before it answers the provider.
type Receiver interface {
	Routes(Inbox) []Route
}

// A Listener is a Channel with a server of its own beside HTTP (a mail channel's bounces). Listen
// serves until ctx is done, and returns nil then.
type Listener interface {
	Listen(ctx context.Context, inbox Inbox) error
}

// An Inbox makes facts durable. When Put returns nil they survive power loss, all of them.
type Inbox interface {
	Put(context.Context, ...alerting.Inbound) error
}

// A Route is one HTTP route of a channel. Pattern is an http.ServeMux pattern with its method:
// "POST /webhooks/twilio/status".
type Route struct {
	Pattern string
	Handler http.Handler
}
