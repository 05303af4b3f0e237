package subscribers

import (
	"encoding/json"
	"fmt"
	"slices"

	"revere/alerting"
	"revere/subscribers/areas"
)

// A ChangeKind says what a Change is about.
type ChangeKind = string

// The kinds of change, with their IDs and values.
const (
	ChangeSubscriber ChangeKind = "subscriber" // ID: the subscriber's; Value: a Subscriber
	ChangeTeam       ChangeKind = "team"       // ID: the team's; Value: a Team
	ChangeAreas      ChangeKind = "areas"      // ID: a state's code; Value: its []areas.Municipality
	ChangeOptOut     ChangeKind = "optout"     // ID: OptOut.Key; Value: an OptOut
)

// A Change sets or removes one thing of the directory. The durable store keeps the history of
// changes; the directory is what they add up to. Value is JSON.
type Change = alerting.Change

// Put returns the change that stores the subscriber.
func (s *Subscriber) Put() Change { return put(ChangeSubscriber, s.ID, s) }

// Put returns the change that stores the team.
func (t *Team) Put() Change { return put(ChangeTeam, t.ID, t) }

// Put returns the change that stores the opt-out.
func (o OptOut) Put() Change { return put(ChangeOptOut, o.Key(), o) }

// PutAreas returns the change that replaces a state's municipalities.
func PutAreas(s areas.State) Change { return put(ChangeAreas, s.Code, s.Municipalities) }

// Remove returns the change that removes what is kept under the kind and the id.
func Remove(kind ChangeKind, id string) Change { return Change{Kind: kind, ID: id} }

func put(kind ChangeKind, id string, value any) Change {
	raw, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("%s %q: %v", kind, id, err)) // strings, lists and times only: it can't
	}
	return Change{Kind: kind, ID: id, Value: raw}
}

// A decoded is a change whose value has been read: at most one of the pointers is set, none where
// the change removes.
type decoded struct {
	Change
	subscriber *Subscriber
	team       *Team
	optOut     *OptOut
	rows       []areas.Municipality
}

// decode reads a change's value, and checks what the index relies on.
func decode(c Change) (decoded, error) {
	d := decoded{Change: c}
	into, known := any(nil), true
	switch c.Kind {
	case ChangeSubscriber:
		d.subscriber = &Subscriber{}
		into = d.subscriber
	case ChangeTeam:
		d.team = &Team{}
		into = d.team
	case ChangeOptOut:
		d.optOut = &OptOut{}
		into = d.optOut
	case ChangeAreas:
		into = &d.rows
	default:
		known = false
	}
	switch {
	case !known:
		return d, alerting.Errorf(alerting.CodeInvalid, "a change has the kind %q, which is not known", c.Kind)
	case c.Value == nil:
		return decoded{Change: c}, nil
	}
	if err := json.Unmarshal(c.Value, into); err != nil {
		return d, alerting.Errorf(alerting.CodeMalformed, "%s %q can't be read: %v", c.Kind, c.ID, err)
	}
	return d, d.check()
}

func (d decoded) check() error {
	id := d.ID
	switch d.Kind {
	case ChangeSubscriber:
		id = d.subscriber.ID
		if err := d.checkAreas(); err != nil {
			return err
		}
	case ChangeTeam:
		id = d.team.ID
	case ChangeOptOut:
		id = d.optOut.Key()
	case ChangeAreas:
		if _, ok := alerting.StateByCode(d.ID); !ok {
			return alerting.Errorf(alerting.CodeInvalid, "areas %q: no such state", d.ID)
		}
	}
	if id != d.ID {
		return alerting.Errorf(alerting.CodeInvalid, "%s %q holds the id %q", d.Kind, d.ID, id)
	}
	return nil
}

// checkAreas brings the areas into the form that the index looks up, each once.
func (d decoded) checkAreas() error {
	given := d.subscriber.Areas
	d.subscriber.Areas = given[:0]
	for _, name := range given {
		area, err := alerting.ParseArea(string(name))
		if err != nil {
			return alerting.Errorf(alerting.CodeUnknownArea, "subscriber %q: %v", d.ID, err)
		}
		if !slices.Contains(d.subscriber.Areas, area) {
			d.subscriber.Areas = append(d.subscriber.Areas, area)
		}
	}
	return nil
}
