package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"revere/alerting"
	"revere/alerting/access"
)

// A TokenView is what may be shown of a token: everything but the token and its hash.
type TokenView struct {
	ID      string          `json:"id"`
	Name    string          `json:"name"`
	Role    access.Role     `json:"role"`
	Areas   []alerting.Area `json:"areas" nullable:"false"`
	Created time.Time       `json:"created"`
}

// A NewToken is a token that was just made. Its secret is shown this once.
type NewToken struct {
	TokenView
	Secret   string `json:"secret" doc:"The token. It is not kept and can't be shown again."`
	Sequence uint64 `json:"sequence"`
}

type tokenRequest struct {
	Body struct {
		Name  string   `json:"name,omitempty" doc:"Who holds it. It names the producer of what is published with the token. Absent: one is made up."`
		Role  string   `json:"role" enum:"admin,producer,viewer"`
		Areas []string `json:"areas,omitempty" doc:"What a producer may publish for."`
	}
}

type tokensQuery struct {
	Paging
	Seen
}

func (s *Server) tokenRoutes(r *Router) {
	tags := []string{"Tokens"}
	Handle(r, access.Admin, huma.Operation{
		OperationID: "list-tokens", Method: http.MethodGet, Path: "/api/v1/tokens", Tags: tags, Summary: "List tokens",
	}, func(ctx context.Context, _ access.Token, in *tokensQuery) (*Body[Page[TokenView]], error) {
		return Answer(s.listTokens(ctx, in))
	})
	Handle(r, access.Admin, huma.Operation{
		OperationID: "create-token", Method: http.MethodPost, Path: "/api/v1/tokens", Tags: tags, Summary: "Make a token",
		DefaultStatus: http.StatusCreated, Errors: []int{http.StatusConflict}, MaxBodyBytes: 256 << 10,
	}, func(ctx context.Context, _ access.Token, in *tokenRequest) (*Body[NewToken], error) {
		return Answer(s.makeToken(ctx, in))
	})
	Handle(r, access.Admin, huma.Operation{
		OperationID: "delete-token", Method: http.MethodDelete, Path: "/api/v1/tokens/{id}", Tags: tags, Summary: "End a token", Errors: notFound,
	}, func(ctx context.Context, _ access.Token, in *struct {
		ID string `path:"id"`
	}) (*Body[Written], error) {
		sequence, err := s.Directory.Edit(ctx, func() ([]alerting.Change, error) { return s.endToken(in.ID) })
		return Answer(Written{sequence}, err)
	})
}

func viewOf(t access.Token) TokenView {
	return TokenView{ID: t.ID, Name: t.Name, Role: t.Role, Areas: list(t.Areas), Created: t.Created}
}

func (s *Server) listTokens(ctx context.Context, in *tokensQuery) (Page[TokenView], error) {
	if err := in.Await(ctx, s.Directory.Wait); err != nil {
		return Page[TokenView]{}, err
	}
	all := s.Tokens.List()
	slices.SortFunc(all, func(a, b access.Token) int { return strings.Compare(a.ID, b.ID) })
	from, found := slices.BinarySearchFunc(all, in.Cursor, func(t access.Token, id string) int { return strings.Compare(t.ID, id) })
	if found {
		from++
	}
	views, next := []TokenView{}, ""
	for _, t := range all[from:] {
		if len(views) == in.Limit {
			next = views[in.Limit-1].ID
			break
		}
		views = append(views, viewOf(t))
	}
	return NewPage(views, next), nil
}

func (s *Server) makeToken(ctx context.Context, in *tokenRequest) (NewToken, error) {
	var problems alerting.Problems
	areas := s.resolve(in.Body.Areas, &problems)
	name := strings.TrimSpace(in.Body.Name)
	if err := problems.Err("the token was not made"); err != nil {
		return NewToken{}, err
	}
	secret, token, err := access.New(name, access.Role(in.Body.Role), areas, s.Now())
	if err != nil {
		return NewToken{}, err
	}
	sequence, err := s.Directory.Edit(ctx, func() ([]alerting.Change, error) {
		// What a producer publishes is told apart by its token's name: two must not share one.
		if slices.ContainsFunc(s.Tokens.List(), func(t access.Token) bool { return t.Name == token.Name }) {
			return nil, alerting.Errorf(alerting.CodeConflict, "there is a token named %q already; give another name, or end that one first", token.Name)
		}
		return []alerting.Change{token.Put()}, nil
	})
	if err != nil {
		return NewToken{}, err
	}
	return NewToken{viewOf(token), secret, sequence}, nil
}

// resolve reads the areas of a request.
func (s *Server) resolve(names []string, problems *alerting.Problems) []alerting.Area {
	var areas []alerting.Area
	for i, name := range names {
		area, _, err := s.Atlas.Resolve(strings.TrimSpace(name))
		if err != nil {
			problems.Add("/areas/"+strconv.Itoa(i), alerting.CodeUnknownArea, "%s", err.Error())
			continue
		}
		if !slices.Contains(areas, area) {
			areas = append(areas, area)
		}
	}
	return areas
}

// endToken keeps the last admin from being locked out.
func (s *Server) endToken(id string) ([]alerting.Change, error) {
	all := s.Tokens.List()
	i := slices.IndexFunc(all, func(t access.Token) bool { return t.ID == id })
	if i < 0 {
		return nil, alerting.Errorf(alerting.CodeNotFound, "there is no token with the id %q; `revere tokens list` shows them", id)
	}
	others := slices.ContainsFunc(all, func(t access.Token) bool { return t.ID != id && t.Role == access.Admin })
	if all[i].Role == access.Admin && !others {
		return nil, alerting.Errorf(alerting.CodeConflict, "%s is the last admin token; make another before this one ends", all[i].Name)
	}
	return []alerting.Change{access.Remove(id)}, nil
}
