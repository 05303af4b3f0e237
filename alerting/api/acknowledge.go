package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"revere/alerting"
	"revere/alerting/access"
	"revere/alerting/replies"
	"revere/alerting/tracking"
)

// An acknowledgement is an answer that somebody enters for a person.
type acknowledgement struct {
	ID   string `path:"id" doc:"The alert's key, or the producer's own id while only one alert has it."`
	Body struct {
		Subscriber string `json:"subscriber" minLength:"1" doc:"Whose answer it is."`
		Response   string `json:"response,omitempty" doc:"The key of one of the alert's responses; absent or ack for a plain acknowledgement."`
		Note       string `json:"note,omitempty" maxLength:"500"`
		Via        string `json:"via,omitempty" enum:"api,cli" default:"api" doc:"By which program it came."`
	}
}

// An Acknowledged is the answer as it is on record.
type Acknowledged struct {
	Sequence uint64              `json:"sequence"`
	Answer   tracking.AnswerView `json:"answer"`
}

func (s *Server) acknowledgementRoutes(r *Router) {
	Handle(r, access.Producer, huma.Operation{
		OperationID: "acknowledge-alert", Method: http.MethodPost, Path: "/api/v1/alerts/{id}/acknowledgements", Tags: []string{"Alerts"},
		Summary: "Record a person's answer", DefaultStatus: http.StatusCreated, Errors: notFound, MaxBodyBytes: 64 << 10,
	}, func(ctx context.Context, caller access.Token, in *acknowledgement) (*Body[Acknowledged], error) {
		return Answer(s.acknowledge(ctx, caller, in))
	})
}

func (s *Server) acknowledge(ctx context.Context, caller access.Token, in *acknowledgement) (Acknowledged, error) {
	key, err := s.Board.Find(in.ID)
	if err != nil {
		return Acknowledged{}, err
	}
	if err := s.mayAnswerFor(caller, key, in.Body.Subscriber); err != nil {
		return Acknowledged{}, err
	}
	sequence, err := s.Answers.ForPerson(context.WithoutCancel(ctx), key, in.Body.Subscriber, replies.Statement{
		Response: in.Body.Response, Note: in.Body.Note, Via: alerting.Via(in.Body.Via), By: caller.Name,
	})
	if err != nil {
		return Acknowledged{}, err
	}
	done := Acknowledged{Sequence: sequence}
	if person, ok := s.Board.PersonOf(key, in.Body.Subscriber); ok && person.Answered != nil {
		done.Answer = *person.Answered
	}
	return done, nil
}

// mayAnswerFor says why the caller may not answer for a person: it must be allowed to address all
// that the alert concerns, or all that the person answers for.
func (s *Server) mayAnswerFor(caller access.Token, key alerting.Key, subscriber string) error {
	mine := func(areas []alerting.Area) bool {
		return !slices.ContainsFunc(areas, func(a alerting.Area) bool { return !caller.MayAddress(s.Atlas, a) })
	}
	if opened, _ := s.Board.Opened(key); mine(opened.Alert.Areas) {
		return nil
	}
	if person, ok := s.Board.PersonOf(key, subscriber); ok {
		views, _ := s.Board.People(key, int(person.Recipient), 1, nil)
		if len(views) == 1 && mine(views[0].Areas) {
			return nil
		}
	}
	return alerting.Errorf(alerting.CodeForbidden, "the token %s may not address the areas of alert %s, nor those of subscriber %q, and so can't answer for them", caller.Name, key, subscriber)
}
