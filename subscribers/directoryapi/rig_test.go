package directoryapi_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nyaruka/phonenumbers"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/access"
	"revere/alerting/api"
	"revere/subscribers"
	"revere/subscribers/directoryapi"
	"revere/subscribers/registry"
)

// A history is the durable changes of a directory, in memory.
type history struct {
	mu       sync.Mutex
	commits  [][]alerting.Change
	follower func(revision uint64, changes []alerting.Change)
}

func (h *history) Commit(_ context.Context, last uint64, changes []alerting.Change) (uint64, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if last != uint64(len(h.commits)) {
		return 0, alerting.ErrOvertaken
	}
	h.commits = append(h.commits, changes)
	h.follower(uint64(len(h.commits)), changes)
	return uint64(len(h.commits)), nil
}

func (h *history) FollowDirectory(_ context.Context, _ uint64, apply func(uint64, []alerting.Change)) (uint64, error) {
	h.follower = apply
	return 0, nil
}

func (h *history) DirectoryRevision(context.Context) (uint64, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return uint64(len(h.commits)), nil
}

// A rig is the API with the directory's routes.
type rig struct {
	*httptest.Server
	t        *testing.T
	registry *registry.Registry
	admin    string
	viewer   string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	book := access.NewBook()
	reg, err := registry.Open(t.Context(), &history{}, map[string]registry.Watcher{access.ChangeToken: book.Apply}, zerolog.Nop())
	require.NoError(t, err)
	r := &rig{t: t, registry: reg}
	for role, secret := range map[access.Role]*string{access.Admin: &r.admin, access.Viewer: &r.viewer} {
		made, token, err := access.New(string(role), role, nil, time.Now())
		require.NoError(t, err)
		r.change(token.Put())
		*secret = made
	}
	validator := subscribers.Validator{Atlas: reg.Directory.Atlas(), Addresses: map[string]func(string) (string, error){"sms": phone, "email": mail}}
	server := &api.Server{
		Tokens: book, Directory: reg, Atlas: reg.Directory.Atlas(), Metrics: prometheus.NewRegistry(), Now: time.Now, Log: zerolog.Nop(),
		Rooms: []api.Room{&directoryapi.Room{Registry: reg, Validator: validator}},
	}
	r.Server = httptest.NewServer(server.Handler())
	t.Cleanup(r.Close)
	return r
}

func phone(s string) (string, error) {
	number, err := phonenumbers.Parse(s, "US")
	if err != nil || !phonenumbers.IsValidNumber(number) {
		return "", alerting.Errorf(alerting.CodeInvalid, "%q is not a phone number; write it as +16175550123", s)
	}
	return phonenumbers.Format(number, phonenumbers.E164), nil
}

func mail(s string) (string, error) {
	if !strings.Contains(s, "@") {
		return "", alerting.Errorf(alerting.CodeInvalid, "%q is not a mail address", s)
	}
	return s, nil
}

func (r *rig) change(changes ...alerting.Change) {
	r.t.Helper()
	_, err := r.registry.Edit(r.t.Context(), func() ([]alerting.Change, error) { return changes, nil })
	require.NoError(r.t, err)
}

// ask makes a request with a token, and returns the status and the body.
func (r *rig) ask(token, method, path, body string, headers ...string) (status int, answer string, err error) {
	request, err := http.NewRequestWithContext(r.t.Context(), method, r.URL+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		request.Header.Set(name, value)
	}
	response, err := r.Client().Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

// must asks and demands a status; it returns the body.
func (r *rig) must(status int, token, method, path, body string, headers ...string) string {
	r.t.Helper()
	got, answer, err := r.ask(token, method, path, body, headers...)
	require.NoError(r.t, err)
	require.Equal(r.t, status, got, answer)
	return answer
}

// refused demands a problem document, and returns it.
func (r *rig) refused(status int, code, method, path, body string, headers ...string) api.ProblemDocument {
	r.t.Helper()
	p := read[api.ProblemDocument](r.t, r.must(status, r.admin, method, path, body, headers...))
	require.Equal(r.t, code, p.Code, p.Detail)
	return p
}

func read[T any](t *testing.T, text string) (v T) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), &v), text)
	return v
}
