// Package directoryapi is the directory over HTTP: subscribers, teams, areas and opt-outs, with
// import and export.
package directoryapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"revere/alerting"
	"revere/alerting/api"
	"revere/subscribers"
	"revere/subscribers/registry"
)

// A Room adds the directory's operations to the API. It implements api.Room.
type Room struct {
	Registry *registry.Registry
	// Validator brings subscribers and teams into normal form, and knows the channels.
	Validator subscribers.Validator
	// Storage says why the engine takes nothing more on: nothing is imported then. A nil func says
	// nothing.
	Storage func() error
}

var _ api.Room = Room{}

// Register implements api.Room.
func (d Room) Register(r *api.Router) {
	d.subscriberRoutes(r)
	d.fileRoutes(r)
	d.teamRoutes(r)
	d.areaRoutes(r)
	d.optOutRoutes(r)
}

// imports changes the directory by a file, as long as there is room for it. It goes on when the client
// has gone.
func (d Room) imports(ctx context.Context, decide func() ([]alerting.Change, error)) (revision uint64, err error) {
	if d.Storage != nil {
		if err := d.Storage(); err != nil {
			return 0, err
		}
	}
	return d.Registry.Edit(context.WithoutCancel(ctx), decide)
}

const (
	maxEntryBytes  = 4 << 20  // one subscriber or team
	maxImportBytes = 64 << 20 // a file
	importTime     = 10 * time.Minute
)

// An imported file's answer.
type imported[T any] struct {
	Sequence uint64             `json:"sequence" doc:"The directory's revision that holds the import; the present one for a dry run."`
	DryRun   bool               `json:"dry_run"`
	Summary  T                  `json:"summary"`
	Warnings []alerting.Problem `json:"warnings" nullable:"false"`
}

// A Name is the path of one thing of the directory.
type Name struct {
	ID string `path:"id"`
}

type named struct {
	Name
	api.Seen
}

// csvBody and jsonBody are bodies that the directory's own rules judge.
func csvBody() api.RawBody {
	return api.RawBody{Limit: maxImportBytes, Schemas: map[string]*huma.Schema{"text/csv": api.Text()}}
}

func jsonBody(schema *huma.Schema) api.RawBody {
	return api.RawBody{Limit: maxEntryBytes, Schemas: map[string]*huma.Schema{"application/json": schema}}
}

// decode reads one JSON object into a struct that knows all of its fields, but for its id, which the
// path gives.
func decode(body []byte, id string, into any) error {
	var own struct {
		ID *string `json:"id"`
	}
	if err := json.Unmarshal(body, &own); err != nil {
		return alerting.Errorf(alerting.CodeMalformed, "the body is not a JSON object: %v", err)
	}
	if own.ID != nil && *own.ID != id {
		var problems alerting.Problems
		problems.Add("/id", alerting.CodeInvalid, "the body's id %q is not %q, which the path names; leave it out, or change one of them", *own.ID, id)
		return problems.Err("nothing was changed")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return alerting.Errorf(alerting.CodeMalformed, "the body can't be read: %v", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return alerting.Errorf(alerting.CodeMalformed, "there is something after the end of the JSON")
	}
	return nil
}

// media is what a Content-Type says, without its parameters.
func media(header string) string {
	kind, _, err := mime.ParseMediaType(header)
	if err != nil {
		return ""
	}
	return kind
}

func unsupported(given, want string) error {
	return alerting.Errorf(api.CodeMediaType, "the file's Content-Type is %q; send %s", given, want)
}

// list makes an absent list an empty one.
func list[T any](given []T) []T {
	if given == nil {
		return []T{}
	}
	return given
}

func noSuch(kind, id string) error {
	return alerting.Errorf(alerting.CodeNotFound, "there is no %s %q; %s shows the ids", kind, id, fmt.Sprintf("`revere %ss list`", kind))
}
