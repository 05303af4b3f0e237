package directoryapi

import (
	"bytes"
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"revere/alerting"
	"revere/alerting/access"
	"revere/alerting/api"
	"revere/subscribers"
	"revere/subscribers/areas"
)

type areasQuery struct {
	api.Paging
	api.Seen
	Text  string `query:"q" doc:"Areas that this means: a key, a code, or part of a name. At most limit of them, the best first."`
	State string `query:"state" doc:"A state's lower-case USPS code: the state, its counties and municipalities. Without q and state: the country and its states."`
}

type areasFile struct {
	Type    string `header:"Content-Type" hidden:"true"`
	DryRun  bool   `query:"dry_run" doc:"Only say what the import would do."`
	RawBody []byte
}

// An AreasSummary says how many municipalities each imported state has now.
type AreasSummary struct {
	States         map[string]int `json:"states"`
	Municipalities int            `json:"municipalities"`
}

func (d Room) areaRoutes(r *api.Router) {
	tags := []string{"Areas"}
	api.Handle(r, access.Viewer, huma.Operation{
		OperationID: "list-areas", Method: http.MethodGet, Path: "/api/v1/areas", Tags: tags, Summary: "List or find areas",
	}, func(ctx context.Context, _ access.Token, in *areasQuery) (*api.Body[api.Page[areas.Entry]], error) {
		return api.Answer(d.listAreas(ctx, in))
	})
	api.HandleRaw(r, access.Admin, huma.Operation{
		OperationID: "import-areas", Method: http.MethodPost, Path: "/api/v1/areas/import", Tags: tags, Summary: "Import municipalities, all or none",
		Description: "CSV with the columns slug,name,kind,counties,geoid. The states in the file are replaced whole. Every bad row is named by line and column.",
		Errors:      []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusInsufficientStorage}, BodyReadTimeout: importTime,
		Middlewares: huma.Middlewares{api.Unhurried},
	}, csvBody(), func(ctx context.Context, _ access.Token, in *areasFile) (*api.Body[imported[AreasSummary]], error) {
		return api.Answer(d.importAreas(ctx, in))
	})
}

func (d Room) listAreas(ctx context.Context, in *areasQuery) (api.Page[areas.Entry], error) {
	none := api.Page[areas.Entry]{}
	if err := in.Await(ctx, d.Registry.Wait); err != nil {
		return none, err
	}
	if _, ok := alerting.StateByCode(in.State); !ok && in.State != "" && in.State != alerting.Nation {
		return none, alerting.Errorf(alerting.CodeUnknownArea, "state %q is not a lower-case USPS code such as \"ma\"; `revere areas list` shows them all", in.State)
	}
	atlas := d.Registry.Directory.Atlas()
	if in.Text != "" {
		query := in.Text
		if in.State != "" {
			query = in.State + "." + query
		}
		return api.NewPage(atlas.Find(query, in.Limit), ""), nil
	}
	all := atlas.List(in.State)
	from := 0
	for i, e := range all {
		if string(e.Area) == in.Cursor {
			from = i + 1
		}
	}
	if in.Cursor != "" && from == 0 {
		return none, alerting.Errorf(alerting.CodeInvalid, "the cursor %q is not one that a page of this list gave; begin without one", in.Cursor)
	}
	if all = all[from:]; len(all) > in.Limit {
		return api.NewPage(all[:in.Limit], string(all[in.Limit-1].Area)), nil
	}
	return api.NewPage(all, ""), nil
}

func (d Room) importAreas(ctx context.Context, in *areasFile) (imported[AreasSummary], error) {
	if kind := media(in.Type); kind != "text/csv" {
		return imported[AreasSummary]{}, unsupported(in.Type, "text/csv")
	}
	states, warnings, err := areas.Read(bytes.NewReader(in.RawBody))
	if err != nil {
		return imported[AreasSummary]{}, err
	}
	done := imported[AreasSummary]{DryRun: in.DryRun, Warnings: list(warnings), Summary: AreasSummary{States: map[string]int{}}}
	var changes []alerting.Change
	for _, state := range states {
		changes = append(changes, subscribers.PutAreas(state))
		done.Summary.States[state.Code] = len(state.Municipalities)
		done.Summary.Municipalities += len(state.Municipalities)
	}
	done.Warnings = append(done.Warnings, d.orphans(states)...)
	if in.DryRun {
		done.Sequence = d.Registry.Directory.Revision()
		return done, nil
	}
	done.Sequence, err = d.imports(ctx, func() ([]alerting.Change, error) { return changes, nil })
	return done, err
}

// mostOrphans bounds how many subscriptions are named: more than anybody mends in one sitting.
const mostOrphans = 1000

// orphans warns of subscriptions to municipalities that an import would leave unknown: no alert can
// be published for those any more, and whoever holds only them would hear of the county's and the
// state's alone.
func (d Room) orphans(states []areas.State) []alerting.Problem {
	known := map[string]map[string]bool{}
	for _, state := range states {
		known[state.Code] = map[string]bool{}
		for _, m := range state.Municipalities {
			known[state.Code][m.Slug] = true
		}
	}
	var warnings alerting.Problems
	d.Registry.Directory.Read(func(v *subscribers.View) {
		v.All(func(s *subscribers.Subscriber) bool {
			for _, area := range s.Areas {
				slugs := known[area.State()]
				if slugs != nil && area.Kind() == alerting.KindMunicipality && !slugs[area.Slug()] {
					warnings.Add("", alerting.CodeUnknownArea, "%s", fmt.Sprintf("subscriber %q is subscribed to %q, which the file does not have; alerts can't be published for it any more", s.ID, area))
				}
			}
			return len(warnings) < mostOrphans
		})
	})
	return warnings
}
