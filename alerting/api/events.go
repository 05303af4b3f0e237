package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"revere/alerting"
	"revere/alerting/access"
)

type eventsQuery struct {
	AlertName
	After uint64 `header:"Last-Event-ID" doc:"Go on behind this event; absent: from the alert's first."`
}

// heartbeat keeps the stream of a quiet alert open through proxies, and tells a client that it is.
const heartbeat = 15 * time.Second

func (s *Server) eventRoutes(r *Router) {
	Handle(r, access.Viewer, huma.Operation{
		OperationID: "follow-alert", Method: http.MethodGet, Path: "/api/v1/alerts/{id}/events", Tags: []string{"Alerts"}, Errors: notFound,
		Summary: "Follow an alert live, from its first record on",
		Description: "Server-sent events: one a message of the ledger. The id is its sequence, the event's name says what happened " +
			"(opened, manifest, activated, attempts, results, answers, notices, remarks, withdrawn, expired; several are joined by commas), the data is an Event. " +
			"Attempts that the system before a restore may have made are among the attempts of the event that made the message due, with the state unknown and the time in at; where there are thousands they come in several events, of which the last has the id. " +
			"A comment comes every 15 seconds. The stream ends when the client leaves or the process stops; go on with Last-Event-ID.",
		Responses: map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"text/event-stream": r.content(Event{})["application/json"]}}},
	}, s.events)
}

// A ledgerMessage is what one message of the ledger says about an alert.
type ledgerMessage struct {
	sequence uint64
	records  []alerting.Record
}

func (s *Server) events(ctx context.Context, _ access.Token, in *eventsQuery) (*huma.StreamResponse, error) {
	key, err := s.find(ctx, &in.AlertName)
	if err != nil {
		return nil, err
	}
	messages := make(chan ledgerMessage)
	after := max(in.After, max(s.Board.First(key), 1)-1) // nothing before the alert is about it
	_, err = s.Ledger.FollowLedger(ctx, after, func(sequence uint64, _ string, records []alerting.Record) {
		about := recordsOf(key, records)
		if len(about) == 0 {
			return
		}
		select {
		case messages <- ledgerMessage{sequence, about}:
		case <-ctx.Done():
		}
	})
	if err != nil {
		return nil, alerting.Errorf(alerting.CodeUnavailable, "the ledger can't be followed now; try again")
	}
	return &huma.StreamResponse{Body: func(hctx huma.Context) {
		_, w := humago.Unwrap(hctx)
		s.sendEvents(hctx.Context(), w, key, messages)
	}}, nil
}

func recordsOf(key alerting.Key, records []alerting.Record) []alerting.Record {
	var about []alerting.Record
	for _, r := range records {
		if r.Alert == key {
			about = append(about, r)
		}
	}
	return about
}

// sendEvents writes events until the client leaves or the process stops.
func (s *Server) sendEvents(ctx context.Context, w http.ResponseWriter, key alerting.Key, messages <-chan ledgerMessage) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would hold events back
	if !emit(w, ": following %s\nretry: 2000\n\n", key) {
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.Stopping:
			return
		case <-beat.C:
			if !emit(w, ": heartbeat\n\n") {
				return
			}
		case m := <-messages:
			// Names and addresses come from the board: it must have read what is told.
			if s.Board.Wait(ctx, m.sequence) != nil {
				return
			}
			if !s.tell(w, s.event(key, m)) {
				return
			}
		}
	}
}

// tell writes an event. Of one in several parts only the last has the id: whoever goes on behind an id has had all.
func (s *Server) tell(w http.ResponseWriter, event Event) bool {
	parts := event.parts()
	for i, part := range parts {
		data, err := json.Marshal(part)
		if err != nil {
			s.Log.Error().Err(err).Str("alert", string(event.Alert)).Msg("an event can't be written; the stream ends")
			return false
		}
		id := ""
		if i == len(parts)-1 {
			id = fmt.Sprintf("id: %d\n", event.Sequence)
		}
		if !emit(w, "%sevent: %s\ndata: %s\n\n", id, strings.Join(part.Kinds, ","), data) {
			return false
		}
	}
	return true
}

// emit writes one event and sends it off; false means that the client is gone.
func emit(w http.ResponseWriter, format string, args ...any) bool {
	unhurried(w)
	if _, err := fmt.Fprintf(w, format, args...); err != nil {
		return false
	}
	return http.NewResponseController(w).Flush() == nil
}
