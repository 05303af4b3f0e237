package smtpsim

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever is sent is kept whole, or refused.
func FuzzParse(f *testing.F) {
	f.Add([]byte("Subject: hi\r\n\r\nbody\r\n"))
	f.Add([]byte("Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=nonsense\r\n\r\nx\r\n--b--\r\n"))
	f.Add([]byte("Content-Transfer-Encoding: base64\r\n\r\n!!!"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parse(data)
		if err == nil {
			require.Equal(t, data, m.Data)
		}
	})
}
