package access_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/access"
)

// Only a secret that was given out opens anything, byte for byte.
func FuzzAuthenticate(f *testing.F) {
	book := access.NewBook()
	secret, token, err := access.New("state", access.Producer, []alerting.Area{"ma.statewide"}, time.Unix(0, 0))
	require.NoError(f, err)
	change := token.Put()
	book.Apply(change.ID, change.Value)
	for _, seed := range []string{secret, secret + " ", secret[:len(secret)-1], token.ID, token.Hash, "revere_", "", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, given string) {
		_, known := book.Authenticate(given)
		require.Equal(t, given == secret, known)
		areas, may := book.Producer(given)
		require.Equal(t, known, may)
		require.Equal(t, known, len(areas) > 0)
	})
}

// A change that can't be read, whatever wrote it, lets nobody in.
func FuzzApply(f *testing.F) {
	secret, token, err := access.New("state", access.Viewer, nil, time.Unix(0, 0))
	require.NoError(f, err)
	f.Add("t1", token.Put().Value)
	f.Add("t1", []byte(`{"hash":""}`))
	f.Add("t1", []byte(`null`))
	f.Add("", []byte(`{"role":"admin"}`))
	f.Fuzz(func(t *testing.T, id string, value []byte) {
		book := access.NewBook()
		book.Apply(id, value)
		_, nothing := book.Authenticate("")
		require.False(t, nothing)
		for _, listed := range book.List() {
			require.Empty(t, listed.Hash, "the list tells hashes")
		}
		book.Apply(id, nil)
		_, known := book.Authenticate(secret)
		require.False(t, known, "it was taken away")
	})
}
