package engine_test

import (
	"bytes"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/engine"
)

// A fragile way to a server breaks once: where the client first writes some words. With passed they
// reach the server before, and its answer is lost.
type fragile struct {
	words  string
	passed bool
	broken atomic.Bool
}

// listen takes connections and returns the URL to reach the server by.
func (f *fragile) listen(t *testing.T, server string) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go f.carry(client, server)
		}
	}()
	return "nats://" + listener.Addr().String()
}

func (f *fragile) carry(client net.Conn, address string) {
	defer client.Close()
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer server.Close()
	var mute atomic.Bool // what the server says is lost
	go func() {
		defer client.Close()
		chunk := make([]byte, 64<<10)
		for {
			n, err := server.Read(chunk)
			if err != nil || mute.Load() {
				return
			}
			if _, err := client.Write(chunk[:n]); err != nil {
				return
			}
		}
	}()
	chunk := make([]byte, 64<<10)
	for {
		n, err := client.Read(chunk)
		if err != nil {
			return
		}
		breaks := bytes.Contains(chunk[:n], []byte(f.words)) && !f.broken.Swap(true)
		if breaks && !f.passed {
			return
		}
		mute.Store(breaks)
		if _, err := server.Write(chunk[:n]); err != nil {
			return
		}
		if breaks {
			_, _ = io.Copy(io.Discard, client) // the answer ends the connection
			return
		}
	}
}

// A connection that breaks in the middle, as it does when a server is lost, costs a restore some time and
// nothing else, whichever of its writes was on the way and whether or not it had arrived.
func TestARestoreGoesThroughALostConnection(t *testing.T) {
	t.Parallel()
	before := open(t)
	_, err := before.Submit(t.Context(), "ma.boston", "desk", []byte("x"))
	require.NoError(t, err)
	all := copyAll(t, before)
	for _, words := range []string{
		"STREAM.UPDATE.RESTORING", "STREAM.CREATE.RESTORING", "STREAM.UPDATE.ALERTS", "alerts.restored", "STREAM.PURGE.ALERTS", "$KV.KEEP.hold",
		"STREAM.DELETE.RESTORING",
	} {
		for how, passed := range map[string]bool{"lost": false, "answer lost": true} {
			t.Run(words+" "+how, func(t *testing.T) {
				t.Parallel()
				elsewhere := clusterOfOne(t)
				way := &fragile{words: words, passed: passed}
				config := engine.ClusterConfig{URL: way.listen(t, elsewhere.Addr().String()), Replicas: 1}
				r, err := engine.RestoreCluster(t.Context(), config, zerolog.Nop())
				require.NoError(t, err)
				defer r.Close()
				for _, stream := range all {
					require.NoError(t, r.Stream(t.Context(), stream.StreamCopy, bytes.NewReader(stream.data)))
				}
				require.NoError(t, r.Finish(t.Context(), alerting.Hold{Since: time.Now()}))
				assert.True(t, way.broken.Load(), "it never wrote that")
				after, err := engine.Connect(t.Context(), config, zerolog.Nop())
				require.NoError(t, err)
				defer after.Close()
				hold, err := after.Hold(t.Context())
				require.NoError(t, err)
				assert.True(t, hold.Held())
				assert.Equal(t, uint64(1), hold.Through)
				n, err := after.Waiting(t.Context())
				require.NoError(t, err)
				assert.Equal(t, 1, n)
				next, err := after.Submit(t.Context(), "ma.boston", "desk", []byte("later"))
				require.NoError(t, err)
				assert.Equal(t, uint64(10_002), next, "as many keys are skipped as without it")
			})
		}
	}
}
