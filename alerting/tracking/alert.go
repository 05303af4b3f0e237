package tracking

import (
	"strconv"
	"time"

	"revere/alerting"
)

// An alert is one alert's part of the board.
type alert struct {
	key            alerting.Key
	opened         alerting.Opened
	openedAt       time.Time
	first          uint64 // the ledger's sequence that opened it
	latest         uint64 // the newest of its records
	withdrawn      *alerting.Withdrawn
	expired        bool
	duringExercise bool // an exercise was open when this was opened
	manifested     bool
	parts          []alerting.Manifest // of a manifest that is not complete yet
	revision       uint64              // the directory's, of the newest manifest

	recipients []recipient
	people     map[string]uint32 // recipients by subscriber
	deliveries []delivery
	index      map[alerting.DeliveryID]uint32
	uncovered  []alerting.Area
	remarks    []remark
	queues     map[string]*queue // by channel
	helped     map[string]bool   // channel and address of those who were sent a help text
	noticed    map[string]int    // how many notices went to a channel and address
}

// open reports whether the alert still takes place: neither over, nor replaced.
func (a *alert) open() bool { return !a.expired && a.withdrawn == nil }

func (a *alert) severity() alerting.Severity { return a.opened.Alert.Severity }

// id names a delivery: hash(alert, channel, address). Confirmations to one address are told apart
// by their place.
func (a *alert) id(i uint32) alerting.DeliveryID {
	d := &a.deliveries[i]
	if d.notice == nil {
		return alerting.NewDeliveryID(a.key, d.channel, d.address)
	}
	return alerting.NewDeliveryID(a.key, d.channel, d.address+" notice "+strconv.Itoa(int(i)))
}

type recipient struct {
	alerting.Recipient
	contacts []uint32 // deliveries of the alert, in the order of preference
	answers  []answer
	gap      bool // a coverage gap was remarked
}

// answered is the answer that counts: of those that were not taken back the newest that says more
// than a plain ACK, else the newest. An ACK that follows takes back nothing of what was said.
func (r *recipient) answered() *answer {
	var newest *answer
	for i := len(r.answers) - 1; i >= 0; i-- {
		switch given := &r.answers[i]; {
		case given.retracted:
		case given.Response != "" || given.Note != "":
			return given
		case newest == nil:
			newest = given
		}
	}
	return newest
}

// first is the first answer that was not taken back: when the person was reached for certain.
func (r *recipient) first() *answer {
	for i := range r.answers {
		if !r.answers[i].retracted {
			return &r.answers[i]
		}
	}
	return nil
}

type answer struct {
	alerting.Answer
	at        time.Time
	retracted bool
}

type remark struct {
	alerting.Remark
	at time.Time
}

type delivery struct {
	channel     string
	address     string
	recipients  []uint32
	notice      *alerting.Notice
	state       alerting.State
	prior       alerting.State // the highest evidence from attempts before the newest
	active      bool
	optedOut    bool   // STOP came from the address during the alert
	refused     bool   // a receipt said that the newest attempt failed for good
	ticket      uint32 // of its one valid place in the outbox
	attempts    int
	activatedAt time.Time
	retryAt     time.Time
	history     []Entry
}

// An Entry is one line of a delivery's history. History is only ever appended to.
type Entry struct {
	At                time.Time      `json:"at"`
	State             alerting.State `json:"state"`
	Attempt           int            `json:"attempt,omitempty"`
	ProviderID        string         `json:"provider_id,omitempty"`
	Code              string         `json:"code,omitempty"`
	Reason            string         `json:"reason,omitempty"`
	RetryAt           time.Time      `json:"retry_at,omitzero"`
	Receipt           bool           `json:"receipt,omitempty"`
	PossibleDuplicate bool           `json:"possible_duplicate,omitempty"`
}

func (d *delivery) lane(a *alert) int {
	if d.notice != nil {
		return alerting.LaneNotices
	}
	return a.severity().Rank()
}

// lost reports whether the contact brings the person nothing more: it is dead, closed by STOP, or
// nobody knows what it brought and nobody will ask again.
func (d *delivery) lost() bool {
	return d.state.Dead() || d.optedOut || d.state == alerting.Unknown && d.retryAt.IsZero()
}

// attempted reports whether anything was ever tried.
func (d *delivery) attempted() bool { return d.attempts > 0 }

// lastAttempt is when the newest attempt was recorded.
func (d *delivery) lastAttempt() time.Time {
	for i := len(d.history) - 1; i >= 0; i-- {
		if d.history[i].State == alerting.Attempting {
			return d.history[i].At
		}
	}
	return time.Time{}
}
