package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"revere/alerting"
	"revere/alerting/access"
	"revere/alerting/fanout"
)

// A kept request is what is remembered under an Idempotency-Key.
type kept struct {
	Request string     `json:"request"` // hash of the route and the body
	Started time.Time  `json:"started"`
	Answer  *Published `json:"answer,omitempty"` // nil while it is in flight
}

// inFlight is how long a request without an answer counts as being worked on: longer than any is.
const inFlight = time.Minute

// once runs publish once for an Idempotency-Key, and gives the same answer to every repeat. It
// passes publish the id of an alert that has none of its own: derived from the key, so that when a
// process died in the middle the repeat is the same alert.
func (s *Server) once(ctx context.Context, caller access.Token, route string, in *Publication, publish func(ctx context.Context, id string) (Published, error)) (*published, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), publishTime)
	defer cancel()
	if in.Key == "" {
		answer, err := publish(ctx, "")
		if err != nil {
			return nil, err
		}
		return accepted(answer, ""), nil
	}
	key := digest(caller.ID, in.Key)
	before, err := s.claim(ctx, key, digest(route, string(in.RawBody)))
	if err != nil {
		return nil, err
	}
	if before != nil {
		return accepted(s.settled(*before), "true"), nil
	}
	answer, err := publish(ctx, "i-"+key[:32])
	if err != nil {
		// The id makes a repeat safe even where nobody can say whether the alert was stored.
		if forget := s.Keys.Forget(ctx, key); forget != nil {
			s.Log.Warn().Err(forget).Msg("an idempotency key could not be freed; it is after a minute")
		}
		return nil, err
	}
	if err := s.keep(ctx, key, kept{Request: digest(route, string(in.RawBody)), Started: s.Now(), Answer: &answer}); err != nil {
		s.Log.Warn().Err(err).Str("alert", string(answer.Key)).Msg("the answer to an idempotency key could not be kept; a repeat is the same alert all the same")
	}
	return accepted(answer, ""), nil
}

// settled adds to an answer that was given before the verdict what is known since.
func (s *Server) settled(p Published) Published {
	if opened, ok := s.Board.Opened(p.Key); ok && p.Verdict == fanout.VerdictPending {
		head, _ := s.Board.Head(p.Key)
		p.ID, p.Code, p.Areas, p.Sequence, p.Verdict = opened.Alert.ID, opened.Code, opened.Alert.Areas, head.Sequence, alerting.VerdictAccepted
	}
	return p
}

func accepted(p Published, replay string) *published {
	return &published{Status: http.StatusAccepted, Replay: replay, Body: p}
}

// claim takes the key for a request, or returns what was answered to it before.
func (s *Server) claim(ctx context.Context, key, request string) (before *Published, err error) {
	mine := kept{Request: request, Started: s.Now()}
	value, err := json.Marshal(mine)
	if err != nil {
		return nil, err
	}
	found, first, err := s.Keys.Remember(ctx, key, value)
	switch {
	case err != nil:
		return nil, alerting.Errorf(alerting.CodeUnavailable, "the idempotency key could not be kept, nothing was published; try again")
	case first:
		return nil, nil
	}
	var earlier kept
	if err := json.Unmarshal(found, &earlier); err != nil {
		return nil, err
	}
	switch {
	case earlier.Request != request:
		return nil, newProblem(CodeIdempotency, "this Idempotency-Key came with another request before; use a new key for a new alert", nil)
	case earlier.Answer != nil:
		return earlier.Answer, nil
	case s.Now().Sub(earlier.Started) < inFlight:
		return nil, alerting.Errorf(alerting.CodeInFlight, "the request with this Idempotency-Key is being worked on; ask again for its answer")
	}
	return nil, s.keep(ctx, key, mine) // whoever worked on it is gone
}

func (s *Server) keep(ctx context.Context, key string, value kept) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return s.Keys.Revise(ctx, key, data)
}

// digest hashes parts so that no two lists of them look alike.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		sum := sha256.Sum256([]byte(p))
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// withID gives an alert an id where its body has none. What is no JSON object is left for the
// decoder to refuse.
func withID(body []byte, id string) []byte {
	var fields map[string]json.RawMessage
	if id == "" || len(body) > alerting.MaxAlertBytes || json.Unmarshal(body, &fields) != nil || fields == nil {
		return body
	}
	if own, ok := fields["id"]; ok {
		var given *string
		if json.Unmarshal(own, &given) != nil || (given != nil && strings.TrimSpace(*given) != "") {
			return body
		}
	}
	if _, blank := fields["id"]; !blank && len(fields) > 0 {
		// Spliced in, so that a field which stands twice is still there to be refused.
		return bytes.Replace(body, []byte("{"), []byte(`{"id":"`+id+`",`), 1)
	}
	fields["id"] = json.RawMessage(`"` + id + `"`)
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(fields) != nil {
		return body
	}
	return out.Bytes()
}
