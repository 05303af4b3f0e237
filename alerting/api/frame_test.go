package api_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/api"
)

func TestCallersAreKnown(t *testing.T) {
	r := newRig(t)
	r.tokens["forged"] = "revere_FORGED"
	for _, token := range []string{"", "forged"} {
		a := r.must(401, token, "GET", "/api/v1/alerts", "")
		require.Equal(t, `Bearer realm="revere"`, a.Header.Get("WWW-Authenticate"))
		require.NotContains(t, a.text, "FORGED")
	}
	r.refused(401, "unauthorized", "", "GET", "/api/v1/version", "", "Authorization: Basic "+r.tokens["admin"])
	r.must(200, "", "GET", "/api/v1/version", "", "Authorization: bearer "+r.tokens["viewer"])
	r.refused(403, "forbidden", "viewer", "POST", "/api/v1/alerts", alertWith(nil))
	for _, route := range []string{"POST /api/v1/tokens", "GET /api/v1/tokens", "POST /api/v1/rejected/a1/replay", "DELETE /api/v1/subscribers/x", "POST /api/v1/areas/import"} {
		method, path, _ := strings.Cut(route, " ")
		r.refused(403, "forbidden", "state", method, path, "{}")
	}
	for _, secret := range r.tokens {
		require.NotContains(t, r.log.String(), secret)
	}
}

func TestEveryRefusalIsAProblemDocument(t *testing.T) {
	r := newRig(t, func(r *rig) {
		r.api.Routes = map[string]http.Handler{
			"GET /panics":              http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("the secret is xyzzy") }),
			"POST /webhooks/{token}/x": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }),
		}
	})
	r.refused(404, "not_found", "admin", "GET", "/nothing/here", "")
	r.refused(404, "not_found", "", "GET", "/api/v1/nothing", "")
	p := r.refused(405, "method_not_allowed", "admin", "PATCH", "/api/v1/alerts", "")
	require.Contains(t, p.Detail, "POST")
	require.Contains(t, r.ask("admin", "PATCH", "/api/v1/alerts", "").Header.Get("Allow"), "GET")
	r.refused(405, "method_not_allowed", "", "DELETE", "/a/token", "")
	p = r.refused(500, "internal", "", "GET", "/panics", "")
	require.NotContains(t, p.Detail, "xyzzy")
	require.Contains(t, r.log.String(), "request panicked")

	r.must(204, "", "POST", "/webhooks/sesame/x", "")
	require.Contains(t, r.log.String(), `"route":"/webhooks/{token}/x"`)
	require.NotContains(t, r.log.String(), "sesame", "paths of webhooks carry tokens")
}

func TestHealth(t *testing.T) {
	broken := errors.New("stream LEDGER: not there")
	var missing error
	var stragglers []alerting.Straggler
	r := newRig(t, func(r *rig) {
		r.api.Ready = func(context.Context) error { return missing }
		r.api.Stragglers = func() []alerting.Straggler { return stragglers }
	})
	require.JSONEq(t, `{"status":"ok"}`, r.must(200, "", "GET", "/healthz", "").text)
	require.JSONEq(t, `{"status":"ready"}`, r.must(200, "", "GET", "/readyz", "").text)
	lost := alerting.Straggler{Server: "node-2", Streams: []string{"LEDGER"}, Since: time.Date(2026, 11, 3, 7, 0, 0, 0, time.UTC), Away: true}
	stragglers = []alerting.Straggler{lost}
	require.JSONEq(t, `{"status":"ready","stragglers":[{"server":"node-2","streams":["LEDGER"],"since":"2026-11-03T07:00:00Z","behind":0,"away":true,"advice":"`+lost.String()+`"}]}`,
		r.must(200, "", "GET", "/readyz", "").text, "the others serve")
	missing = broken
	p := r.refused(503, "unavailable", "", "GET", "/readyz", "")
	require.Contains(t, p.Detail, "LEDGER")
	require.JSONEq(t, `{"version":"test"}`, r.must(200, "viewer", "GET", "/api/v1/version", "").text)

	metrics := r.must(200, "", "GET", "/metrics", "").text
	require.Contains(t, metrics, `revere_http_requests_total{method="GET",route="/readyz",status="503"} 1`)
	require.Contains(t, metrics, `revere_http_request_seconds_count{method="GET",route="/healthz"} 1`)
}

