package email_test

import (
	"bufio"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"revere/channels/channelstest"
	"revere/integration/smtpsim"
)

// Connections that say nothing keep others out of the listener for reports, and no more of them are held
// open than it bears; when they go there is room again.
func TestSilentConnectionsToTheListenerAreFew(t *testing.T) {
	server := run(t, &smtpsim.Server{})
	addr := serve(t, open(t, configure(t, server, withBounces)), new(channelstest.Inbox))
	greeted := func() (net.Conn, string) {
		conn, err := net.Dial("tcp", addr)
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
		line, err := bufio.NewReader(conn).ReadString('\n')
		require.NoError(t, err)
		return conn, line
	}
	var held []net.Conn
	for range 20 {
		conn, line := greeted()
		require.True(t, strings.HasPrefix(line, "220 "), line)
		held = append(held, conn)
	}
	_, line := greeted()
	require.True(t, strings.HasPrefix(line, "421 4.3.2 "), line)
	for _, conn := range held {
		require.NoError(t, conn.Close())
	}
	require.Eventually(t, func() bool {
		_, line := greeted()
		return strings.HasPrefix(line, "220 ")
	}, 10*time.Second, 20*time.Millisecond)
}
