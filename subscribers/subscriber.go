// Package subscribers knows who receives: the directory of subscribers and teams, folded from the
// changes that the engine keeps; the index that finds whom an alert concerns without looking at
// everyone; and import and export as CSV and JSON.
//
// The atlas of areas is the room below, subscribers/areas.
package subscribers

import (
	"strings"
	"time"

	"revere/alerting"
)

// Bounds of the directory's entries. They keep one subscriber's share of a manifest small.
const (
	MaxID         = 64    // characters of an id
	MaxName       = 200   // characters of a name or an organization
	MaxAddress    = 320   // bytes of an address; RFC 5321's longest mail address
	MaxContacts   = 16    // of one subscriber
	MaxPerChannel = 9     // of one subscriber's contacts on one channel
	MaxAreas      = 1000  // of one subscriber
	MaxMembers    = 10000 // of one team
)

// A Subscriber is a person or a desk that receives alerts. One that a Directory returned is never
// changed afterwards, by either side: a change makes a new one.
type Subscriber struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	Organization string `json:"organization,omitempty"`
	// Areas are those whose alerts the subscriber gets, and that of every overlapping area.
	Areas []alerting.Area `json:"areas"`
	// MinSeverity is the floor for contacts without one of their own. Empty lets everything through.
	MinSeverity alerting.Severity `json:"min_severity,omitempty"`
	// Categories, where set, leave out alerts that have categories and none of these.
	Categories []string `json:"categories,omitempty"`
	// Language is a BCP 47 tag; empty means the alert's own.
	Language string `json:"language,omitempty"`
	// Shared says that a desk reads these contacts, not one person.
	Shared bool `json:"shared,omitempty"`
	// Contacts in the order of preference.
	Contacts []Contact `json:"contacts"`
}

// A Contact is one address of a subscriber on one channel.
type Contact struct {
	Channel string `json:"channel"`
	// Address in the one form that the channel's ParseAddress gives it.
	Address string `json:"address"`
	// MinSeverity is this contact's floor; empty means the subscriber's.
	MinSeverity alerting.Severity `json:"min_severity,omitempty"`
}

// A Team is subscribers who answer together: an emergency-management desk, a responder team.
type Team struct {
	ID   string   `json:"id"`
	Name string   `json:"name"`
	Kind TeamKind `json:"kind"`
	// Members are the ids of subscribers, in order of rank.
	Members []string `json:"members"`
}

// A TeamKind says what a team is for.
type TeamKind string

// The kinds of team.
const (
	EMC        TeamKind = "emc" // an emergency-management center
	Responders TeamKind = "responders"
	Other      TeamKind = "other"
)

// TeamKinds lists the kinds, for validation and for help texts.
var TeamKinds = []TeamKind{EMC, Responders, Other}

// An OptOut is an address that asked to be sent nothing more (STOP), on one channel.
type OptOut struct {
	Channel string    `json:"channel"`
	Address string    `json:"address"`
	At      time.Time `json:"at"`
	Reason  string    `json:"reason,omitempty"`
}

// Key is the ID of an opt-out's Change: "sms:+16175550100".
func (o OptOut) Key() string { return o.Channel + ":" + o.Address }

func parseOptOutKey(key string) (channel, address string, ok bool) {
	return strings.Cut(key, ":")
}
