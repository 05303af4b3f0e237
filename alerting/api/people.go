package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"revere/alerting/access"
	"revere/alerting/tracking"
)

type peopleQuery struct {
	AlertName
	Paging
	Accept     string `header:"Accept" hidden:"true"`
	Unanswered bool   `query:"unanswered" doc:"Only those who have not answered: whom to call."`
}

func (s *Server) peopleRoutes(r *Router) {
	Handle(r, access.Viewer, huma.Operation{
		OperationID: "list-people", Method: http.MethodGet, Path: "/api/v1/alerts/{id}/people", Tags: []string{"Alerts"}, Errors: notFound,
		Summary:   "The call sheet: everyone an alert goes to, how far it came and what they answered",
		Responses: r.Exports(Page[tracking.PersonView]{}, "text/csv"),
	}, func(ctx context.Context, _ access.Token, in *peopleQuery) (*huma.StreamResponse, error) {
		key, err := s.find(ctx, &in.AlertName)
		if err != nil {
			return nil, err
		}
		match := func(p tracking.PersonView) bool { return !in.Unanswered || p.Answer == nil }
		read := func(from, limit int) ([]tracking.PersonView, int) { return s.Board.People(key, from, limit, match) }
		if Accepts(in.Accept, "text/csv") {
			return Stream("text/csv; charset=utf-8", string(key)+"-people.csv", sheet(personColumns, personRow, read)), nil
		}
		return paged(in.Paging, read)
	})
}

var personColumns = []string{
	"subscriber", "name", "organization", "areas", "reached", "delivered", "gap", "contacts",
	"answered_at", "response", "label", "via", "by", "note",
}

func personRow(p tracking.PersonView) []string {
	contacts := make([]string, len(p.Contacts))
	for i, c := range p.Contacts {
		state := c.State.String()
		if c.Reserve {
			state = "in reserve"
		}
		contacts[i] = c.Channel + " " + c.Address + " (" + state + ")"
	}
	row := []string{
		p.Subscriber, prose(p.Name), prose(p.Organization), spaced(p.Areas),
		strconv.FormatBool(p.Reached), strconv.FormatBool(p.Delivered), strconv.FormatBool(p.Gap), strings.Join(contacts, "; "),
	}
	if a := p.Answer; a != nil {
		return append(row, stamp(a.At), response(a), prose(a.Label), string(a.Via), prose(a.By), prose(a.Note))
	}
	return append(row, "", "", "", "", "", "")
}

// response is the key of an answer; "ack" for a plain one.
func response(a *tracking.AnswerView) string {
	if a.Response == "" {
		return "ack"
	}
	return a.Response
}
