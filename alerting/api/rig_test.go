package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/access"
	"revere/alerting/api"
	"revere/alerting/engine"
	"revere/alerting/fanout"
	"revere/alerting/replies"
	"revere/alerting/tracking"
	"revere/subscribers"
	"revere/subscribers/directoryapi"
	"revere/subscribers/registry"
)

// A rig is the API over an engine of its own, with a router that judges what is published. Nothing
// is sent: deliveries stay queued unless a test writes down what became of them.
type rig struct {
	*httptest.Server
	t        testing.TB
	engine   *engine.Engine
	nats     *engine.Server
	board    *tracking.Board
	registry *registry.Registry
	links    replies.Links
	api      *api.Server
	log      *logBuffer
	tokens   map[string]string // by role, or name
	stopping chan struct{}
	most     int           // clients at once; 0 is the API's own bound
	patience time.Duration // of the HTTP server with slow clients; 0 is its own
}

// A logBuffer is a log that a test can read while it is written.
type logBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.String()
}

// newRig starts one; adjust changes the API before it is served.
func newRig(t testing.TB, adjust ...func(*rig)) *rig {
	t.Helper()
	if test, ok := t.(*testing.T); ok {
		test.Parallel() // what takes time is the disk
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &rig{t: t, board: tracking.NewBoard(), log: &logBuffer{}, tokens: map[string]string{}, stopping: make(chan struct{})}
	var err error
	r.nats, err = engine.StartServer(engine.ServerConfig{Dir: t.TempDir(), Log: zerolog.Nop()})
	require.NoError(t, err)
	r.engine, err = engine.Embedded(ctx, r.nats, zerolog.Nop())
	require.NoError(t, err)
	t.Cleanup(func() {
		if r.Server != nil {
			r.CloseClientConnections()
			r.Close()
		}
		cancel()
		r.engine.Close()
		require.NoError(t, r.nats.Stop())
	})
	book := access.NewBook()
	r.registry, err = registry.Open(ctx, r.engine, map[string]registry.Watcher{access.ChangeToken: book.Apply}, zerolog.Nop())
	require.NoError(t, err)
	_, err = r.engine.FollowLedger(ctx, 0, r.board.Apply)
	require.NoError(t, err)
	r.links = replies.Links{Secret: []byte("of the test installation"), PublicURL: "https://alerts.example.org"}
	r.serve(ctx, book, adjust)
	r.route(ctx)
	return r
}

func (r *rig) serve(ctx context.Context, book *access.Book, adjust []func(*rig)) {
	atlas := r.registry.Directory.Atlas()
	r.api = &api.Server{
		Board: r.board, Atlas: atlas, Tokens: book, Directory: r.registry, Keys: r.engine, Ledger: r.engine, Rejected: r.engine,
		Publish:   fanout.Desk{Board: r.board, Atlas: atlas, Submit: r.engine.Submit, Await: r.engine.AwaitVerdict, Now: time.Now},
		Preview:   fanout.Previewer{Audience: r.audience(), Units: func(string, alerting.Alert) int { return 1 }, Rate: func(string) float64 { return 1 }},
		Answers:   replies.Desk{Board: r.board, Append: r.engine.Journal(engine.LedgerDesk, engine.Anywhere).Append, Links: r.links, Now: time.Now},
		Ready:     r.engine.Ready,
		Stopping:  r.stopping,
		PublicURL: r.links.PublicURL, SenderName: "MA State SOC", DeskPhone: "+16175550100", Version: "test",
		Rooms:   []api.Room{&directoryapi.Room{Registry: r.registry, Validator: subscribers.Validator{Atlas: atlas, Addresses: addresses}}},
		Metrics: prometheus.NewRegistry(), Now: time.Now, Log: zerolog.New(r.log),
	}
	for _, f := range adjust {
		f(r)
	}
	r.grant("admin", access.Admin)
	r.grant("viewer", access.Viewer)
	r.grant("boston", access.Producer, "ma.boston")
	r.grant("state", access.Producer, "ma.statewide")
	r.Server = httptest.NewUnstartedServer(nil)
	r.Config = api.NewHTTPServer(r.api.Handler())
	if r.patience > 0 {
		r.Config.ReadHeaderTimeout, r.Config.ReadTimeout = r.patience, r.patience
	}
	if r.most == 0 {
		r.most = api.MaxConnections
	}
	r.Listener = api.Limit(r.Config, r.Listener, r.most)
	r.Start()
}

var addresses = map[string]func(string) (string, error){
	"sms": func(s string) (string, error) {
		if !strings.HasPrefix(s, "+1") || len(s) != 12 {
			return "", alerting.Errorf(alerting.CodeInvalid, "%q is not a phone number", s)
		}
		return s, nil
	},
	"email": func(s string) (string, error) { return s, nil },
}

func (r *rig) audience() registry.Audience {
	return registry.Audience{Directory: r.registry.Directory, On: func(string) bool { return true }}
}

// route judges what is published, as the router of a service does.
func (r *rig) route(ctx context.Context) {
	router := &fanout.Router{
		Store: r.engine, Board: r.board, Atlas: r.registry.Directory.Atlas(), Audience: r.audience(), Unplaced: r.audience().Unplaced, Refresh: r.registry.Refresh,
		Now: time.Now, Log: zerolog.Nop(), Observe: func(string, int) {},
	}
	journal := r.engine.Journal(engine.LedgerAlerts, 0)
	go func() { _ = router.Run(ctx, r.engine, journal) }()
}

// grant makes a token, under its name.
func (r *rig) grant(name string, role access.Role, areas ...alerting.Area) {
	r.t.Helper()
	secret, token, err := access.New(name, role, areas, time.Now())
	require.NoError(r.t, err)
	r.change(token.Put())
	r.tokens[name] = secret
}

func (r *rig) change(changes ...alerting.Change) {
	r.t.Helper()
	_, err := r.registry.Edit(context.Background(), func() ([]alerting.Change, error) { return changes, nil })
	require.NoError(r.t, err)
}

// subscribe adds a subscriber with one phone.
func (r *rig) subscribe(id, name, phone string, areas ...alerting.Area) {
	r.t.Helper()
	s := subscribers.Subscriber{ID: id, Name: name, Areas: areas, Contacts: []subscribers.Contact{{Channel: "sms", Address: phone}}}
	r.change(s.Put())
}

// append writes to the ledger what became of an alert, and waits until the board shows it.
func (r *rig) append(records ...alerting.Record) uint64 {
	r.t.Helper()
	sequence, err := r.engine.Append(context.Background(), engine.LedgerDesk, engine.Anywhere, records...)
	require.NoError(r.t, err)
	require.NoError(r.t, r.board.Wait(context.Background(), sequence))
	return sequence
}

// An answer is what the API answered.
type answer struct {
	*http.Response
	text string
}

func (a answer) into(t testing.TB, v any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(a.text), v), a.text)
}

