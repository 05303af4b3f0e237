package directoryapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"revere/alerting"
	"revere/alerting/access"
	"revere/alerting/api"
	"revere/subscribers"
)

// A SubscriberView is a subscriber with its teams, and its contacts that want nothing more.
type SubscriberView struct {
	subscribers.Subscriber
	Teams    []string             `json:"teams" nullable:"false"`
	OptedOut []subscribers.OptOut `json:"opted_out,omitempty"`
}

// A SubscriberWritten is the answer to a PUT.
type SubscriberWritten struct {
	Sequence   uint64             `json:"sequence"`
	Subscriber SubscriberView     `json:"subscriber"`
	Warnings   []alerting.Problem `json:"warnings" nullable:"false"`
}

type subscribersQuery struct {
	api.Paging
	api.Seen
	Area string `query:"area" doc:"Those whom an alert for this area would reach, whatever its severity."`
	Text string `query:"q" doc:"Those with this in their id, name, organization or an address."`
}

type putSubscriber struct {
	Name
	RawBody []byte
}

func (d Room) subscriberRoutes(r *api.Router) {
	tags := []string{"Subscribers"}
	api.Handle(r, access.Viewer, huma.Operation{
		OperationID: "list-subscribers", Method: http.MethodGet, Path: "/api/v1/subscribers", Tags: tags, Summary: "List subscribers by id",
	}, func(ctx context.Context, _ access.Token, in *subscribersQuery) (*api.Body[api.Page[SubscriberView]], error) {
		return api.Answer(d.listSubscribers(ctx, in))
	})
	api.Handle(r, access.Viewer, huma.Operation{
		OperationID: "get-subscriber", Method: http.MethodGet, Path: "/api/v1/subscribers/{id}", Tags: tags, Summary: "Show one", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, _ access.Token, in *named) (*api.Body[SubscriberView], error) {
		if err := in.Await(ctx, d.Registry.Wait); err != nil {
			return nil, err
		}
		return api.Answer(d.subscriber(in.ID))
	})
	api.HandleRaw(r, access.Admin, huma.Operation{
		OperationID: "put-subscriber", Method: http.MethodPut, Path: "/api/v1/subscribers/{id}", Tags: tags, Summary: "Add or replace one",
		Description: "The body describes the subscriber entirely. teams, where given, are those that it belongs to, and no others.",
		Errors:      []int{http.StatusBadRequest, http.StatusUnprocessableEntity},
	}, jsonBody(r.Schema(SubscriberView{})), func(ctx context.Context, _ access.Token, in *putSubscriber) (*api.Body[SubscriberWritten], error) {
		return api.Answer(d.putSubscriber(ctx, in))
	})
	api.Handle(r, access.Admin, huma.Operation{
		OperationID: "delete-subscriber", Method: http.MethodDelete, Path: "/api/v1/subscribers/{id}", Tags: tags, Summary: "Remove one, from its teams too", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, _ access.Token, in *Name) (*api.Body[api.Written], error) {
		sequence, err := d.Registry.Edit(ctx, func() (changes []alerting.Change, err error) {
			d.Registry.Directory.Read(func(v *subscribers.View) { changes, err = v.RemoveSubscriber(in.ID) })
			return changes, err
		})
		return api.Answer(api.Written{Sequence: sequence}, err)
	})
}

func (d Room) listSubscribers(ctx context.Context, in *subscribersQuery) (api.Page[SubscriberView], error) {
	if err := in.Await(ctx, d.Registry.Wait); err != nil {
		return api.Page[SubscriberView]{}, err
	}
	query := subscribers.Query{Text: in.Text, After: in.Cursor, Limit: in.Limit}
	if in.Area != "" {
		var err error
		if query.Area, _, err = d.Registry.Directory.Atlas().Resolve(in.Area); err != nil {
			return api.Page[SubscriberView]{}, err
		}
	}
	var views []SubscriberView
	var next string
	d.Registry.Directory.Read(func(v *subscribers.View) {
		var page []*subscribers.Subscriber
		page, next = v.List(query)
		for _, s := range page {
			views = append(views, view(v, s))
		}
	})
	return api.NewPage(views, next), nil
}

func (d Room) subscriber(id string) (found SubscriberView, err error) {
	d.Registry.Directory.Read(func(v *subscribers.View) {
		s, ok := v.Subscriber(id)
		if !ok {
			err = noSuch("subscriber", id)
			return
		}
		found = view(v, s)
	})
	return found, err
}

func view(v *subscribers.View, s *subscribers.Subscriber) SubscriberView {
	shown := SubscriberView{Subscriber: *s, Teams: list(v.TeamsOf(s.ID))}
	for _, c := range s.Contacts {
		if o, ok := v.OptedOut(c.Channel, c.Address); ok {
			shown.OptedOut = append(shown.OptedOut, o)
		}
	}
	return shown
}

// putSubscriber is an import of one.
func (d Room) putSubscriber(ctx context.Context, in *putSubscriber) (SubscriberWritten, error) {
	file, err := fileOfOne(in.RawBody, in.ID)
	if err != nil {
		return SubscriberWritten{}, err
	}
	var plan subscribers.Plan
	sequence, err := d.Registry.Edit(ctx, func() ([]alerting.Change, error) {
		importer := subscribers.Importer{Directory: d.Registry.Directory, Validator: d.Validator}
		plan, err = importer.JSON(bytes.NewReader(file))
		return plan.Changes, ofOne(err, in.ID)
	})
	if err != nil {
		return SubscriberWritten{}, err
	}
	written := SubscriberWritten{Sequence: sequence, Warnings: list(located(plan.Warnings, in.ID))}
	written.Subscriber, err = d.subscriber(in.ID)
	return written, err
}

// fileOfOne writes the file that holds one subscriber. What only an answer has is left out.
func fileOfOne(body []byte, id string) ([]byte, error) {
	var given struct {
		subscribers.Subscriber
		Teams    *[]string       `json:"teams,omitempty"`
		OptedOut json.RawMessage `json:"opted_out,omitempty"`
	}
	if err := decode(body, id, &given); err != nil {
		return nil, err
	}
	given.ID, given.OptedOut = id, nil
	return json.Marshal([]any{given})
}

// ofOne makes what is wrong with the only subscriber of a file point into that subscriber.
func ofOne(err error, id string) error {
	var refused *alerting.Error
	if !errors.As(err, &refused) {
		return err
	}
	return &alerting.Error{Code: refused.Code, Detail: refused.Detail, Problems: located(refused.Problems, id)}
}

func located(problems []alerting.Problem, id string) []alerting.Problem {
	var all []alerting.Problem
	for _, p := range problems {
		p.Pointer = strings.TrimPrefix(p.Pointer, "/0")
		p.Detail = strings.TrimPrefix(p.Detail, fmt.Sprintf("line 1, subscriber %q: ", id))
		all = append(all, p)
	}
	return all
}
