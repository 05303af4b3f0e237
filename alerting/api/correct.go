package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"revere/alerting"
	"revere/alerting/access"
	"revere/alerting/fanout"
	"revere/alerting/tracking"
)

// A correction is a request to update or cancel the alert in the path.
type correction struct {
	ID string `path:"id" doc:"The alert's key, or the producer's own id while only one alert has it."`
	Publication
}

func (s *Server) correctionRoutes(r *Router) {
	for kind, summary := range map[alerting.MessageType]string{alerting.TypeUpdate: "Replace an alert by an update", alerting.TypeCancel: "Withdraw an alert"} {
		HandleRaw(r, access.Producer, r.publishes(huma.Operation{
			OperationID: string(kind) + "-alert", Method: http.MethodPost, Path: "/api/v1/alerts/{id}/" + string(kind), Tags: []string{"Alerts"},
			Summary:     summary,
			Description: "The body holds the fields that differ from the alert's own. Everyone to whom the alert was attempted is told, and what is unsent of it is stopped.",
		}), r.alertBody(false), func(ctx context.Context, caller access.Token, in *correction) (*published, error) {
			return s.correct(ctx, caller, kind, in)
		})
	}
}

func (s *Server) correct(ctx context.Context, caller access.Token, kind alerting.MessageType, in *correction) (*published, error) {
	key, err := s.Board.Find(in.ID)
	if err != nil {
		return nil, err
	}
	// Asked first: whoever may not correct an alert learns nothing more of it.
	if err := s.mayCorrect(caller, key); err != nil {
		return nil, err
	}
	if in.DryRun {
		body, err := s.Publish.Correction(key, kind, in.RawBody)
		if err != nil {
			return nil, err
		}
		return s.dryRun(caller, body)
	}
	route := "/api/v1/alerts/" + string(key) + "/" + string(kind)
	return s.once(ctx, caller, route, &in.Publication, func(ctx context.Context, id string) (Published, error) {
		if done, ok := s.correctedBefore(caller, key, id); ok {
			return done, nil
		}
		body, err := s.Publish.Correction(key, kind, in.RawBody)
		if err != nil {
			return Published{}, err
		}
		return s.publish(ctx, caller, withID(body, id))
	})
}

// correctedBefore finds the correction that an earlier request with the same Idempotency-Key made
// before its process died: written anew it would be refused, since its alert is withdrawn by now.
func (s *Server) correctedBefore(caller access.Token, key alerting.Key, id string) (Published, bool) {
	original, ok := s.Board.Opened(key)
	if !ok || id == "" {
		return Published{}, false
	}
	identity := alerting.Identity{Producer: caller.Name, Sender: original.Alert.Sender, ID: id}.Hash()
	opened, made, _, ok := s.Board.Known(identity)
	if !ok {
		return Published{}, false
	}
	head, _ := s.Board.Head(made)
	var warnings []alerting.Problem
	if !head.Expanded {
		warnings = append(warnings, fanout.Unexpanded(s.Board, made))
	}
	return Published{
		ID: opened.Alert.ID, Key: made, Code: opened.Code, Areas: opened.Alert.Areas, StatusURL: s.statusURL(made),
		Sequence: head.Sequence, Verdict: alerting.VerdictAccepted, Repeated: true, Warnings: s.warn(warnings),
	}, true
}

// mayCorrect says why the caller may not correct an alert: it must be allowed to address all of its
// areas, and those of what is corrected with it.
func (s *Server) mayCorrect(caller access.Token, key alerting.Key) error {
	for _, k := range s.chain(key) {
		opened, _ := s.Board.Opened(k)
		for _, area := range opened.Alert.Areas {
			if !caller.MayAddress(s.Atlas, area) {
				return alerting.Errorf(alerting.CodeForbidden, "the token %s may not address %q, which alert %s concerns; only who may address all of an alert's areas may correct it", caller.Name, area, k)
			}
		}
	}
	return nil
}

