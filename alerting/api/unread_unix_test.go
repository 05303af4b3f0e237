//go:build linux || darwin

package api_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting/api"
)

// A connection is not idle whose next request lies unread, though its server does not know it yet: on a machine in a
// flood that takes a while. It is not closed to make room; once it is idle indeed, it is.
func TestARequestThatLiesUnreadKeepsItsConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http.Server{}
	limited := api.Limit(server, l, 1)
	t.Cleanup(func() { assert.NoError(t, limited.Close()) })
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
		return conn
	}
	client := dial()
	served, err := limited.Accept()
	require.NoError(t, err)
	accepted := make(chan net.Conn)
	go func() {
		conn, err := limited.Accept()
		if assert.NoError(t, err) {
			accepted <- conn
		}
	}()
	server.ConnState(served, http.StateIdle)
	_, err = io.WriteString(client, "GET /")
	require.NoError(t, err)
	time.Sleep(2100 * time.Millisecond) // its state alone would make it idle by now

	refused := dial()
	_, err = io.WriteString(refused, "GET / HTTP/1.1\r\nHost: revere\r\n\r\n")
	require.NoError(t, err)
	response, err := http.ReadResponse(bufio.NewReader(refused), nil)
	require.NoError(t, err)
	assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	request := make([]byte, 5)
	_, err = io.ReadFull(served, request)
	require.NoError(t, err, "it is still open")
	assert.Equal(t, "GET /", string(request))

	dial()
	<-accepted
	_, err = client.Read(request)
	assert.ErrorIs(t, err, io.EOF, "it made room")
}
