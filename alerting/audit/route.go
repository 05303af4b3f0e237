package audit

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"revere/alerting/access"
	"revere/alerting/api"
)

// A Room adds to the API that an alert can be verified. It implements api.Room.
type Room struct{ Auditor *Auditor }

var _ api.Room = Room{}

type question struct {
	ID       string `path:"id" doc:"The alert's key, the producer's own id, or the code of an open one."`
	Provider bool   `query:"provider" default:"true" doc:"Ask the providers, too: one question an address."`
}

// Register implements api.Room.
func (a Room) Register(to *api.Router) {
	api.Handle(to, access.Admin, huma.Operation{
		OperationID: "verify-alert", Method: http.MethodGet, Path: "/api/v1/alerts/{id}/verification", Tags: []string{"Operating"},
		Summary:     "Hold an alert's manifest, its ledger, what is shown of it and what the providers have against each other",
		Description: "Reads the whole ledger anew. Every difference is named. Only SMS providers can be asked.",
		Errors:      []int{http.StatusNotFound, http.StatusConflict}, Middlewares: huma.Middlewares{api.Unhurried},
	}, func(ctx context.Context, _ access.Token, in *question) (*api.Body[Report], error) {
		key, err := a.Auditor.Board.Find(in.ID)
		if err != nil {
			return nil, err
		}
		return api.Answer(a.Auditor.Verify(ctx, key, in.Provider))
	})
}
