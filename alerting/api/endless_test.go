package api_test

import (
	"bufio"
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// Who lists the rejected messages again and again uses nothing up.
func TestRejectedCanBeListedWithoutEnd(t *testing.T) {
	r := newRig(t)
	for range 1500 {
		r.must(200, "viewer", "GET", "/api/v1/rejected", "")
	}
}

// Who watches an alert, leaves and comes back uses nothing up either.
func TestEventsCanBeFollowedWithoutEnd(t *testing.T) {
	r := newRig(t)
	p := r.publish("admin", nil)
	for range 1100 {
		ctx, cancel := context.WithCancel(t.Context())
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL+"/api/v1/alerts/"+string(p.Key)+"/events", nil)
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+r.tokens["viewer"])
		response, err := r.Client().Do(request)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, response.StatusCode)
		_, err = bufio.NewReader(response.Body).ReadString('\n') // it has begun
		require.NoError(t, err)
		cancel()
		require.NoError(t, response.Body.Close())
	}
}
