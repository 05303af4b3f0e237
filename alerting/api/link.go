package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"revere/alerting"
	"revere/alerting/replies"
	"revere/alerting/tracking"
)

// maxAnswerBytes bounds the form of an acknowledgement page.
const maxAnswerBytes = 16 << 10

// An answerForm is what a POST to a link says.
type answerForm struct {
	Response string `json:"response"`
	Note     string `json:"note"`
}

// A LinkAnswer is what a link answers to a program.
type LinkAnswer struct {
	Sequence uint64              `json:"sequence,omitempty" doc:"Absent where the same answer was on record before."`
	Answer   tracking.AnswerView `json:"answer"`
}

// linkRoutes adds the page of acknowledgement links. GET only shows, since mail scanners follow
// links; POST acknowledges. The token is the secret: a POST from another site proves no less.
func (s *Server) linkRoutes(mux *http.ServeMux, r *Router) {
	mux.HandleFunc("GET /a/{token}", s.showLink)
	mux.HandleFunc("POST /a/{token}", s.answerLink)
	token := []*huma.Param{{Name: "token", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}}}
	html := map[string]*huma.MediaType{"text/html": {Schema: &huma.Schema{Type: huma.TypeString}}}
	pages := map[string]*huma.Response{
		"200": {Description: "The page", Content: html}, "404": {Description: "Not a link of ours", Content: html},
		"410": {Description: "Withdrawn, replaced or expired", Content: html},
	}
	r.describe(&huma.Operation{
		OperationID: "show-link", Method: http.MethodGet, Path: "/a/{token}", Tags: []string{"Acknowledgement links"},
		Summary: "Show the page of an acknowledgement link; records nothing", Parameters: token, Responses: pages,
	})
	r.describe(&huma.Operation{
		OperationID: "answer-link", Method: http.MethodPost, Path: "/a/{token}", Tags: []string{"Acknowledgement links"},
		Summary: "Acknowledge by link", Description: "Takes the page's form, or JSON, which is answered in JSON.", Parameters: token, Responses: pages,
		RequestBody: &huma.RequestBody{Content: r.content(answerForm{})},
	})
}

func (s *Server) showLink(w http.ResponseWriter, r *http.Request) {
	place, err := s.Answers.Place(r.PathValue("token"))
	if err != nil {
		s.refuseLink(w, err)
		return
	}
	s.writePage(w, statusOfPhase(place.Phase), s.linkPage(place))
}

func (s *Server) answerLink(w http.ResponseWriter, r *http.Request) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	program := kind == "application/json"
	answer, err := s.answerByLink(w, r, program)
	switch {
	case err != nil && program:
		s.told(r, err).write(w)
	case err != nil:
		s.refuseAnswer(w, r, err)
	case program:
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_ = json.NewEncoder(w).Encode(answer) // the answer is on record, whoever still listens
	default:
		place, err := s.Answers.Place(r.PathValue("token"))
		if err != nil {
			s.refuseLink(w, err)
			return
		}
		s.writePage(w, http.StatusOK, s.linkPage(place))
	}
}

// answerByLink records the answer, unless the very same is on record: a second tap is no news. One after a
// reaction is: the reaction may be taken back.
func (s *Server) answerByLink(w http.ResponseWriter, r *http.Request, program bool) (LinkAnswer, error) {
	token := r.PathValue("token")
	place, err := s.Answers.Place(token)
	if err != nil {
		return LinkAnswer{}, err
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxAnswerBytes)
	form, err := readAnswer(r, program)
	if err != nil {
		return LinkAnswer{}, err
	}
	if place.Phase == tracking.Open && place.Firm && place.Answered.Response == form.Response && form.Note == "" {
		return LinkAnswer{Answer: *place.Answered}, nil
	}
	ctx := context.WithoutCancel(r.Context())
	sequence, err := s.Answers.ForLink(ctx, token, replies.Statement{Response: form.Response, Note: form.Note})
	if err != nil {
		return LinkAnswer{}, err
	}
	done := LinkAnswer{Sequence: sequence}
	if place, err := s.Answers.Place(token); err == nil && place.Answered != nil {
		done.Answer = *place.Answered
	}
	return done, nil
}

// readAnswer reads the page's form, or JSON. Nothing at all is a plain acknowledgement.
func readAnswer(r *http.Request, program bool) (form answerForm, err error) {
	if program {
		if err = json.NewDecoder(r.Body).Decode(&form); errors.Is(err, io.EOF) {
			err = nil
		}
	} else if err = r.ParseForm(); err == nil {
		form = answerForm{r.PostForm.Get("response"), r.PostForm.Get("note")}
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return form, alerting.Errorf(alerting.CodeOversized, "the answer is more than %d bytes; shorten the note", maxAnswerBytes)
	case err != nil:
		return form, alerting.Errorf(alerting.CodeMalformed, "the answer could not be read: it is neither the page's form nor JSON such as {\"response\": \"1\"}")
	}
	if form.Note = strings.TrimSpace(form.Note); strings.EqualFold(form.Response, "ack") {
		form.Response = ""
	}
	return form, nil
}

// refuseAnswer shows why an answer was not recorded: above the page again where there is one.
func (s *Server) refuseAnswer(w http.ResponseWriter, r *http.Request, err error) {
	place, lost := s.Answers.Place(r.PathValue("token"))
	if lost != nil {
		s.refuseLink(w, lost)
		return
	}
	p := s.told(r, err)
	page := s.linkPage(place)
	status := p.Status
	if page.Closed != "" {
		status = statusOfPhase(place.Phase)
	} else {
		page.Error = "Not recorded: " + sentences(p)
	}
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	s.writePage(w, status, page)
}

func (s *Server) refuseLink(w http.ResponseWriter, err error) {
	p, _ := ProblemOf(err)
	s.writePage(w, p.Status, linkPage{Closed: "This link is not valid", Advice: "Open it from the message again, or reply to the message instead.", Phone: s.DeskPhone})
}

func sentences(p *ProblemDocument) string {
	text := p.Detail
	for _, e := range p.Errors {
		text += "; " + e.Detail
	}
	return text + "."
}

// told is ProblemOf with a line in the log where the answer must not say what happened.
func (s *Server) told(r *http.Request, err error) *ProblemDocument {
	p, ok := ProblemOf(err)
	if !ok {
		s.Log.Error().Err(err).Str("route", routeOf(r)).Msg("request failed")
	}
	return p
}

// statusOfPhase is Gone for what can't be answered any more.
func statusOfPhase(phase tracking.Phase) int {
	if phase == tracking.Open {
		return http.StatusOK
	}
	return http.StatusGone
}
