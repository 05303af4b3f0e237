package backup_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/backup"
	"revere/alerting/engine"
)

var made = time.Date(2026, 11, 3, 7, 12, 0, 0, time.UTC)

// streams are a source and a target in memory.
type streams map[string][]byte

func (s streams) CopyStream(_ context.Context, stream string, w io.Writer) (engine.StreamCopy, error) {
	data, ok := s[stream]
	if !ok {
		return engine.StreamCopy{}, errors.New("no stream " + stream)
	}
	for len(data) > 0 { // as it comes: in pieces of any size
		n := min(len(data), 100_000)
		if _, err := w.Write(data[:n]); err != nil {
			return engine.StreamCopy{}, err
		}
		data = data[n:]
	}
	return engine.StreamCopy{Name: stream, Config: json.RawMessage(`{"name":"` + stream + `"}`), State: json.RawMessage(`{"messages":2}`)}, nil
}

func (s streams) Stream(_ context.Context, copied engine.StreamCopy, data io.Reader) (err error) {
	s[copied.Name], err = io.ReadAll(data)
	return err
}

// sample has streams that lie in one piece and in several.
func sample() streams {
	all := streams{}
	for i, name := range engine.BackupOrder() {
		all[name] = make([]byte, 10+i*200_000)
		rand.Read(all[name])
	}
	return all
}

func newKey(t testing.TB) ([]age.Identity, []age.Recipient) {
	t.Helper()
	file, recipient, err := backup.NewKey(made)
	require.NoError(t, err)
	keys, err := backup.ParseKeys(strings.NewReader(file))
	require.NoError(t, err)
	recipients, err := backup.ParseRecipients([]string{recipient})
	require.NoError(t, err)
	return keys, recipients
}

func write(t testing.TB, source backup.Source, recipients []age.Recipient) []byte {
	t.Helper()
	var file bytes.Buffer
	_, err := backup.Writer{Source: source, Version: "test", Now: func() time.Time { return made }}.Write(context.Background(), &file, recipients)
	require.NoError(t, err)
	return file.Bytes()
}

func TestWhatWasBackedUpIsRestored(t *testing.T) {
	keys, recipients := newKey(t)
	before, after := sample(), streams{}
	file := write(t, before, recipients)
	contents, err := backup.Check(bytes.NewReader(file), keys)
	require.NoError(t, err)
	assert.True(t, contents.Made.Equal(made))
	assert.Equal(t, uint64(2*len(before)), contents.Messages())
	require.NoError(t, backup.Restore(t.Context(), bytes.NewReader(file), keys, contents, after))
	assert.Equal(t, before, after)
}

func TestABackupThatIsBrokenOffIsNone(t *testing.T) {
	keys, recipients := newKey(t)
	source := sample()
	delete(source, "LEDGER")
	var file bytes.Buffer
	_, err := backup.Writer{Source: source, Now: time.Now}.Write(t.Context(), &file, recipients)
	require.Error(t, err)
	_, err = backup.Check(&file, keys)
	require.Error(t, err)
}

// Wherever a file is cut or changed, it is noticed before anything is restored.
func TestDamageIsNoticed(t *testing.T) {
	keys, recipients := newKey(t)
	whole := write(t, sample(), recipients)
	for at := 1; at < len(whole); at += len(whole)/40 + 1 {
		_, err := backup.Check(bytes.NewReader(whole[:at]), keys)
		require.Error(t, err, "cut at %d", at)
		turned := bytes.Clone(whole)
		turned[at] ^= 0x10
		_, err = backup.Check(bytes.NewReader(turned), keys)
		require.Error(t, err, "changed at %d", at)
	}
}

// Another file than was checked is not restored, nor is the target kept.
func TestAFileThatChangesWhileItIsRestored(t *testing.T) {
	keys, recipients := newKey(t)
	contents, err := backup.Check(bytes.NewReader(write(t, sample(), recipients)), keys)
	require.NoError(t, err)
	other := write(t, sample(), recipients)
	err = backup.Restore(t.Context(), bytes.NewReader(other), keys, contents, streams{})
	assert.Equal(t, alerting.CodeMalformed, alerting.CodeOf(err))
}

type full struct{}

func (full) Stream(context.Context, engine.StreamCopy, io.Reader) error {
	return errors.New("the disk is full")
}

func TestATargetThatTakesNoMore(t *testing.T) {
	keys, recipients := newKey(t)
	file := write(t, sample(), recipients)
	contents, err := backup.Check(bytes.NewReader(file), keys)
	require.NoError(t, err)
	assert.ErrorContains(t, backup.Restore(t.Context(), bytes.NewReader(file), keys, contents, full{}), "the disk is full")
}

func TestKeysAreToldApart(t *testing.T) {
	file, recipient, err := backup.NewKey(made)
	require.NoError(t, err)
	secret := file[strings.Index(file, "AGE-SECRET-KEY-"):]
	_, err = backup.ParseRecipients([]string{strings.TrimSpace(secret)})
	require.ErrorContains(t, err, "no secret any more")
	assert.NotContains(t, err.Error(), strings.TrimSpace(secret))
	_, err = backup.ParseKeys(strings.NewReader(recipient))
	require.Error(t, err)
	_, err = backup.ParseRecipients([]string{"age1x", recipient, "hello"})
	require.ErrorContains(t, err, "age1x")
	assert.ErrorContains(t, err, "hello")
	_, err = backup.ParseRecipients(nil)
	assert.Equal(t, alerting.CodeMissing, alerting.CodeOf(err))
}

// What is inside, whoever sealed it: either all of it is as its contents say, or nothing is taken.
func FuzzCheck(f *testing.F) {
	keys, recipients := newKey(f)
	small := streams{}
	for _, name := range engine.BackupOrder() {
		small[name] = []byte(name)
	}
	opened, err := age.Decrypt(bytes.NewReader(write(f, small, recipients)), keys...)
	require.NoError(f, err)
	archive, err := io.ReadAll(opened)
	require.NoError(f, err)
	f.Add(archive)
	f.Add(archive[:len(archive)/2])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, archive []byte) {
		contents, err := backup.CheckOpened(bytes.NewReader(archive))
		if err != nil {
			return
		}
		after := streams{}
		require.NoError(t, backup.RestoreOpened(context.Background(), bytes.NewReader(archive), contents, after))
		for _, s := range contents.Streams {
			require.Contains(t, after, s.Name)
		}
	})
}
