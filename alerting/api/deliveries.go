package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"revere/alerting"
	"revere/alerting/access"
	"revere/alerting/tracking"
)

type deliveriesQuery struct {
	AlertName
	Paging
	Accept  string `header:"Accept" hidden:"true"`
	State   string `query:"state" doc:"Deliveries in this state."`
	Channel string `query:"channel" doc:"Deliveries on this channel."`
	Area    string `query:"area" doc:"Deliveries to people of this area's overlap."`
}

func (s *Server) deliveryRoutes(r *Router) {
	Handle(r, access.Viewer, huma.Operation{
		OperationID: "list-deliveries", Method: http.MethodGet, Path: "/api/v1/alerts/{id}/deliveries", Tags: []string{"Alerts"}, Errors: notFound,
		Summary:     "List an alert's deliveries with their state histories",
		Description: "JSON is paged; NDJSON and CSV hold all of them and can't be paged.",
		Responses:   r.Exports(Page[tracking.DeliveryView]{}, "application/x-ndjson", "text/csv"),
	}, func(ctx context.Context, _ access.Token, in *deliveriesQuery) (*huma.StreamResponse, error) {
		key, err := s.find(ctx, &in.AlertName)
		if err != nil {
			return nil, err
		}
		match, err := s.deliveryFilter(in)
		if err != nil {
			return nil, err
		}
		read := func(from, limit int) ([]tracking.DeliveryView, int) {
			return s.Board.Deliveries(key, from, limit, match)
		}
		switch {
		case Accepts(in.Accept, "application/x-ndjson"):
			return Stream("application/x-ndjson", "", ndjson(read)), nil
		case Accepts(in.Accept, "text/csv"):
			return Stream("text/csv; charset=utf-8", string(key)+"-deliveries.csv", sheet(deliveryColumns, deliveryRow, read)), nil
		}
		return paged(in.Paging, read)
	})
}

func (s *Server) deliveryFilter(in *deliveriesQuery) (func(tracking.DeliveryView) bool, error) {
	var state alerting.State
	if in.State != "" {
		if err := state.UnmarshalText([]byte(in.State)); err != nil {
			return nil, err
		}
	}
	var area alerting.Area
	if in.Area != "" {
		var err error
		if area, _, err = s.Atlas.Resolve(in.Area); err != nil {
			return nil, err
		}
	}
	return func(d tracking.DeliveryView) bool {
		return (in.State == "" || d.State == state) && (in.Channel == "" || d.Channel == in.Channel) &&
			(area == "" || slices.ContainsFunc(d.Areas, func(a alerting.Area) bool { return s.Atlas.Overlaps(area, a) }))
	}, nil
}

// A reader returns entries from an index on, and where to go on; -1 at the end.
type reader[T any] func(from, limit int) (entries []T, next int)

// paged answers one page of JSON. Entries are only ever added at the end: an index is a cursor that
// holds.
func paged[T any](in Paging, read reader[T]) (*huma.StreamResponse, error) {
	from := 0
	if in.Cursor != "" {
		var err error
		if from, err = strconv.Atoi(in.Cursor); err != nil || from < 0 {
			return nil, badCursor(in.Cursor)
		}
	}
	entries, next := read(from, in.Limit)
	cursor := ""
	if next >= 0 {
		cursor = strconv.Itoa(next)
	}
	return Stream("application/json", "", func(w io.Writer) error {
		return json.NewEncoder(w).Encode(NewPage(entries, cursor))
	}), nil
}

var deliveryColumns = []string{"id", "channel", "address", "state", "attempts", "subscribers", "names", "areas", "notice", "since", "code", "reason", "provider_id"}

func deliveryRow(d tracking.DeliveryView) []string {
	var last tracking.Entry
	if n := len(d.History); n > 0 {
		last = d.History[n-1]
	}
	return []string{
		d.ID.String(), d.Channel, d.Address, d.State.String(), strconv.Itoa(d.Attempts), strings.Join(d.Subscribers, " "), prose(strings.Join(d.Names, "; ")),
		spaced(d.Areas), string(d.Notice), stamp(last.At), last.Code, prose(last.Reason), last.ProviderID,
	}
}

func spaced(areas []alerting.Area) string {
	names := make([]string, len(areas))
	for i, a := range areas {
		names[i] = string(a)
	}
	return strings.Join(names, " ")
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}
