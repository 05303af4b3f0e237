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

// A decoded is a change's value that has been read: at most one of the fields is set, none where the
// change removes.
type decoded struct {
	subscriber *packed
	team       *Team
	optOut     *OptOut
	rows       []areas.Municipality
}

// text is what a subscriber keeps as one string; none of another value.
func (d decoded) text() string {
	if d.subscriber == nil {
		return ""
	}
	return d.subscriber.text
}

// decode reads a change's value, and checks what the index relies on.
func decode(c Change) (d decoded, err error) {
	id := c.ID
	switch c.Kind {
	case ChangeSubscriber:
		var s *Subscriber
		if s, err = valueOf[Subscriber](c); s != nil && err == nil {
			id = s.ID
			if err = s.normalAreas(); err != nil {
				return d, alerting.Errorf(alerting.CodeUnknownArea, "subscriber %q: %v", c.ID, err)
			}
			packed := pack(s)
			d.subscriber = &packed
		}
	case ChangeTeam:
		if d.team, err = valueOf[Team](c); d.team != nil {
			id = d.team.ID
		}
	case ChangeOptOut:
		if d.optOut, err = valueOf[OptOut](c); d.optOut != nil {
			id = d.optOut.Key()
		}
	case ChangeAreas:
		var rows *[]areas.Municipality
		if rows, err = valueOf[[]areas.Municipality](c); rows != nil {
			d.rows = *rows
			if _, ok := alerting.StateByCode(c.ID); !ok && err == nil {
				err = alerting.Errorf(alerting.CodeInvalid, "areas %q: no such state", c.ID)
			}
		}
	default:
		err = alerting.Errorf(alerting.CodeInvalid, "a change has the kind %q, which is not known", c.Kind)
	}
	if err == nil && id != c.ID {
		err = alerting.Errorf(alerting.CodeInvalid, "%s %q holds the id %q", c.Kind, c.ID, id)
	}
	return d, err
}

// valueOf reads a change's value; nil where it has none.
func valueOf[T any](c Change) (*T, error) {
	if c.Value == nil {
		return nil, nil
	}
	value := new(T)
	if err := json.Unmarshal(c.Value, value); err != nil {
		return nil, alerting.Errorf(alerting.CodeMalformed, "%s %q can't be read: %v", c.Kind, c.ID, err)
	}
	return value, nil
}

// normalAreas brings the areas into the form that the index looks up, each once.
func (s *Subscriber) normalAreas() error {
	given := s.Areas
	s.Areas = given[:0]
	for _, name := range given {
		area, err := alerting.ParseArea(string(name))
		if err != nil {
			return err
		}
		if !slices.Contains(s.Areas, area) {
			s.Areas = append(s.Areas, area)
		}
	}
	return nil
}