// chain is an alert with the updates that have replaced it, and with what all of these replaced
// themselves: a correction of one goes to everyone who holds one of them.
func (s *Server) chain(key alerting.Key) []alerting.Key {
	var keys []alerting.Key
	for key != "" && !slices.Contains(keys, key) {
		keys = append(keys, key)
		head, _ := s.Board.Head(key)
		key = head.ReplacedBy
	}
	return s.Board.WithReplaced(keys)
}

// corrected finds what a correction refers to, as the router will, and says why the caller may not
// correct it. Whatever the router alone can judge is left to it.
func (s *Server) corrected(caller access.Token, alert alerting.Alert) ([]alerting.Key, error) {
	var problems alerting.Problems
	var keys []alerting.Key
	for i, reference := range alert.References {
		at := "/references/" + strconv.Itoa(i)
		key, err := s.reference(caller, alert, reference)
		if err != nil {
			problems.Add(at, alerting.CodeReference, "%s", err.Error())
			continue
		}
		if err := s.mayCorrect(caller, key); err != nil {
			problems.Add(at, alerting.CodeForbidden, "%s", err.Error())
			continue
		}
		keys = append(keys, s.chain(key)...)
	}
	return keys, problems.Err("the correction was refused")
}

// reference reads one reference in the forms that fanout takes: the producer's own id, CAP's
// "sender,identifier,sent", or a key.
func (s *Server) reference(caller access.Token, alert alerting.Alert, reference string) (alerting.Key, error) {
	sender, id := alert.Sender, reference
	if parts := strings.Split(reference, ","); len(parts) == 3 {
		sender, id = parts[0], parts[1]
	}
	if _, key, _, ok := s.Board.Known(alerting.Identity{Producer: caller.Name, Sender: sender, ID: id}.Hash()); ok {
		return key, nil
	}
	return s.Board.Find(id)
}

// preview shows whom an alert would reach; a correction goes to those to whom the alert that it
// corrects was attempted.
func (s *Server) preview(caller access.Token, alert alerting.Alert) (fanout.Preview, error) {
	previewer := s.Preview
	if alert.Type.Corrects() {
		keys, err := s.corrected(caller, alert)
		if err != nil {
			return fanout.Preview{}, err
		}
		had, err := s.addressed(keys)
		if err != nil {
			return fanout.Preview{}, err
		}
		previewer.Audience = corrections{had: had, concerned: s.Preview.Audience, widens: alert.Type == alerting.TypeUpdate}
	}
	return previewer.Preview(alert), nil
}

// addressed lists those to whom alerts were attempted, alert by alert.
func (s *Server) addressed(keys []alerting.Key) (all []tracking.Addressed, err error) {
	for _, key := range keys {
		had, err := s.Board.Addressed(key)
		if err != nil {
			return nil, alerting.Errorf(alerting.CodeUnavailable, "the people of %s can't be read now: %v", key, err)
		}
		all = append(all, had...)
	}
	return all, nil
}

// corrections is the audience of a correction.
type corrections struct {
	had       []tracking.Addressed // what it corrects, alert by alert
	concerned alerting.Audience
	widens    bool // an update also reaches those whom it concerns now
}

// Match implements alerting.Audience.
func (c corrections) Match(areas []alerting.Area, severity alerting.Severity, categories []string) (found alerting.Candidates, uncovered []alerting.Area, revision uint64) {
	place := map[string]int{}
	for _, x := range c.had {
		i, known := place[x.Recipient.Subscriber]
		if !known {
			i = len(found.Recipients)
			place[x.Recipient.Subscriber] = i
			found.Add(x.Recipient, nil)
		}
		found.Contacts[i] = append(found.Contacts[i], x.Attempted...)
	}
	if !c.widens {
		return found, nil, 0
	}
	others, uncovered, revision := c.concerned.Match(areas, severity, categories)
	for i, other := range others.Recipients {
		if _, known := place[other.Subscriber]; !known {
			found.Add(other, others.Contacts[i])
		}
	}
	return found, uncovered, revision
}
