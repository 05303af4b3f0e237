package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"revere/alerting"
	"revere/alerting/access"
	"revere/alerting/tracking"
)

// An AlertItem is an alert as it is listed: its summary without what is counted by channel, area and
// team.
type AlertItem struct {
	Key          alerting.Key   `json:"key"`
	Code         string         `json:"code"`
	Phase        tracking.Phase `json:"phase"`
	Alert        alerting.Alert `json:"alert"`
	Producer     string         `json:"producer"`
	Received     time.Time      `json:"received"`
	Opened       time.Time      `json:"opened"`
	ReplacedBy   alerting.Key   `json:"replaced_by,omitempty"`
	Corrects     []alerting.Key `json:"corrects,omitempty"`
	Sequence     uint64         `json:"sequence"`
	People       int            `json:"people"`
	Reached      int            `json:"reached"`
	Delivered    int            `json:"delivered"`
	Acknowledged int            `json:"acknowledged"`
	Finished     bool           `json:"finished"`
}

// An AlertName is the path of everything about one alert.
type AlertName struct {
	ID string `path:"id" doc:"The alert's key, or the producer's own id while only one alert has it."`
	Seen
}

type alertsQuery struct {
	Paging
	Seen
	Phase    string    `query:"phase" enum:"open,updated,canceled,expired"`
	Status   string    `query:"status" enum:"actual,exercise,system,test,draft"`
	Severity string    `query:"severity" enum:"extreme,severe,moderate,minor,unknown"`
	Area     string    `query:"area" doc:"Alerts that overlap this area."`
	Text     string    `query:"q" doc:"Alerts with this in their headline, event, code, key, id or sender."`
	Since    time.Time `query:"since" doc:"Alerts received at this time or later."`
}

func (s *Server) alertRoutes(r *Router) {
	Handle(r, access.Viewer, huma.Operation{
		OperationID: "list-alerts", Method: http.MethodGet, Path: "/api/v1/alerts", Tags: []string{"Alerts"}, Summary: "List alerts, the newest first",
	}, func(ctx context.Context, _ access.Token, in *alertsQuery) (*Body[Page[AlertItem]], error) {
		return Answer(s.listAlerts(ctx, in))
	})
	Handle(r, access.Viewer, huma.Operation{
		OperationID: "get-alert", Method: http.MethodGet, Path: "/api/v1/alerts/{id}", Tags: []string{"Alerts"}, Errors: notFound,
		Summary: "Show one alert, counted by state, channel, area and response",
	}, func(ctx context.Context, _ access.Token, in *AlertName) (*Body[tracking.Summary], error) {
		key, err := s.find(ctx, in)
		if err != nil {
			return nil, err
		}
		summary, _ := s.Board.Summary(key)
		return Answer(summary, nil)
	})
}

// notFound are the statuses of operations on one thing.
var notFound = []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity}

// find waits for what the caller has seen, and returns the alert that the path means.
func (s *Server) find(ctx context.Context, in *AlertName) (alerting.Key, error) {
	if err := in.Await(ctx, s.Board.Wait); err != nil {
		return "", err
	}
	return s.Board.Find(in.ID)
}

// listAlerts pages by key: the cursor is the last one of the page before, and alerts that come in
// between pages come before it.
func (s *Server) listAlerts(ctx context.Context, in *alertsQuery) (Page[AlertItem], error) {
	if err := in.Await(ctx, s.Board.Wait); err != nil {
		return Page[AlertItem]{}, err
	}
	match, err := s.alertFilter(in)
	if err != nil {
		return Page[AlertItem]{}, err
	}
	begun, more := in.Cursor == "", false
	var heads []tracking.Summary
	s.Board.Keys(func(head tracking.Summary) bool {
		switch {
		case !begun:
			begun = string(head.Key) == in.Cursor
		case more || !match(head):
		case len(heads) == in.Limit:
			more = true
		default:
			heads = append(heads, head)
		}
		return false
	})
	if !begun {
		return Page[AlertItem]{}, badCursor(in.Cursor)
	}
	next := ""
	if more {
		next = string(heads[len(heads)-1].Key)
	}
	items := make([]AlertItem, len(heads))
	for i, head := range heads {
		items[i] = item(head)
	}
	return NewPage(items, next), nil
}

func badCursor(cursor string) error {
	return alerting.Errorf(alerting.CodeInvalid, "the cursor %q is not one that a page of this list gave; begin without one", cursor)
}

func item(head tracking.Summary) AlertItem {
	return AlertItem{
		Key: head.Key, Code: head.Code, Phase: head.Phase, Alert: head.Alert, Producer: head.Producer, Received: head.Received, Opened: head.Opened,
		ReplacedBy: head.ReplacedBy, Corrects: head.Corrects, Sequence: head.Sequence,
		People: head.People, Reached: head.Reached, Delivered: head.Delivered, Acknowledged: head.Acknowledged, Finished: head.Finished,
	}
}

// alertFilter returns what tells whether an alert is asked for.
func (s *Server) alertFilter(in *alertsQuery) (func(tracking.Summary) bool, error) {
	var area alerting.Area
	if in.Area != "" {
		var err error
		if area, _, err = s.Atlas.Resolve(in.Area); err != nil {
			return nil, err
		}
	}
	text := strings.ToLower(in.Text)
	return func(head tracking.Summary) bool {
		a := &head.Alert
		return (in.Phase == "" || string(head.Phase) == in.Phase) &&
			(in.Status == "" || string(a.Status) == in.Status) &&
			(in.Severity == "" || string(a.Severity) == in.Severity) &&
			(in.Since.IsZero() || !head.Received.Before(in.Since)) &&
			(area == "" || slices.ContainsFunc(a.Areas, func(b alerting.Area) bool { return s.Atlas.Overlaps(area, b) })) &&
			(text == "" || mentions(text, a.Headline, a.Event, head.Code, string(head.Key), a.ID, a.Sender))
	}, nil
}

// mentions reports whether one of the fields has a lower-case text in it.
func mentions(text string, fields ...string) bool {
	return slices.ContainsFunc(fields, func(f string) bool { return strings.Contains(strings.ToLower(f), text) })
}
