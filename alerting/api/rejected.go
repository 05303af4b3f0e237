package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"revere/alerting"
	"revere/alerting/access"
)

// A RejectedMessage is a rejection with the bytes that were published.
type RejectedMessage struct {
	alerting.Rejection
	Body   string `json:"body,omitempty" doc:"The message as text; absent where it is not UTF-8."`
	Base64 []byte `json:"body_base64" doc:"The message, byte for byte."`
}

// A Replayed is what became of a message that was published again.
type Replayed struct {
	Key      alerting.Key       `json:"key" doc:"Names the new message."`
	Alert    alerting.Key       `json:"alert,omitempty" doc:"The alert that it made or repeats."`
	Code     string             `json:"code,omitempty"`
	Verdict  string             `json:"verdict" enum:"accepted,rejected,pending"`
	Reason   string             `json:"reason,omitempty"`
	Detail   string             `json:"detail,omitempty"`
	Problems []alerting.Problem `json:"problems" nullable:"false"`
	Sequence uint64             `json:"sequence"`
}

type rejectionName struct {
	Key string `path:"key" doc:"The key of the message: a and its sequence."`
}

func (s *Server) rejectedRoutes(r *Router) {
	tags := []string{"Rejected messages"}
	Handle(r, access.Viewer, huma.Operation{
		OperationID: "list-rejected", Method: http.MethodGet, Path: "/api/v1/rejected", Tags: tags, Summary: "List messages that were not taken, the newest first",
	}, func(ctx context.Context, _ access.Token, in *Paging) (*Body[Page[alerting.Rejection]], error) {
		return Answer(s.listRejected(ctx, *in))
	})
	Handle(r, access.Viewer, huma.Operation{
		OperationID: "get-rejected", Method: http.MethodGet, Path: "/api/v1/rejected/{key}", Tags: tags, Errors: notFound, Summary: "Show one with its bytes",
	}, func(ctx context.Context, _ access.Token, in *rejectionName) (*Body[RejectedMessage], error) {
		rejection, body, err := s.Rejected.Rejection(ctx, alerting.Key(in.Key))
		if err != nil {
			return nil, err
		}
		shown := RejectedMessage{Rejection: withoutOurs(rejection), Base64: body}
		if utf8.Valid(body) {
			shown.Body = string(body)
		}
		return Answer(shown, nil)
	})
	Handle(r, access.Admin, huma.Operation{
		OperationID: "replay-rejected", Method: http.MethodPost, Path: "/api/v1/rejected/{key}/replay", Tags: tags, Errors: notFound,
		Summary: "Publish one again, byte for byte", Description: "For when what stood against it is mended: an area was imported, say.", DefaultStatus: http.StatusAccepted,
	}, func(ctx context.Context, _ access.Token, in *rejectionName) (*Body[Replayed], error) {
		return Answer(s.replay(ctx, alerting.Key(in.Key)))
	})
}

func (s *Server) listRejected(ctx context.Context, in Paging) (Page[alerting.Rejection], error) {
	all, err := s.Rejected.Rejections(ctx)
	if err != nil {
		return Page[alerting.Rejection]{}, err
	}
	slices.Reverse(all)
	if in.Cursor != "" {
		i := slices.IndexFunc(all, func(r alerting.Rejection) bool { return string(r.Key) == in.Cursor })
		if i < 0 {
			return Page[alerting.Rejection]{}, badCursor(in.Cursor)
		}
		all = all[i+1:]
	}
	next := ""
	if len(all) > in.Limit {
		all = all[:in.Limit]
		next = string(all[in.Limit-1].Key)
	}
	for i := range all {
		all[i] = withoutOurs(all[i])
	}
	return NewPage(all, next), nil
}

// withoutOurs leaves out the headers that Revere itself put on the message: one of them proves that
// it came through here, and would do so again for whoever reads it.
func withoutOurs(r alerting.Rejection) alerting.Rejection {
	kept := map[string][]string{}
	for name, values := range r.Headers {
		if !strings.HasPrefix(strings.ToLower(name), "revere-") {
			kept[name] = values
		}
	}
	r.Headers = kept
	return r
}

// replayPatience is how long the caller is kept waiting for the new verdict.
const replayPatience = 10 * time.Second

func (s *Server) replay(ctx context.Context, key alerting.Key) (Replayed, error) {
	made, err := s.Rejected.Replay(context.WithoutCancel(ctx), key)
	if err != nil {
		return Replayed{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, replayPatience)
	defer cancel()
	v, err := s.Publish.Await(ctx, made)
	if err != nil {
		return Replayed{Key: made, Verdict: "pending", Problems: []alerting.Problem{}}, nil // it is published all the same
	}
	return Replayed{
		Key: made, Alert: v.Alert, Code: v.Code, Verdict: v.Verdict, Reason: v.Reason, Detail: v.Detail, Problems: list(v.Problems), Sequence: v.Ledger,
	}, nil
}
