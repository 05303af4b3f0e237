package client_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/cmd/revere/client"
)

// serve runs a server that answers with h, and returns a client of it.
func serve(t *testing.T, h http.HandlerFunc) *client.Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	c, err := client.New(server.URL, "revere_secret")
	require.NoError(t, err)
	return c
}

// refuse answers with a problem document.
func refuse(w http.ResponseWriter, status int, code, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"status":%d,"title":"t","code":%q,"detail":%q,"errors":[{"pointer":"/areas/0","code":"unknown_area","detail":"no such area"}]}`, status, code, detail)
}

// lose breaks the connection off without an answer.
func lose() { panic(http.ErrAbortHandler) }

func TestNewWantsAnHTTPServer(t *testing.T) {
	for _, server := range []string{"", "127.0.0.1:8080", "ftp://h", "http://", "http://h?x=1", "http://user:secret@h", "http://h\x00"} {
		_, err := client.New(server, "")
		require.Error(t, err, server)
		assert.NotContains(t, err.Error(), "secret")
	}
	c, err := client.New("https://alerts.example/revere/", "")
	require.NoError(t, err)
	assert.Equal(t, "https://alerts.example/revere", c.Server())
}

func TestACallCarriesTheTokenAndEscapesItsPath(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "Bearer revere_secret", r.Header.Get("Authorization"))
		_, _ = fmt.Fprintf(w, `{"path":%q}`, r.URL.EscapedPath())
	})
	var answer struct{ Path string }
	require.NoError(t, c.Get(t.Context(), client.Path("alerts", "a/../b c"), nil, &answer))
	assert.Equal(t, "/api/v1/alerts/a%2F..%2Fb%20c", answer.Path)
}

func TestARefusalNamesEveryProblem(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { refuse(w, 422, "invalid", "the alert was refused") })
	err := c.Get(t.Context(), "/", nil, nil)
	var p *client.Problem
	require.ErrorAs(t, err, &p)
	assert.Equal(t, "invalid", p.Code)
	assert.Equal(t, "the alert was refused\n  areas/0: no such area", err.Error())
	assert.False(t, client.Undecided(err))
}

func TestLineSaysWhereOnce(t *testing.T) {
	assert.Equal(t, "line 7, column sms: no", client.Line(alerting.Problem{Pointer: "/rows/7/sms", Detail: "line 7, column sms: no"}))
	assert.Equal(t, "sender: is required", client.Line(alerting.Problem{Pointer: "/sender", Detail: "is required"}))
	assert.Equal(t, "empty", client.Line(alerting.Problem{Detail: "empty"}))
}

func TestWhatIsNotRevereIsSaidToBe(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"a proxy":      func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "bad gateway", http.StatusBadGateway) },
		"another site": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") },
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://elsewhere.invalid/", http.StatusFound)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var answer map[string]any
			require.ErrorContains(t, serve(t, h).Get(t.Context(), "/", nil, &answer), "is --server right?")
		})
	}
}

func TestNobodyThereIsToldAtOnce(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	c, err := client.New(gone.URL, "")
	require.NoError(t, err)
	c.Repeating = func(error) { t.Error("called again where nobody is") }

	err = c.Do(t.Context(), client.Request{Method: http.MethodPost, Path: "/", Key: "k"}, nil)
	var nobody *client.Unreachable
	require.ErrorAs(t, err, &nobody)
	assert.ErrorContains(t, err, "start one with `revere serve`")
	assert.False(t, client.Undecided(err), "nothing can have been done")
}

func TestACallWithAKeyIsRepeatedUntilItsAnswerIsKnown(t *testing.T) {
	failures := map[string]func(http.ResponseWriter){
		"lost":        func(http.ResponseWriter) { lose() },
		"unavailable": func(w http.ResponseWriter) { refuse(w, 503, "unavailable", "try again") },
		"in flight":   func(w http.ResponseWriter) { refuse(w, 409, "in_flight", "being worked on") },
		"internal":    func(w http.ResponseWriter) { refuse(w, 500, "internal", "see the log") },
	}
	for name, fail := range failures {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int32
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				assert.Equal(t, "the key", r.Header.Get("Idempotency-Key"))
				assert.Equal(t, `{"a":1}`, string(body))
				if calls.Add(1) == 1 {
					fail(w)
					return
				}
				_, _ = io.WriteString(w, `{"done":true}`)
			})
			var answer struct{ Done bool }
			require.NoError(t, c.Do(t.Context(), client.Request{Method: http.MethodPost, Path: "/", Body: []byte(`{"a":1}`), Key: "the key"}, &answer))
			assert.True(t, answer.Done)
			assert.EqualValues(t, 2, calls.Load())
		})
	}
}

func TestARefusalIsNotRepeated(t *testing.T) {
	var calls atomic.Int32
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		refuse(w, 422, "idempotency_mismatch", "other body")
	})
	require.Error(t, c.Do(t.Context(), client.Request{Method: http.MethodPost, Path: "/", Key: "k"}, nil))
	assert.EqualValues(t, 1, calls.Load())
}

func TestACallWithoutAKeyIsNeverRepeated(t *testing.T) {
	var calls atomic.Int32
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		refuse(w, 503, "unavailable", "try again")
	})
	require.Error(t, c.Do(t.Context(), client.Request{Method: http.MethodPost, Path: "/"}, nil))
	assert.EqualValues(t, 1, calls.Load())
}

func TestWhoeverGivesUpKnowsThatItMayHaveBeenDone(t *testing.T) {
	t.Run("patience is over", func(t *testing.T) {
		c := serve(t, func(http.ResponseWriter, *http.Request) { lose() })
		c.Patience = time.Millisecond
		assert.True(t, client.Undecided(c.Do(t.Context(), client.Request{Method: http.MethodPost, Path: "/", Key: "k"}, nil)))
	})
	t.Run("the server went away in the middle", func(t *testing.T) {
		var server *httptest.Server
		server = httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			_ = server.Listener.Close()
			lose()
		}))
		t.Cleanup(server.Close)
		c, err := client.New(server.URL, "")
		require.NoError(t, err)
		c.Patience = 300 * time.Millisecond
		assert.True(t, client.Undecided(c.Do(t.Context(), client.Request{Method: http.MethodPost, Path: "/", Key: "k"}, nil)))
	})
	t.Run("interrupted", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c := serve(t, func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.ReadAll(r.Body) // or the server does not notice that the client leaves
			cancel()
			<-r.Context().Done()
		})
		err := c.Do(ctx, client.Request{Method: http.MethodPost, Path: "/", Key: "k", Body: []byte("{}")}, nil)
		assert.True(t, client.Undecided(err))
		assert.ErrorIs(t, err, context.Canceled)
	})
}

func TestAllGoesThroughEveryPage(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "open", r.URL.Query().Get("phase"))
		switch r.URL.Query().Get("cursor") {
		case "":
			_, _ = io.WriteString(w, `{"data":[1,2],"next_cursor":"2"}`)
		case "2":
			_, _ = io.WriteString(w, `{"data":[3],"next_cursor":null}`)
		default:
			refuse(w, 422, "invalid", "bad cursor")
		}
	})
	query := map[string][]string{"phase": {"open"}}
	var all []int
	for n, err := range client.All[int](t.Context(), c, "/", query) {
		require.NoError(t, err)
		all = append(all, n)
	}
	assert.Equal(t, []int{1, 2, 3}, all)
	assert.NotContains(t, query, "cursor", "the caller's query is left alone")
}

func TestAllEndsAtAnError(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { refuse(w, 403, "forbidden", "no") })
	var errs []error
	for _, err := range client.All[int](t.Context(), c, "/", nil) {
		errs = append(errs, err)
	}
	require.Len(t, errs, 1)
	assert.ErrorContains(t, errs[0], "no")
}
