// Package checker holds what Revere says of its alerts against what was published, who is in the
// directory and what the providers were really given, and names everything that does not fit. It is
// a pure function over what was collected: it asks nobody, and the same history always gives the same
// findings.
package checker

import (
	"fmt"
	"time"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/subscribers"
)

// A History is all that is known of one run.
type History struct {
	// Accepted are the alerts that their producers were told of as accepted, by key or by the
	// producer's own id: each must be there, whatever crashed behind its acknowledgement.
	Accepted []string
	// Alerts are those that the service has.
	Alerts []Alert
	// Directory is who was subscribed when they were, and Atlas how the areas lie.
	Directory []subscribers.Subscriber
	Atlas     alerting.Atlas
	// Provided are the messages that the providers took, per channel in the order in which they did.
	Provided []Message
	// Askable are the channels whose provider can be asked what became of an attempt: there nobody
	// gets a message twice.
	Askable map[string]bool
	// FallbackAfter is how long a contact of a severe alert has before the next is used.
	FallbackAfter time.Duration
	// Settled says that everything should have come to its end.
	Settled bool
}

// An Alert is one that was accepted, as the API shows it.
type Alert struct {
	Summary    tracking.Summary
	Deliveries []tracking.DeliveryView
	People     []tracking.PersonView
	// Follows says that the alert is a correction, which goes where its alert went and not to whom it
	// would concern.
	Follows bool
	// Acknowledged are the subscribers for whom an answer was recorded.
	Acknowledged []string
	// Directory is who was subscribed when the alert's list was made; nil for the history's.
	Directory []subscribers.Subscriber
	// Records are what the ledger holds of the alert up to the summary's sequence, in order; nil where
	// it was not read.
	Records []alerting.Record
}

// A Message is one that a provider took.
type Message struct {
	Channel, To string
	// Ref is the attempt, where the provider carries it; else ID is the provider's own name for the
	// message, and Text what it says.
	Ref      string
	ID, Text string
	// Arrived says that the provider's receipts may have told of the message's arrival.
	Arrived bool
	// GivenUp says that the provider told, after it took the message, that it did not send it.
	GivenUp bool
	// At is when the provider took it, on the clock of the service.
	At time.Time
}

// A Violation is one thing that does not fit.
type Violation struct {
	// Rule is the promise that is broken: one of the constants.
	Rule    Rule
	Alert   alerting.Key
	Address string
	Detail  string
}

func (v Violation) String() string {
	return fmt.Sprintf("%s: alert %s, %s: %s", v.Rule, v.Alert, v.Address, v.Detail)
}

// A Rule is one promise.
type Rule string

// The rules.
const (
	Missing    Rule = "a delivery is missing"
	Unexpected Rule = "a delivery to somebody who should get none"
	Repeated   Rule = "an address has two deliveries"
	Early      Rule = "a contact in reserve was used without need"
	Unrecorded Rule = "a message that no attempt was recorded for"
	Doubled    Rule = "a message went out twice without need"
	Unmarked   Rule = "a possible duplicate is not marked as one"
	Overclaim  Rule = "a state claims more than there is evidence for"
	Underclaim Rule = "a state denies what went out"
	Miscounted Rule = "a counter differs from the deliveries"
	Open       Rule = "a delivery has not come to its end"
	Forgotten  Rule = "an acknowledgement has vanished"
	Lost       Rule = "an accepted alert is not there"
	Untold     Rule = "an address that may have heard of the alert hears nothing of its correction"
	Unfolded   Rule = "what is shown differs from the ledger"
)

// Rules lists all rules.
var Rules = []Rule{Missing, Unexpected, Repeated, Early, Unrecorded, Doubled, Unmarked, Overclaim, Underclaim, Miscounted, Open, Forgotten, Lost, Untold, Unfolded}
