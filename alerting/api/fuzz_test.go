package api_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"revere/alerting/api"
)

// Whatever stands in the parameters of a read, the answer is the list, or says what is wrong with them.
func FuzzParameters(f *testing.F) {
	r := newRig(f)
	p := r.publish("admin", nil)
	for _, seed := range [][3]string{
		{"cursor", "", ""}, {"cursor", "a1", "0"}, {"cursor", "-1", "-1"}, {"sequence", "18446744073709551615", "4"},
		{"limit", "1001", "1e9"}, {"state", "delivered", "\xff"}, {"area", "ma.boston", "3"}, {"q", "\x00", " 2"}, {"severity", "severe,minor", "0x1"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	handler := r.Config.Handler
	f.Fuzz(func(t *testing.T, name, value, event string) {
		for _, path := range []string{
			"/api/v1/alerts", "/api/v1/alerts/" + string(p.Key) + "/deliveries", "/api/v1/alerts/" + string(p.Key) + "/people", "/api/v1/alerts/" + string(p.Key) + "/events",
			"/api/v1/subscribers", "/api/v1/areas", "/api/v1/rejected", "/api/v1/tokens",
		} {
			ctx, cancel := context.WithCancel(t.Context())
			leaves := time.AfterFunc(5*time.Millisecond, cancel) // a stream and a wait would go on
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, path+"?"+url.Values{name: {value}}.Encode(), nil)
			require.NoError(t, err)
			request.Header = http.Header{
				"Authorization": {"Bearer " + r.tokens["admin"]}, "Last-Event-Id": {event}, "If-None-Match": {event}, "Revere-Sequence": {event}, "Accept": {value},
			}
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, request)
			gone := ctx.Err() != nil // then nobody hears the answer, whatever it is
			leaves.Stop()
			cancel()
			if !gone && answer.Code >= http.StatusInternalServerError {
				t.Fatalf("%s: HTTP %d: %s\n%s", request.URL, answer.Code, answer.Body, last(r.log.String(), 400))
			}
		}
		require.NotContains(t, r.log.String(), "request panicked")
	})
}

// An Idempotency-Key is only that: whatever it is, the alert is published as it would be without, once.
func FuzzIdempotencyKey(f *testing.F) {
	r := newRig(f)
	f.Add("k", `"x":1`)
	f.Add("8e03978e-40d5-43dd-bc93-6894a57f9324", `"id":null`)
	f.Add(strings.Repeat("k", 256), `"id":""`)
	f.Add("\xff\r\n", `"severity":"extreme"`)
	f.Fuzz(func(t *testing.T, key, field string) {
		ask := func(dry string) *httptest.ResponseRecorder {
			body := alertOf(field)
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/alerts"+dry, strings.NewReader(body))
			require.NoError(t, err)
			request.Header = http.Header{"Authorization": {"Bearer " + r.tokens["admin"]}, "Content-Type": {"application/json"}, "Idempotency-Key": {key}}
			answer := httptest.NewRecorder()
			r.Config.Handler.ServeHTTP(answer, request)
			return answer
		}
		dry, first := ask("?dry_run=true"), ask("")
		if dry.Code != http.StatusOK {
			if !strings.Contains(first.Body.String(), api.CodeIdempotency) { // the key came with another body before
				require.Equal(t, dry.Code, first.Code, "it is judged otherwise with a key: %s", first.Body)
			}
			return
		}
		if first.Code != http.StatusAccepted { // the same key, or the same alert, with other content before
			require.Contains(t, []int{http.StatusConflict, http.StatusUnprocessableEntity}, first.Code, "%s", first.Body)
			return
		}
		second := ask("")
		require.Equal(t, http.StatusAccepted, second.Code, "%s", second.Body)
		if key != "" {
			require.Equal(t, first.Body.String(), second.Body.String(), "the same request is answered otherwise")
		}
	})
}

// last is the end of a text.
func last(text string, n int) string { return text[max(0, len(text)-n):] }
