package client

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whatever a server streams, reading it ends, and ends the same however it is cut into packets.
func FuzzReadEvents(f *testing.F) {
	f.Add([]byte("id: 1\nevent: opened\ndata: {}\n\n"))
	f.Add([]byte(": heartbeat\n\ndata\ndata:\r\n\r\n"))
	f.Add([]byte("data: no end"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		read := func(r io.Reader) (events []Event) {
			err := readEvents(r, func(e Event) error {
				events = append(events, e)
				return nil
			})
			require.ErrorIs(t, err, io.EOF)
			return events
		}
		events := read(bytes.NewReader(stream))
		assert.Equal(t, events, read(iotest.OneByteReader(bytes.NewReader(stream))))
		for _, e := range events {
			assert.False(t, strings.ContainsAny(e.ID+e.Name, "\n"))
		}
	})
}
