package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/cmd/revere/client"
)

var errEnough = errors.New("enough")

// follow reads what a server streams, until the server refuses or enough events came.
func follow(t *testing.T, enough int, h http.HandlerFunc) (events []client.Event, broken int, err error) {
	t.Helper()
	c := serve(t, h)
	err = c.Follow(t.Context(), "/", func(e client.Event) error {
		events = append(events, e)
		if len(events) == enough {
			return errEnough
		}
		return nil
	}, func(error) { broken++ })
	return events, broken, err
}

func TestEventsAreReadAsTheStandardSays(t *testing.T) {
	stream := ": hello\nretry: 2000\n\n" +
		"id: 1\nevent: opened\ndata: {\"a\":1}\n\n" +
		": heartbeat\n\n" +
		"id:2\r\ndata:one\r\ndata: two\r\n\r\n" +
		"id: 3\nevent: nothing\n\n" + // without data it is no event
		"data\n\n" +
		"id: 4\ndata: the end breaks off"
	events, _, err := follow(t, 3, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, stream) })
	require.ErrorIs(t, err, errEnough)
	assert.Equal(t, []client.Event{
		{ID: "1", Name: "opened", Data: []byte(`{"a":1}`)},
		{ID: "2", Name: "message", Data: []byte("one\ntwo")},
		{Name: "message"},
	}, events)
}

func TestABrokenStreamGoesOnBehindItsLastEvent(t *testing.T) {
	var asked []string
	events, broken, err := follow(t, 4, func(w http.ResponseWriter, r *http.Request) {
		last := r.Header.Get("Last-Event-ID")
		asked = append(asked, last)
		n := len(last)
		_, _ = fmt.Fprintf(w, "id: e%d\ndata: d\n\nid: x%s\ndata: d\n\n", n, strings.Repeat("y", n))
	})
	require.ErrorIs(t, err, errEnough)
	assert.Len(t, events, 4)
	assert.Equal(t, []string{"", "x"}, asked)
	assert.Equal(t, 1, broken)
}

func TestFollowWaitsForAServerThatRestarts(t *testing.T) {
	calls := 0
	_, broken, err := follow(t, 2, func(w http.ResponseWriter, _ *http.Request) {
		switch calls++; calls {
		case 2:
			refuse(w, 503, "unavailable", "starting")
		default:
			_, _ = fmt.Fprintf(w, "id: %d\ndata: d\n\n", calls)
		}
	})
	require.ErrorIs(t, err, errEnough)
	assert.Equal(t, 2, broken)
}

func TestFollowEndsWhereItIsRefused(t *testing.T) {
	_, broken, err := follow(t, 1, func(w http.ResponseWriter, _ *http.Request) { refuse(w, 404, "not_found", "no such alert") })
	require.ErrorContains(t, err, "no such alert")
	assert.Zero(t, broken)
}

func TestFollowEndsWhereNobodyIs(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	c, err := client.New(gone.URL, "")
	require.NoError(t, err)
	err = c.Follow(t.Context(), "/", func(client.Event) error { return nil }, func(error) { t.Error("tried again") })
	var nobody *client.Unreachable
	require.ErrorAs(t, err, &nobody)
}

func TestFollowEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "data: d\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	err := c.Follow(ctx, "/", func(client.Event) error { cancel(); return nil }, func(error) { t.Error("tried again") })
	require.ErrorIs(t, err, context.Canceled)
}
