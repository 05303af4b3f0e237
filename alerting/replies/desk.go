package replies

import (
	"context"
	"strings"
	"time"

	"revere/alerting"
	"revere/alerting/faults"
	"revere/alerting/replies/grammar"
	"revere/alerting/tracking"
)

// A Desk records answers that came in by hand: by the link of a message, the API, the command line.
type Desk struct {
	Board *tracking.Board
	// Append writes to the ledger, durably.
	Append func(ctx context.Context, records ...alerting.Record) (sequence uint64, err error)
	Links  Links
	Now    func() time.Time
}

// A Statement is what is said of an answer that came in by hand.
type Statement struct {
	Response string // the key of the alert's response; empty or "ack" for a plain ACK
	Note     string
	Via      alerting.Via
	By       string // who entered it, where that was not the person
}

// ForPerson records an answer for one subscriber. It returns the ledger's sequence, at which every
// read shows it.
func (d Desk) ForPerson(ctx context.Context, key alerting.Key, subscriber string, s Statement) (sequence uint64, err error) {
	person, ok := d.Board.PersonOf(key, subscriber)
	if !ok {
		return 0, alerting.Errorf(alerting.CodeNotFound, "subscriber %q is not among those whom alert %s went to; `revere alerts show %s --people` lists them", subscriber, key, key)
	}
	answer := alerting.Answer{Recipients: []uint32{person.Recipient}}
	return d.record(ctx, key, person.Alert, person.Phase, answer, s)
}

// ForLink records an answer for those who share the address that a link was sent to.
func (d Desk) ForLink(ctx context.Context, token string, s Statement) (sequence uint64, err error) {
	place, err := d.Place(token)
	if err != nil {
		return 0, err
	}
	answer := alerting.Answer{Recipients: place.Recipients, Channel: place.Channel, Address: place.Address}
	s.Via = alerting.ViaLink
	return d.record(ctx, place.Key, place.Alert, place.Phase, answer, s)
}

// Place returns what a link is about.
func (d Desk) Place(token string) (tracking.Place, error) {
	key, delivery, err := d.Links.Parse(token)
	if err != nil {
		return tracking.Place{}, err
	}
	place, ok := d.Board.PlaceOf(key, delivery)
	if !ok {
		return tracking.Place{}, errLink
	}
	return place, nil
}

func (d Desk) record(ctx context.Context, key alerting.Key, alert alerting.Alert, phase tracking.Phase, answer alerting.Answer, s Statement) (uint64, error) {
	if strings.EqualFold(s.Response, "ack") {
		s.Response = ""
	}
	if phase != tracking.Open {
		return 0, alerting.Errorf(alerting.CodeClosed, "alert %s is %s and takes no answers any more; nothing was recorded", key, phase)
	}
	var problems alerting.Problems
	if _, offered := alert.Response(s.Response); s.Response != "" && !offered {
		problems.Add("/response", alerting.CodeInvalid, "the alert has no response %q; it takes ack%s", s.Response, offers(alert))
	}
	if len([]rune(s.Note)) > grammar.MaxNote {
		problems.Add("/note", alerting.CodeOversized, "the note has more than %d characters", grammar.MaxNote)
	}
	if err := problems.Err("the answer was not recorded"); err != nil {
		return 0, err
	}
	answer.Response, answer.Note, answer.Via, answer.By = s.Response, strings.TrimSpace(s.Note), s.Via, s.By
	sequence, err := d.Append(ctx, alerting.Record{Alert: key, At: moment(d.Now()), Answers: []alerting.Answer{answer}})
	if err != nil {
		return 0, err
	}
	faults.Reach(faults.AfterAnswer)
	return sequence, d.Board.Wait(ctx, sequence)
}

func offers(alert alerting.Alert) string {
	list := ""
	for _, r := range alert.Responses {
		list += ", " + r.Key + " (" + r.Label + ")"
	}
	return list
}
