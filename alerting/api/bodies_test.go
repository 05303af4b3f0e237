package api_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Large alerts are taken in as many at once as memory has room for: one more waits for its turn, and small ones
// do not.
func TestLargeBodiesTakeTurns(t *testing.T) {
	r := newRig(t)
	var held []net.Conn
	for range 64 { // of 512 KiB each, which never come: 32 MiB in all
		conn := r.dial(t)
		_, err := fmt.Fprintf(conn, "POST /api/v1/alerts HTTP/1.1\r\nHost: revere\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n{", r.tokens["admin"], 512<<10)
		require.NoError(t, err)
		held = append(held, conn)
	}
	publish := func(body string) (status int, err error) {
		request, err := http.NewRequest(http.MethodPost, r.URL+"/api/v1/alerts", strings.NewReader(body))
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+r.tokens["admin"])
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return 0, err
		}
		return response.StatusCode, response.Body.Close()
	}
	large := make(chan int, 1)
	time.Sleep(300 * time.Millisecond) // until the others are in hand
	go func() {
		status, err := publish(alertWith(map[string]any{"description": strings.Repeat("x", 200_000)}))
		assert.NoError(t, err)
		large <- status
	}()
	status, err := publish(alertWith(nil))
	require.NoError(t, err)
	require.Equal(t, http.StatusAccepted, status)
	select {
	case <-large:
		t.Fatal("there is no room for it")
	case <-time.After(300 * time.Millisecond):
	}
	require.NoError(t, held[0].Close())
	select {
	case status := <-large:
		assert.Equal(t, http.StatusAccepted, status)
	case <-time.After(10 * time.Second):
		t.Fatal("it had no turn")
	}
}
