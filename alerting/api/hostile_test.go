package api_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"revere/alerting/api"
)

// A hostile request is one that no honest client makes. It is answered with a problem document,
// changes nothing, and leaves no secret behind.
type hostile struct {
	token          string // by role; empty shows none
	method, target string // the target as it stands on the wire
	header         []string
	body           string
	status         int
	code           string // empty: net/http itself refuses it, in plain text
}

const aMiB = 1 << 20

var jsonBody = "Content-Type: application/json"

func alertOf(fields string) string {
	return strings.TrimSuffix(alertWith(nil), "}") + "," + fields + "}"
}

var hostiles = map[string]hostile{
	// The path.
	"dots to a webhook":             {"", "POST", "/api/v1/../../webhooks/token/x", nil, "{}", 404, "not_found"},
	"encoded dots":                  {"admin", "GET", "/api/v1/alerts/%2e%2e/tokens", nil, "", 404, "not_found"},
	"an encoded slash":              {"admin", "GET", "/api/v1/alerts%2fa1", nil, "", 404, "not_found"},
	"an encoded slash in an id":     {"admin", "GET", "/api/v1/alerts/a1%2fevents", nil, "", 404, "not_found"},
	"two slashes":                   {"admin", "GET", "//api/v1/tokens", nil, "", 404, "not_found"},
	"two slashes within":            {"admin", "GET", "/api/v1//tokens", nil, "", 404, "not_found"},
	"a trailing slash":              {"admin", "GET", "/api/v1/tokens/", nil, "", 404, "not_found"},
	"a dot in between":              {"admin", "GET", "/api/./v1/tokens", nil, "", 404, "not_found"},
	"a trailing dot":                {"admin", "GET", "/api/v1/tokens.", nil, "", 404, "not_found"},
	"a NUL":                         {"admin", "GET", "/api/v1/alerts/a1%00", nil, "", 404, "not_found"},
	"a NUL in a link":               {"", "POST", "/a/%00", nil, "", 404, "html"},
	"a newline in an id":            {"admin", "GET", "/api/v1/alerts/a1%0d%0aX:y", nil, "", 404, "not_found"},
	"invalid UTF-8 in an id":        {"admin", "GET", "/api/v1/alerts/%ff%fe", nil, "", 404, "not_found"},
	"a wildcard of NATS":            {"admin", "GET", "/api/v1/rejected/%3e", nil, "", 404, "not_found"},
	"a broken escape":               {"admin", "GET", "/api/v1/alerts/%zz", nil, "", 400, ""},
	"no path":                       {"admin", "GET", "*", nil, "", 404, "not_found"},
	"an address of its own":         {"admin", "GET", "http://elsewhere.example/api/v1/nothing", nil, "", 404, "not_found"},
	"a long path":                   {"admin", "GET", "/api/v1/alerts/" + strings.Repeat("a", 20_000), nil, "", 404, "not_found"},
	"a path beyond the header":      {"admin", "GET", "/api/v1/alerts/" + strings.Repeat("a", 60_000), nil, "", 431, ""},
	"another letter case":           {"admin", "GET", "/API/v1/tokens", nil, "", 404, "not_found"},
	"a semicolon in the query":      {"viewer", "GET", "/api/v1/alerts?limit=1;limit=2", nil, "", 422, "invalid"},
	"a limit of zero":               {"viewer", "GET", "/api/v1/alerts?limit=0", nil, "", 422, "invalid"},
	"a limit below zero":            {"viewer", "GET", "/api/v1/alerts?limit=-1", nil, "", 422, "invalid"},
	"an enormous limit":             {"viewer", "GET", "/api/v1/alerts?limit=99999999999999999999", nil, "", 422, "invalid"},
	"a limit that is no number":     {"viewer", "GET", "/api/v1/alerts?limit=1e3", nil, "", 422, "invalid"},
	"a cursor that we did not give": {"viewer", "GET", "/api/v1/alerts?cursor=%00%ff../..", nil, "", 422, "invalid"},
	"a sequence beyond all":         {"viewer", "GET", "/api/v1/alerts?sequence=-1", nil, "", 422, "invalid"},

	// The method and the header.
	"a made-up method":              {"admin", "EXPLODE", "/api/v1/alerts", nil, "", 405, "method_not_allowed"},
	"TRACE":                         {"admin", "TRACE", "/api/v1/alerts", nil, "", 405, "method_not_allowed"},
	"CONNECT":                       {"admin", "CONNECT", "/api/v1/alerts", nil, "", 405, "method_not_allowed"},
	"a method in another case":      {"admin", "get", "/api/v1/alerts", nil, "", 405, "method_not_allowed"},
	"a method with a space":         {"admin", "GET GET", "/api/v1/alerts", nil, "", 400, ""},
	"a method by a header":          {"viewer", "POST", "/api/v1/alerts/a1", []string{"X-HTTP-Method-Override: DELETE"}, "", 405, "method_not_allowed"},
	"a folded header":               {"viewer", "GET", "/api/v1/nothing", []string{"X-A: b\r\n c: d"}, "", 404, "not_found"},
	"a header without a colon":      {"viewer", "GET", "/api/v1/alerts", []string{"X-A"}, "", 400, ""},
	"a space before the colon":      {"viewer", "GET", "/api/v1/alerts", []string{"X-A : b"}, "", 400, ""},
	"a NUL in a header":             {"viewer", "GET", "/api/v1/alerts", []string{"X-A: b\x00c"}, "", 400, ""},
	"a carriage return in a header": {"viewer", "GET", "/api/v1/alerts", []string{"X-A: b\rX-B: c"}, "", 400, ""},
	"a header of 40 KiB":            {"viewer", "GET", "/api/v1/alerts", []string{"X-A: " + strings.Repeat("a", 40<<10)}, "", 431, ""},
	"many headers":                  {"viewer", "GET", "/api/v1/alerts", strings.Split(strings.Repeat("X-A: b,", 8000)+"X-A: b", ","), "", 431, ""},
	"two hosts":                     {"viewer", "GET", "/api/v1/alerts", []string{"Host: elsewhere"}, "", 400, ""},
	"two lengths":                   {"admin", "POST", "/api/v1/alerts", []string{"Content-Length: 1", "Content-Length: 2"}, "", 400, ""},
	"a length below zero":           {"admin", "POST", "/api/v1/alerts", []string{"Content-Length: -1"}, "", 400, ""},
	"an unknown transfer coding":    {"admin", "POST", "/api/v1/alerts", []string{"Transfer-Encoding: zip"}, "", 501, ""},
	"an expectation":                {"admin", "POST", "/api/v1/alerts", []string{"Expect: miracles"}, "", 417, ""},
	"a token in the query":          {"", "GET", "/api/v1/alerts?access_token=revere_x", nil, "", 401, "unauthorized"},
	"a token of 16 KiB":             {"", "GET", "/api/v1/alerts", []string{"Authorization: Bearer " + strings.Repeat("a", 16<<10)}, "", 401, "unauthorized"},
	"a token that is no text":       {"", "GET", "/api/v1/alerts", []string{"Authorization: Bearer \xff\xfe"}, "", 401, "unauthorized"},
	"a long Idempotency-Key":        {"admin", "POST", "/api/v1/alerts", []string{jsonBody, "Idempotency-Key: " + strings.Repeat("k", 300)}, alertWith(nil), 422, "invalid"},
	"a Last-Event-ID of no event":   {"viewer", "GET", "/api/v1/alerts/a1/events", []string{"Last-Event-ID: \xff"}, "", 422, "invalid"},

	// The body.
	"an alert of 1 MiB":            {"admin", "POST", "/api/v1/alerts", []string{jsonBody}, alertOf(`"x":"` + strings.Repeat("a", aMiB) + `"`), 413, "oversized"},
	"an alert a little too large":  {"admin", "POST", "/api/v1/alerts", []string{jsonBody}, alertOf(`"x":"` + strings.Repeat("a", 256<<10) + `"`), 413, "oversized"},
	"deep JSON":                    {"admin", "POST", "/api/v1/alerts", []string{jsonBody}, alertOf(`"x":` + strings.Repeat("[", 100_000)), 400, "malformed"},
	"deep JSON that ends":          {"admin", "POST", "/api/v1/alerts", []string{jsonBody}, alertOf(`"x":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)), 400, "malformed"},
	"a huge number":                {"admin", "POST", "/api/v1/alerts", []string{jsonBody}, strings.Replace(alertWith(nil), `"severe"`, strings.Repeat("9", 4000), 1), 422, "invalid"},
	"a key twice":                  {"admin", "POST", "/api/v1/alerts", []string{jsonBody}, alertOf(`"severity":"extreme"`), 422, "duplicate"},
	"a key twice with a key":       {"admin", "POST", "/api/v1/alerts", []string{jsonBody, "Idempotency-Key: twice"}, alertOf(`"severity":"extreme"`), 422, "duplicate"},
	"an escaped key twice":         {"admin", "POST", "/api/v1/alerts", []string{jsonBody}, alertOf(`"\u0073everity":"extreme"`), 422, "duplicate"},
	"invalid UTF-8":                {"admin", "POST", "/api/v1/alerts", []string{jsonBody}, alertOf("\"x\":\"\xff\xfe\""), 400, "malformed"},
	"UTF-16":                       {"admin", "POST", "/api/v1/alerts", []string{jsonBody}, "\xff\xfe{\x00}\x00", 400, "malformed"},
	"two alerts":                   {"admin", "POST", "/api/v1/alerts", []string{jsonBody}, alertWith(nil) + alertWith(nil), 400, "malformed"},
	"nothing":                      {"admin", "POST", "/api/v1/alerts", []string{jsonBody}, "", 400, "malformed"},
	"null":                         {"admin", "POST", "/api/v1/alerts", []string{jsonBody}, "null", 400, "malformed"},
	"XML":                          {"admin", "POST", "/api/v1/alerts", []string{"Content-Type: application/cap+xml"}, "<alert/>", 415, "unsupported_media_type"},
	"a compressed body":            {"admin", "POST", "/api/v1/alerts", []string{jsonBody, "Content-Encoding: gzip"}, "\x1f\x8b\x08", 415, "unsupported_media_type"},
	"a form":                       {"admin", "POST", "/api/v1/alerts", []string{"Content-Type: application/x-www-form-urlencoded"}, "sender=x", 400, "malformed"},
	"a multipart import":           {"admin", "POST", "/api/v1/subscribers/import", []string{"Content-Type: multipart/form-data; boundary=x"}, "--x--", 415, "unsupported_media_type"},
	"an import of no text":         {"admin", "POST", "/api/v1/subscribers/import", []string{"Content-Type: text/csv"}, "id,name\n\xff,\x00\n", 422, "missing"},
	"a subscriber of 2 MiB":        {"admin", "PUT", "/api/v1/subscribers/x", []string{jsonBody}, `{"name":"` + strings.Repeat("a", 2*aMiB) + `"}`, 422, "oversized"},
	"a token's name of 2 MiB":      {"admin", "POST", "/api/v1/tokens", []string{jsonBody}, `{"name":"` + strings.Repeat("a", 2*aMiB) + `"}`, 413, "oversized"},
	"an answer that is no JSON":    {"admin", "POST", "/api/v1/alerts/a1/acknowledgements", []string{jsonBody}, "{", 400, "malformed"},
	"an answer of the wrong types": {"admin", "POST", "/api/v1/alerts/a1/acknowledgements", []string{jsonBody}, `{"subscriber": {}}`, 422, "invalid"},
}

func TestHostileRequestsChangeNothing(t *testing.T) {
	r := newRig(t)
	end, err := r.engine.LedgerEnd(t.Context())
	require.NoError(t, err)
	before := r.registry.Directory.Revision()
	for name, h := range hostiles {
		t.Run(name, func(t *testing.T) {
			status, kind, body := h.send(t, r)
			require.Equal(t, h.status, status, "%.300s", body)
			switch h.code {
			case "":
			case "html":
				require.Contains(t, kind, "text/html")
			default:
				require.Equal(t, "application/problem+json", kind, "%.300s", body)
				var p api.ProblemDocument
				require.NoError(t, json.Unmarshal([]byte(body), &p))
				require.Contains(t, codes(p), h.code, body)
			}
			require.LessOrEqual(t, len(body), 4<<10, "it is answered at length")
		})
	}
	after, err := r.engine.LedgerEnd(t.Context())
	require.NoError(t, err)
	require.Equal(t, end, after, "the ledger has grown")
	require.Equal(t, before, r.registry.Directory.Revision(), "the directory was changed")
	require.NotContains(t, r.log.String(), "request panicked")
	for _, secret := range r.tokens {
		require.NotContains(t, r.log.String(), secret)
	}
	r.must(200, "viewer", "GET", "/api/v1/alerts", "")
}

// codes are the problem's own and those of everything that is wrong.
func codes(p api.ProblemDocument) []string {
	all := []string{p.Code}
	for _, e := range p.Errors {
		all = append(all, e.Code)
	}
	return all
}

// send writes the request as it is, on a connection of its own.
func (h hostile) send(t *testing.T, r *rig) (status int, kind, body string) {
	t.Helper()
	conn, err := net.Dial("tcp", r.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: revere\r\nConnection: close\r\n", h.method, h.target)
	if h.token != "" {
		fmt.Fprintf(&b, "Authorization: Bearer %s\r\n", r.tokens[h.token])
	}
	for _, line := range h.header {
		b.WriteString(line + "\r\n")
	}
	if h.body != "" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(h.body))
	}
	go func() { _, _ = io.WriteString(conn, b.String()+"\r\n"+h.body) }() // a server that refuses may not read to the end
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, response.Header.Get("Content-Type"), string(raw)
}

// dial opens a connection to the API.
func (r *rig) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", r.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(40*time.Second)))
	return conn
}

// answers reports whether the API answers on a connection.
func answers(conn net.Conn) bool {
	if _, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: revere\r\n\r\n"); err != nil {
		return false
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err == nil && response.StatusCode == http.StatusOK
}

// What the tests below shorten.
func TestSlowClientsAreNotWaitedForLong(t *testing.T) {
	server := api.NewHTTPServer(nil)
	require.Equal(t, []time.Duration{10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute},
		[]time.Duration{server.ReadHeaderTimeout, server.ReadTimeout, server.WriteTimeout, server.IdleTimeout})
}

// Connections that only wait make room for one that has something to say.
func TestIdleConnectionsMakeRoom(t *testing.T) {
	r := newRig(t)
	for range api.MaxConnections {
		require.True(t, answers(r.dial(t)))
	}
	time.Sleep(2100 * time.Millisecond) // the next request may be on its way on one that was answered just now
	for range 20 {
		require.True(t, answers(r.dial(t)), "it is kept out by connections that are idle")
	}
}

// Connections that never say what they want are cut, and until then keep out no more than they are.
func TestSilentConnectionsAreCut(t *testing.T) {
	r := newRig(t, func(r *rig) { r.patience = 5 * time.Second }) // enough to open them all
	held := make([]net.Conn, api.MaxConnections)
	for i := range held {
		held[i] = r.dial(t)
		_, err := io.WriteString(held[i], "GET /healthz HTTP/1.1\r\nX-Slow: ")
		require.NoError(t, err)
	}
	require.False(t, answers(r.dial(t)), "there is one connection too many")
	for _, conn := range held {
		_, err := io.Copy(io.Discard, conn)
		require.NoError(t, err, "it is still open")
	}
	require.True(t, answers(r.dial(t)))
}

// A body that does not come is not waited for, and what came of it is not published.
func TestABodyThatStopsIsCut(t *testing.T) {
	r := newRig(t, func(r *rig) { r.patience = time.Second })
	conn := r.dial(t)
	_, err := io.WriteString(conn, "POST /api/v1/alerts HTTP/1.1\r\nHost: revere\r\nAuthorization: Bearer "+r.tokens["admin"]+
		"\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"+alertWith(nil))
	require.NoError(t, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusRequestTimeout, response.StatusCode)
	require.Equal(t, "application/problem+json", response.Header.Get("Content-Type"))
	end, err := r.engine.LedgerEnd(t.Context())
	require.NoError(t, err)
	require.Zero(t, end)
}
