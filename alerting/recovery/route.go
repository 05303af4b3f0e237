package recovery

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"revere/alerting"
	"revere/alerting/access"
	"revere/alerting/api"
	"revere/alerting/tracking"
)

// A Room adds to the API what an operator needs to let messages go. It implements api.Room.
type Room struct {
	Gate  *Gate
	Board *tracking.Board
	// Free makes it durable that messages may go.
	Free func(ctx context.Context, by string, now time.Time) (alerting.Hold, error)
	Now  func() time.Time
}

var _ api.Room = Room{}

// A State is whether messages are held, and what waits.
type State struct {
	Held     bool      `json:"held"`
	Since    time.Time `json:"since,omitzero" doc:"When the system was restored; absent where it never was."`
	Backup   time.Time `json:"backup,omitzero" doc:"When the backup was made: what happened after it is not known here."`
	Released time.Time `json:"released,omitzero"`
	By       string    `json:"released_by,omitempty"`
	// AwaitsRouter is over within moments where a router runs.
	AwaitsRouter bool      `json:"awaits_router,omitempty" doc:"Nothing goes out, released or not, before a process with the router role has put on record what may have gone out before the restore."`
	Waiting      []Waiting `json:"waiting" nullable:"false" doc:"Alerts with messages that wait to go out."`
}

// Register implements api.Room.
func (r Room) Register(to *api.Router) {
	tags := []string{"Operating"}
	api.Handle(to, access.Viewer, huma.Operation{
		OperationID: "get-hold", Method: http.MethodGet, Path: "/api/v1/hold", Tags: tags, Summary: "Tell whether messages are held, and which wait",
		Description: "A system that was restored from a backup sends nothing until it is released.",
	}, func(context.Context, access.Token, *struct{}) (*api.Body[State], error) {
		return api.Answer(r.state(r.Gate.Hold()), nil)
	})
	api.Handle(to, access.Admin, huma.Operation{
		OperationID: "release-hold", Method: http.MethodPost, Path: "/api/v1/hold/release", Tags: tags, Summary: "Let messages go that are held",
		Description: "Where nothing is held it changes nothing. Each message is looked at again before it goes: what is over by then stays.",
	}, func(ctx context.Context, caller access.Token, _ *struct{}) (*api.Body[State], error) {
		hold, err := r.Free(context.WithoutCancel(ctx), caller.Name, r.Now())
		return api.Answer(r.state(hold), err)
	})
}

func (r Room) state(h alerting.Hold) State {
	s := State{Held: h.Held(), Since: h.Since, Backup: h.Backup, Released: h.Released, By: h.By, AwaitsRouter: h.Doubts(), Waiting: []Waiting{}}
	if s.Held {
		s.Waiting = Outlook(r.Board, r.Now())
	}
	return s
}