// The contract's routes, each of them described.
var contract = map[string][]string{
	"/api/v1/alerts": {"get", "post"}, "/api/v1/alerts/{id}": {"get"}, "/api/v1/alerts/{id}/deliveries": {"get"}, "/api/v1/alerts/{id}/people": {"get"},
	"/api/v1/alerts/{id}/events": {"get"}, "/api/v1/alerts/{id}/acknowledgements": {"post"}, "/api/v1/alerts/{id}/update": {"post"}, "/api/v1/alerts/{id}/cancel": {"post"},
	"/api/v1/subscribers": {"get"}, "/api/v1/subscribers/{id}": {"get", "put", "delete"}, "/api/v1/subscribers/import": {"post"}, "/api/v1/subscribers/export": {"get"},
	"/api/v1/teams": {"get"}, "/api/v1/teams/{id}": {"get", "put", "delete"}, "/api/v1/areas": {"get"}, "/api/v1/areas/import": {"post"}, "/api/v1/opt-outs": {"get"},
	"/a/{token}": {"get", "post"}, "/api/v1/rejected": {"get"}, "/api/v1/rejected/{key}": {"get"}, "/api/v1/rejected/{key}/replay": {"post"},
	"/api/v1/tokens": {"get", "post"}, "/api/v1/tokens/{id}": {"delete"}, "/healthz": {"get"}, "/readyz": {"get"}, "/metrics": {"get"}, "/api/v1/version": {"get"},
}

func TestOpenAPI(t *testing.T) {
	r := newRig(t)
	a := r.must(200, "", "GET", "/openapi.json", "")
	var document struct {
		OpenAPI    string
		Paths      map[string]map[string]json.RawMessage
		Components struct{ Schemas map[string]json.RawMessage }
	}
	a.into(t, &document)
	require.True(t, strings.HasPrefix(document.OpenAPI, "3.1"), document.OpenAPI)
	for path, methods := range contract {
		for _, method := range methods {
			require.Contains(t, document.Paths[path], method, path)
		}
	}
	require.Len(t, document.Paths, len(contract), "a route that the contract does not have")
	for _, ref := range regexp.MustCompile(`"#/components/schemas/([^"]+)"`).FindAllStringSubmatch(a.text, -1) {
		require.Contains(t, document.Components.Schemas, ref[1])
	}
	for path, part := range map[string]string{"/api/v1/alerts": `"references"`, "/api/v1/subscribers/import": `"text/csv"`} {
		require.Contains(t, string(document.Paths[path]["post"]), part, path)
	}
}

func TestDocs(t *testing.T) {
	r := newRig(t)
	a := r.must(200, "", "GET", "/docs", "")
	for path := range contract {
		require.Contains(t, a.text, path)
	}
	require.NotRegexp(t, `(src|href)="(https?:)?//`, a.text, "the page needs no network")
	style := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindStringSubmatch(a.text)
	sum := sha256.Sum256([]byte(style[1]))
	require.Contains(t, a.Header.Get("Content-Security-Policy"), base64.StdEncoding.EncodeToString(sum[:]), "browsers would drop the style sheet")
}

