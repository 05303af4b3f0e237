package tracking

import (
	"time"

	"revere/alerting"
)

// A Phase is where an alert is in its life.
type Phase string

// The phases.
const (
	Open     Phase = "open"
	Updated  Phase = "updated"  // an update replaced it
	Canceled Phase = "canceled" // it was withdrawn
	Expired  Phase = "expired"
)

// A Counts is how many deliveries are in each state.
type Counts map[alerting.State]int

// A Summary is one alert with what has become of it. People are subscribers; a delivery is one
// message to one address.
type Summary struct {
	Key        alerting.Key   `json:"key"`
	Code       string         `json:"code"`
	Phase      Phase          `json:"phase"`
	Alert      alerting.Alert `json:"alert"`
	Producer   string         `json:"producer"`
	Received   time.Time      `json:"received"`
	Opened     time.Time      `json:"opened"`
	ReplacedBy alerting.Key   `json:"replaced_by,omitempty"`
	Corrects   []alerting.Key `json:"corrects,omitempty"`
	Expanded   bool           `json:"expanded"` // the manifest is complete
	Revision   uint64         `json:"directory_revision"`
	Sequence   uint64         `json:"sequence"` // the ledger's, of the newest record

	People       int `json:"people"`
	Reached      int `json:"reached"`      // a provider took a message for them
	Delivered    int `json:"delivered"`    // a receipt says that a device has it
	Acknowledged int `json:"acknowledged"` // they, or who shares their desk, answered

	Deliveries int               `json:"deliveries"`
	States     Counts            `json:"states"`
	Channels   map[string]Counts `json:"channels"`
	Areas      []AreaSummary     `json:"areas"`
	Teams      []TeamSummary     `json:"teams,omitempty"`
	Responses  map[string]int    `json:"responses"` // by response key; "ack" for a plain one
	Gaps       []Gap             `json:"gaps"`
	Uncovered  []alerting.Area   `json:"uncovered"` // nobody is subscribed there
	Remarks    []RemarkView      `json:"remarks"`
	// Finished is true while nothing is due or under way. It is derived from the deliveries' states;
	// a contact in reserve that becomes due, or an answer, makes it false again for a while.
	Finished bool `json:"finished"`
}

// An AreaSummary is one jurisdiction's part of an alert.
type AreaSummary struct {
	Area         alerting.Area `json:"area"`
	People       int           `json:"people"`
	Reached      int           `json:"reached"`
	Delivered    int           `json:"delivered"`
	Acknowledged int           `json:"acknowledged"`
	// First is the first answer that came from the jurisdiction.
	First *AnswerView `json:"first_answer,omitempty"`
}

// A TeamSummary is one team's part: its members answer together.
type TeamSummary struct {
	Team         string      `json:"team"`
	People       int         `json:"people"`
	Reached      int         `json:"reached"`
	Acknowledged int         `json:"acknowledged"`
	First        *AnswerView `json:"first_answer,omitempty"`
}

// An AnswerView is an acknowledgement as it is shown.
type AnswerView struct {
	Subscriber string        `json:"subscriber"`
	Name       string        `json:"name"`
	At         time.Time     `json:"at"`
	After      time.Duration `json:"after_ns"` // since the alert was opened
	Via        alerting.Via  `json:"via"`
	Channel    string        `json:"channel,omitempty"`
	Address    string        `json:"address,omitempty"`
	Response   string        `json:"response,omitempty"`
	Label      string        `json:"label,omitempty"`
	Note       string        `json:"note,omitempty"`
	By         string        `json:"by,omitempty"`
	Shared     bool          `json:"shared,omitempty"`
	Retracted  bool          `json:"retracted,omitempty"`
}

// A Gap is a recipient whom no contact can reach any more, or an opt-out that leaves one fewer.
type Gap struct {
	Subscriber string          `json:"subscriber"`
	Name       string          `json:"name"`
	Areas      []alerting.Area `json:"areas"`
	Detail     string          `json:"detail"`
}

// A RemarkView is something that the desk must see.
type RemarkView struct {
	At      time.Time           `json:"at"`
	Kind    alerting.RemarkKind `json:"kind"`
	Channel string              `json:"channel,omitempty"`
	Detail  string              `json:"detail"`
}

// A DeliveryView is one delivery with its history.
type DeliveryView struct {
	ID          alerting.DeliveryID `json:"id"`
	Index       uint32              `json:"index"`
	Channel     string              `json:"channel"`
	Address     string              `json:"address"`
	Subscribers []string            `json:"subscribers"`
	Names       []string            `json:"names"`
	Areas       []alerting.Area     `json:"areas"`
	State       alerting.State      `json:"state"`
	Notice      alerting.NoticeKind `json:"notice,omitempty"`
	Attempts    int                 `json:"attempts"`
	History     []Entry             `json:"history"`
}

// A PersonView is one recipient as the call sheet shows them.
type PersonView struct {
	Subscriber   string          `json:"subscriber"`
	Name         string          `json:"name"`
	Organization string          `json:"organization,omitempty"`
	Areas        []alerting.Area `json:"areas"`
	Contacts     []ContactView   `json:"contacts"`
	Reached      bool            `json:"reached"`
	Delivered    bool            `json:"delivered"`
	Gap          bool            `json:"gap"`
	Answer       *AnswerView     `json:"answer,omitempty"`
	Answers      []AnswerView    `json:"answers,omitempty"`
}

// A ContactView is one address of a recipient, and how far the alert came there. Reserve contacts
// have not been used.
type ContactView struct {
	Channel string         `json:"channel"`
	Address string         `json:"address"`
	Reserve bool           `json:"reserve,omitempty"`
	State   alerting.State `json:"state"`
	Reason  string         `json:"reason,omitempty"`
}
