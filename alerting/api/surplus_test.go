package api_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/api"
)

// occupied is a rig on which as many clients as may be are at work.
func occupied(t *testing.T, most int) (r *rig, held []net.Conn) {
	r = newRig(t, func(r *rig) { r.most = most })
	for range most {
		conn := r.dial(t)
		_, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nX-Slow: ")
		require.NoError(t, err)
		held = append(held, conn)
	}
	return r, held
}

// A client for whom there is no room hears so, in the form of every other failure and with the time to come
// again, however much it had to say; and has its turn when another is done.
func TestASurplusClientIsToldToComeAgain(t *testing.T) {
	r, held := occupied(t, 2)
	for _, body := range []string{"", alertWith(nil), alertWith(map[string]any{"description": strings.Repeat("x", 200_000)})} {
		conn := r.dial(t)
		_, err := fmt.Fprintf(conn, "POST /api/v1/alerts HTTP/1.1\r\nHost: revere\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		require.NoError(t, err, "it is heard to the end")
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
		assert.Equal(t, "application/problem+json", response.Header.Get("Content-Type"))
		assert.Equal(t, "5", response.Header.Get("Retry-After"))
		assert.True(t, response.Close)
		var p api.ProblemDocument
		require.NoError(t, json.NewDecoder(response.Body).Decode(&p))
		assert.Equal(t, http.StatusServiceUnavailable, p.Status)
		assert.Equal(t, alerting.CodeUnavailable, p.Code)
		assert.Contains(t, p.Detail, "2 clients")
		assert.NotNil(t, p.Errors)
	}
	require.NoError(t, held[0].Close())
	require.Eventually(t, func() bool { return answers(r.dial(t)) }, 10*time.Second, 10*time.Millisecond)
}

// Hundreds at once, more than are refused at a time, all have an answer.
func TestEachOfManySurplusClientsHasAnAnswer(t *testing.T) {
	r, _ := occupied(t, 2)
	client := &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
	defer client.CloseIdleConnections()
	body := alertWith(map[string]any{"description": strings.Repeat("x", 10_000)})
	var all sync.WaitGroup
	for range 800 {
		all.Go(func() {
			response, err := client.Post(r.URL+"/api/v1/alerts", "application/json", strings.NewReader(body))
			if !assert.NoError(t, err) {
				return
			}
			defer response.Body.Close()
			assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
			answer, err := io.ReadAll(response.Body)
			assert.NoError(t, err)
			assert.Contains(t, string(answer), `"code":"unavailable"`)
		})
	}
	all.Wait()
}

// Who is refused and says nothing, or never hangs up, is hung up on; so the others are not kept waiting long.
func TestSurplusClientsAreNotWaitedForLong(t *testing.T) {
	r, _ := occupied(t, 2)
	silent, lingering := r.dial(t), r.dial(t)
	_, err := io.WriteString(lingering, "GET /healthz HTTP/1.1\r\nHost: revere\r\n\r\n")
	require.NoError(t, err)
	begun := time.Now()
	said, err := io.ReadAll(silent)
	require.NoError(t, err)
	assert.Empty(t, said)
	said, err = io.ReadAll(lingering)
	require.NoError(t, err)
	assert.Contains(t, string(said), "HTTP/1.1 503 Service Unavailable\r\n")
	require.Eventually(t, func() bool {
		_, err := lingering.Write([]byte("x"))
		return err != nil
	}, 15*time.Second, 100*time.Millisecond)
	assert.Less(t, time.Since(begun), 15*time.Second)
}