func TestTokens(t *testing.T) {
	r := newRig(t)
	var made api.NewToken
	r.must(201, "admin", "POST", "/api/v1/tokens", `{"name":"county","role":"producer","areas":["ma.county-suffolk","25025"]}`).into(t, &made)
	require.Equal(t, []alerting.Area{"ma.county-suffolk"}, made.Areas)
	r.tokens["county"] = made.Secret
	r.must(200, "county", "GET", "/api/v1/alerts", "")

	list := r.must(200, "admin", "GET", "/api/v1/tokens", "", "Revere-Sequence: "+jsonNumber(made.Sequence))
	require.NotContains(t, list.text, made.Secret)
	require.NotContains(t, list.text, "hash")
	var page, rest api.Page[api.TokenView]
	list.into(t, &page)
	require.Len(t, page.Data, 5)
	r.must(200, "admin", "GET", "/api/v1/tokens?limit=3", "").into(t, &page)
	r.must(200, "admin", "GET", "/api/v1/tokens?limit=3&cursor="+*page.NextCursor, "").into(t, &rest)
	require.Len(t, append(page.Data, rest.Data...), 5)

	r.refused(409, "conflict", "admin", "POST", "/api/v1/tokens", `{"name":"county","role":"viewer"}`)
	p := r.refused(422, "unknown_area", "admin", "POST", "/api/v1/tokens", `{"role":"producer","areas":["ma","zz"]}`)
	require.Equal(t, "/areas/1", p.Errors[0].Pointer)
	p = r.refused(422, "invalid", "admin", "POST", "/api/v1/tokens", `{"role":"king"}`)
	require.Equal(t, "/role", p.Errors[0].Pointer)
	r.refused(422, "invalid", "admin", "POST", "/api/v1/tokens", `{"role":"viewer","name":"nats"}`)
	r.refused(400, "malformed", "admin", "POST", "/api/v1/tokens", `{`)

	r.must(200, "admin", "DELETE", "/api/v1/tokens/"+made.ID, "")
	r.refused(401, "unauthorized", "county", "GET", "/api/v1/alerts", "")
	r.refused(404, "not_found", "admin", "DELETE", "/api/v1/tokens/"+made.ID, "")
	caller, _ := r.api.Tokens.Authenticate(r.tokens["admin"])
	r.refused(409, "conflict", "admin", "DELETE", "/api/v1/tokens/"+caller.ID, "")
	require.NotContains(t, r.log.String(), made.Secret)
}

func jsonNumber(n uint64) string {
	raw, _ := json.Marshal(n)
	return string(raw)
}

func TestRejected(t *testing.T) {
	r := newRig(t)
	body := alertWith(map[string]any{"status": nil})
	for _, bad := range []string{body, "\xff not text"} {
		sequence, err := r.engine.Resubmit(context.Background(), "alerts.ma.boston", []byte(bad))
		require.NoError(t, err)
		_, err = r.engine.AwaitVerdict(context.Background(), alerting.KeyOf(sequence))
		require.NoError(t, err)
	}
	var page api.Page[alerting.Rejection]
	r.must(200, "viewer", "GET", "/api/v1/rejected", "").into(t, &page)
	require.Len(t, page.Data, 2)
	require.Equal(t, "malformed", page.Data[0].Reason, "the newest first")
	r.must(200, "viewer", "GET", "/api/v1/rejected?limit=1", "").into(t, &page)
	r.must(200, "viewer", "GET", "/api/v1/rejected?limit=1&cursor="+*page.NextCursor, "").into(t, &page)
	require.Equal(t, "missing", page.Data[0].Reason)
	require.Nil(t, page.NextCursor)
	r.refused(422, "invalid", "viewer", "GET", "/api/v1/rejected?cursor=x", "")

	var shown api.RejectedMessage
	r.must(200, "viewer", "GET", "/api/v1/rejected/a1", "").into(t, &shown)
	require.Equal(t, body, shown.Body)
	require.Equal(t, "/status", shown.Problems[0].Pointer)
	r.must(200, "viewer", "GET", "/api/v1/rejected/a2", "").into(t, &shown)
	require.Equal(t, "\xff not text", string(shown.Base64), "byte for byte")
	r.refused(404, "not_found", "viewer", "GET", "/api/v1/rejected/a9", "")
	r.refused(404, "not_found", "viewer", "GET", "/api/v1/rejected/*", "")

	var replayed api.Replayed
	r.must(202, "admin", "POST", "/api/v1/rejected/a1/replay", "").into(t, &replayed)
	require.Equal(t, alerting.Key("a3"), replayed.Key)
	require.Equal(t, "rejected", replayed.Verdict)
	require.Equal(t, "/status", replayed.Problems[0].Pointer)
	r.refused(404, "not_found", "admin", "POST", "/api/v1/rejected/a99/replay", "")
}

// What a sealed message carries would let whoever reads it publish in its producer's name.
func TestRejectedKeepsTheSealToItself(t *testing.T) {
	r := newRig(t)
	sequence, err := r.engine.Submit(context.Background(), "ma.boston", "state", []byte("{}"))
	require.NoError(t, err)
	_, err = r.engine.AwaitVerdict(context.Background(), alerting.KeyOf(sequence))
	require.NoError(t, err)
	for _, path := range []string{"/api/v1/rejected", "/api/v1/rejected/" + string(alerting.KeyOf(sequence))} {
		require.NotContains(t, strings.ToLower(r.must(200, "viewer", "GET", path, "").text), "seal\"")
	}
}
