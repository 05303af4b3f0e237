package directoryapi

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"revere/alerting/access"
	"revere/alerting/api"
	"revere/subscribers"
)

// An OptOutView is an opt-out with those whom it leaves with a contact fewer.
type OptOutView struct {
	subscribers.OptOut
	Subscribers []string `json:"subscribers"`
}

type optOutsQuery struct {
	api.Paging
	api.Seen
}

func (d Room) optOutRoutes(r *api.Router) {
	api.Handle(r, access.Viewer, huma.Operation{
		OperationID: "list-opt-outs", Method: http.MethodGet, Path: "/api/v1/opt-outs", Tags: []string{"Subscribers"},
		Summary: "List the subscribers' addresses that asked to be sent nothing more (STOP)",
	}, func(ctx context.Context, _ access.Token, in *optOutsQuery) (*api.Body[api.Page[OptOutView]], error) {
		if err := in.Await(ctx, d.Registry.Wait); err != nil {
			return nil, err
		}
		return api.Answer(page(d.optOuts(), in.Paging), nil)
	})
}

// optOuts returns the opt-outs of all addresses in the directory, in the order of their keys.
func (d Room) optOuts() []OptOutView {
	found := map[string]*OptOutView{}
	d.Registry.Directory.Read(func(v *subscribers.View) {
		v.All(func(s *subscribers.Subscriber) bool {
			for _, c := range s.Contacts {
				o, ok := v.OptedOut(c.Channel, c.Address)
				if !ok {
					continue
				}
				if found[o.Key()] == nil {
					found[o.Key()] = &OptOutView{OptOut: o}
				}
				found[o.Key()].Subscribers = append(found[o.Key()].Subscribers, s.ID)
			}
			return true
		})
	})
	all := make([]OptOutView, 0, len(found))
	for _, o := range found {
		all = append(all, *o)
	}
	slices.SortFunc(all, func(a, b OptOutView) int { return cmp.Compare(a.Key(), b.Key()) })
	return all
}

// page cuts a page from a sorted list; its cursor is the key of the last entry before.
func page(all []OptOutView, in api.Paging) api.Page[OptOutView] {
	from, _ := slices.BinarySearchFunc(all, in.Cursor, func(o OptOutView, key string) int {
		if o.Key() <= key {
			return -1
		}
		return 1
	})
	if all = all[from:]; len(all) > in.Limit {
		return api.NewPage(all[:in.Limit], all[in.Limit-1].Key())
	}
	return api.NewPage(all, "")
}