// ask makes a request as the holder of a token; headers are "Name: value".
func (r *rig) ask(token, method, path, body string, headers ...string) answer {
	r.t.Helper()
	request, err := http.NewRequest(method, r.URL+path, strings.NewReader(body))
	require.NoError(r.t, err)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+r.tokens[token])
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		request.Header.Set(name, value)
	}
	response, err := r.Client().Do(request)
	require.NoError(r.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(r.t, err)
	return answer{response, string(text)}
}

// with is the rig for a test within the one that made it.
func (r *rig) with(t testing.TB) *rig {
	other := *r
	other.t = t
	return &other
}

// must asks, and demands a status.
func (r *rig) must(status int, token, method, path, body string, headers ...string) answer {
	r.t.Helper()
	a := r.ask(token, method, path, body, headers...)
	require.Equal(r.t, status, a.StatusCode, a.text)
	return a
}

// refused demands a problem document.
func (r *rig) refused(status int, code, token, method, path, body string, headers ...string) api.ProblemDocument {
	r.t.Helper()
	a := r.must(status, token, method, path, body, headers...)
	require.Equal(r.t, "application/problem+json", a.Header.Get("Content-Type"))
	var p api.ProblemDocument
	a.into(r.t, &p)
	require.Equal(r.t, status, p.Status)
	require.Equal(r.t, code, p.Code, a.text)
	require.NotEmpty(r.t, p.Detail)
	return p
}

// publish publishes an alert with fields that differ from the sample's.
func (r *rig) publish(token string, fields map[string]any, headers ...string) api.Published {
	r.t.Helper()
	var p api.Published
	r.must(http.StatusAccepted, token, "POST", "/api/v1/alerts", alertWith(fields), headers...).into(r.t, &p)
	return p
}

// alertWith is a sample alert; a nil field is left out.
func alertWith(fields map[string]any) string {
	alert := map[string]any{
		"sender": "soc@sec.state.ma.us", "status": "exercise", "event": "Phishing", "urgency": "immediate", "severity": "severe",
		"certainty": "likely", "areas": []string{"ma.boston"}, "headline": "Phishing against election clerks",
		"instruction": "Do not open invoice mail.", "responses": []map[string]string{{"key": "2", "label": "Got it too"}},
	}
	for name, value := range fields {
		if alert[name] = value; value == nil {
			delete(alert, name)
		}
	}
	body, err := json.Marshal(alert)
	if err != nil {
		panic(err)
	}
	return string(body)
}
