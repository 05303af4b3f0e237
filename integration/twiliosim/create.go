package twiliosim

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf16"
)

var e164 = regexp.MustCompile(`^\+[1-9]\d{6,14}$`)

const maxBody = 1600 // UTF-16 units; https://www.twilio.com/docs/errors/21617

// create is POST Messages.json.
func (s *Server) create(w http.ResponseWriter, r *http.Request) {
	s.counts.creates.Add(1)
	if err := r.ParseForm(); err != nil {
		bad(20001, "The form can't be read").answer(w)
		return
	}
	b := s.knobs.next(r.PostForm.Get("To"))
	if !s.wait(r.Context(), b.Latency) {
		return
	}
	switch {
	case b.Fault == CutBefore:
		panic(http.ErrAbortHandler) // net/http closes the connection without an answer
	case b.Fault == HangBefore:
		s.hang(r)
		panic(http.ErrAbortHandler)
	case b.Answer != nil && !b.Answer.Accept:
		b.Answer.write(w)
		return
	case !s.authorized(r):
		unauthorized.answer(w)
		return
	}
	m, refusal := s.read(r.PostForm, b)
	if refusal != nil {
		refusal.answer(w)
		return
	}
	m, ok := s.take(m, b)
	if !ok {
		tooMany.answer(w)
		return
	}
	if s.wait(r.Context(), b.AnswerDelay) {
		s.answerCreated(w, r, m, b)
	}
}

// take makes a message the server's own. It reports false when there is no room.
func (s *Server) take(m Message, b Behavior) (Message, bool) {
	if s.Forgetful {
		m = born(m)
	} else {
		var ok bool
		if m, ok = s.store.add(m); !ok {
			return Message{}, false
		}
	}
	if s.OnMessage != nil {
		s.OnMessage(m)
	}
	if !s.Forgetful && s.begin() {
		go func() {
			defer s.tasks.Done()
			s.progress(m, b)
		}()
	}
	return m, true
}

// answerCreated tells the caller of a message that was accepted, or breaks off as asked.
func (s *Server) answerCreated(w http.ResponseWriter, r *http.Request, m Message, b Behavior) {
	switch {
	case b.Fault == CutAfter:
		panic(http.ErrAbortHandler)
	case b.Fault == HangAfter:
		s.hang(r)
		panic(http.ErrAbortHandler)
	case b.Fault == EmptyAnswer:
		w.WriteHeader(http.StatusOK)
	case b.Fault == CutAnswer:
		raw, _ := json.Marshal(s.resource(m)) // strings and integers always marshal
		w.Header().Set("Content-Length", strconv.Itoa(len(raw)))
		w.WriteHeader(http.StatusCreated)
		w.Write(raw[:len(raw)/2])             //nolint:errcheck // It is to be cut anyway.
		http.NewResponseController(w).Flush() //nolint:errcheck // So is this.
		panic(http.ErrAbortHandler)
	case b.Answer != nil:
		b.Answer.write(w)
	default:
		answerJSON(w, http.StatusCreated, s.resource(m))
	}
}

// hang keeps the caller waiting until it gives up, or the server stops.
func (s *Server) hang(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-s.running.Done():
	}
}

// read judges the parameters in the order in which Twilio does.
func (s *Server) read(form url.Values, b Behavior) (Message, *restError) {
	m := Message{
		To: form.Get("To"), From: form.Get("From"), Body: form.Get("Body"),
		Service: form.Get("MessagingServiceSid"), StatusCallback: form.Get("StatusCallback"),
		Direction: outboundAPI, Status: "queued",
	}
	switch {
	case m.To == "":
		return m, bad(21604, "A 'To' phone number is required.")
	case !e164.MatchString(m.To):
		return m, bad(21211, "The 'To' number %s is not a valid phone number.", m.To)
	case m.Body == "":
		return m, bad(21602, "Message body is required.")
	case len(utf16.Encode([]rune(m.Body))) > maxBody:
		return m, bad(21617, "The concatenated message body exceeds the 1600 character limit.")
	case m.From == "" && m.Service == "":
		return m, bad(21603, "A 'From' phone number is required.")
	case m.Service != "" && !slices.Contains(s.MessagingServices, m.Service):
		return m, bad(21701, "The Messaging Service %s does not exist.", m.Service)
	case m.From == "":
		m.From = s.Numbers[0]
	}
	if s.Trial {
		m.Body = "Sent from your Twilio trial account - " + m.Body
	}
	return m, s.judge(&m, form, b)
}

// judge checks what depends on the account and on the person.
func (s *Server) judge(m *Message, form url.Values, b Behavior) *restError {
	if !slices.Contains(s.Numbers, m.From) {
		return bad(21606, "The 'From' phone number %s is not a valid, message-capable Twilio phone number.", m.From)
	}
	if given := form.Get("ValidityPeriod"); given != "" {
		seconds, err := strconv.Atoi(given)
		if err != nil || seconds < 1 || seconds > 36000 {
			return bad(21624, "The validity period %s is not from 1 to 36000.", given)
		}
		m.ValidityPeriod = seconds
	}
	if m.StatusCallback != "" {
		if u, err := url.Parse(m.StatusCallback); err != nil || u.Host == "" {
			return bad(21609, "The StatusCallback URL %s is not a valid URL.", m.StatusCallback)
		}
	}
	switch {
	case s.store.isOptedOut(pair{m.From, m.To}):
		return bad(21610, "Attempt to send to unsubscribed recipient")
	case b.Landline:
		return bad(21614, "'To' number: %s, is not a valid mobile number", m.To)
	}
	return nil
}
