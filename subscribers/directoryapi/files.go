package directoryapi

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"revere/alerting"
	"revere/alerting/access"
	"revere/alerting/api"
	"revere/subscribers"
)

type importFile struct {
	Type    string `header:"Content-Type" hidden:"true"`
	Replace bool   `query:"replace" doc:"Remove the subscribers that are not in the file."`
	DryRun  bool   `query:"dry_run" doc:"Only say what the import would do."`
	RawBody []byte
}

type exportQuery struct {
	api.Seen
	Accept string `header:"Accept" hidden:"true"`
}

func (d Room) fileRoutes(r *api.Router) {
	tags := []string{"Subscribers"}
	file := csvBody()
	file.Schemas["application/json"] = r.Schema([]SubscriberView{})
	api.HandleRaw(r, access.Admin, huma.Operation{
		OperationID: "import-subscribers", Method: http.MethodPost, Path: "/api/v1/subscribers/import", Tags: tags, Summary: "Import subscribers, all or none",
		Description: "CSV with the columns id,name,organization,areas,min_severity,sms,email,signal,language and optionally categories, prefer, sms2, email2, shared, teams; or a JSON array. " +
			"Every bad field is named by line and column. 64 MiB at most.",
		Errors: []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusInsufficientStorage}, BodyReadTimeout: importTime,
		Middlewares: huma.Middlewares{api.Unhurried},
	}, file, func(ctx context.Context, _ access.Token, in *importFile) (*api.Body[imported[subscribers.Summary]], error) {
		return api.Answer(d.importFile(ctx, in))
	})
	api.Handle(r, access.Viewer, huma.Operation{
		OperationID: "export-subscribers", Method: http.MethodGet, Path: "/api/v1/subscribers/export", Tags: tags, Summary: "Export all subscribers",
		Description: "Importing the file changes nothing.", Responses: r.Exports([]SubscriberView{}, "text/csv"),
	}, func(ctx context.Context, _ access.Token, in *exportQuery) (*huma.StreamResponse, error) {
		if err := in.Await(ctx, d.Registry.Wait); err != nil {
			return nil, err
		}
		if api.Accepts(in.Accept, "text/csv") {
			return api.Stream("text/csv; charset=utf-8", "subscribers.csv", func(w io.Writer) error {
				return d.Registry.Directory.ExportCSV(w, d.Validator.Channels())
			}), nil
		}
		return api.Stream("application/json", "subscribers.json", d.Registry.Directory.ExportJSON), nil
	})
}

func (d Room) importFile(ctx context.Context, in *importFile) (imported[subscribers.Summary], error) {
	var plan subscribers.Plan
	decide := func() (_ []alerting.Change, err error) {
		plan, err = d.plan(in)
		return plan.Changes, err
	}
	var sequence uint64
	var err error
	if in.DryRun {
		_, err = decide()
		sequence = plan.Revision
	} else {
		sequence, err = d.imports(ctx, decide)
	}
	if err != nil {
		return imported[subscribers.Summary]{}, err
	}
	return imported[subscribers.Summary]{Sequence: sequence, DryRun: in.DryRun, Summary: plan.Summary, Warnings: list(plan.Warnings)}, nil
}

// plan reads the file against the directory as it is.
func (d Room) plan(in *importFile) (subscribers.Plan, error) {
	importer := subscribers.Importer{Directory: d.Registry.Directory, Validator: d.Validator, Replace: in.Replace}
	switch media(in.Type) {
	case "text/csv":
		return importer.CSV(bytes.NewReader(in.RawBody))
	case "application/json":
		return importer.JSON(bytes.NewReader(in.RawBody))
	}
	return subscribers.Plan{}, unsupported(in.Type, "text/csv or application/json")
}
