package directoryapi

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"revere/alerting"
	"revere/alerting/access"
	"revere/alerting/api"
	"revere/subscribers"
)

// A TeamWritten is the answer to a PUT.
type TeamWritten struct {
	Sequence uint64           `json:"sequence"`
	Team     subscribers.Team `json:"team"`
}

type teamsQuery struct {
	api.Paging
	api.Seen
	Text string `query:"q" doc:"Teams with this in their id or name."`
}

type putTeam struct {
	Name
	RawBody []byte
}

func (d Room) teamRoutes(r *api.Router) {
	tags := []string{"Teams"}
	api.Handle(r, access.Viewer, huma.Operation{
		OperationID: "list-teams", Method: http.MethodGet, Path: "/api/v1/teams", Tags: tags, Summary: "List teams by id",
	}, func(ctx context.Context, _ access.Token, in *teamsQuery) (*api.Body[api.Page[subscribers.Team]], error) {
		return api.Answer(d.listTeams(ctx, in))
	})
	api.Handle(r, access.Viewer, huma.Operation{
		OperationID: "get-team", Method: http.MethodGet, Path: "/api/v1/teams/{id}", Tags: tags, Summary: "Show one", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, _ access.Token, in *named) (*api.Body[subscribers.Team], error) {
		if err := in.Await(ctx, d.Registry.Wait); err != nil {
			return nil, err
		}
		return api.Answer(d.team(in.ID))
	})
	api.HandleRaw(r, access.Admin, huma.Operation{
		OperationID: "put-team", Method: http.MethodPut, Path: "/api/v1/teams/{id}", Tags: tags, Summary: "Add or replace one",
		Errors: []int{http.StatusBadRequest, http.StatusUnprocessableEntity},
	}, jsonBody(r.Schema(subscribers.Team{})), func(ctx context.Context, _ access.Token, in *putTeam) (*api.Body[TeamWritten], error) {
		return api.Answer(d.putTeam(ctx, in))
	})
	api.Handle(r, access.Admin, huma.Operation{
		OperationID: "delete-team", Method: http.MethodDelete, Path: "/api/v1/teams/{id}", Tags: tags, Summary: "Remove one; its members stay", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, _ access.Token, in *Name) (*api.Body[api.Written], error) {
		sequence, err := d.Registry.Edit(ctx, func() ([]alerting.Change, error) {
			if _, err := d.team(in.ID); err != nil {
				return nil, err
			}
			return []alerting.Change{subscribers.Remove(subscribers.ChangeTeam, in.ID)}, nil
		})
		return api.Answer(api.Written{Sequence: sequence}, err)
	})
}

func (d Room) listTeams(ctx context.Context, in *teamsQuery) (api.Page[subscribers.Team], error) {
	if err := in.Await(ctx, d.Registry.Wait); err != nil {
		return api.Page[subscribers.Team]{}, err
	}
	var all []*subscribers.Team
	d.Registry.Directory.Read(func(v *subscribers.View) { all = v.Teams() })
	text := strings.ToLower(in.Text)
	var page []subscribers.Team
	for _, t := range all {
		if t.ID <= in.Cursor || !strings.Contains(strings.ToLower(t.ID+"\n"+t.Name), text) {
			continue
		}
		if len(page) == in.Limit {
			return api.NewPage(page, page[in.Limit-1].ID), nil
		}
		page = append(page, *t)
	}
	return api.NewPage(page, ""), nil
}

func (d Room) team(id string) (found subscribers.Team, err error) {
	d.Registry.Directory.Read(func(v *subscribers.View) {
		t, ok := v.Team(id)
		if !ok {
			err = noSuch("team", id)
			return
		}
		found = *t
		found.Members = slices.Clone(t.Members)
	})
	return found, err
}

func (d Room) putTeam(ctx context.Context, in *putTeam) (TeamWritten, error) {
	var given subscribers.Team
	if err := decode(in.RawBody, in.ID, &given); err != nil {
		return TeamWritten{}, err
	}
	given.ID = in.ID
	var written TeamWritten
	var err error
	written.Sequence, err = d.Registry.Edit(ctx, func() (changes []alerting.Change, err error) {
		d.Registry.Directory.Read(func(v *subscribers.View) {
			exists := func(id string) bool { _, ok := v.Subscriber(id); return ok }
			written.Team, err = d.Validator.Team(given, exists)
		})
		if err != nil {
			return nil, err
		}
		return []alerting.Change{written.Team.Put()}, nil
	})
	return written, err
}
