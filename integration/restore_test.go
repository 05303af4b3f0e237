package integration_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/recovery"
	"revere/integration/harness"
)

// keygen makes a key, and returns the file of the secret one and the public one.
func keygen(t *testing.T, w *harness.World) (file, recipient string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "backup.key")
	r := w.CLI("keygen", file)
	require.Equal(t, 0, r.Status, r.Stderr)
	return file, strings.TrimSpace(r.Stdout)
}

// backUp backs the running service up.
func backUp(t *testing.T, w *harness.World, recipient string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "revere.age")
	r := w.CLI("backup", file, "--recipient", recipient)
	require.Equal(t, 0, r.Status, r.Stderr)
	return file
}

// restoreInto restores a backup as the service's next data directory.
func restoreInto(t *testing.T, w *harness.World, dir, file, key string) harness.Result {
	t.Helper()
	return w.Command("", []string{"REVERE_DATA_DIR=" + dir}, "restore", file, "--identity-file", key)
}

// The service is backed up in the middle of a blast, goes on, and is lost. What was restored from the
// backup sends nothing until it is released, knows what may have gone out since, and tells nobody
// twice whose provider can be asked.
func TestARestoredSystemIsHeldAndSendsNothingTwice(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{Settings: map[string]string{"CHANNELS__SMS__RATE": "4", "CHANNELS__EMAIL__RATE": "1"}})
	key, recipient := keygen(t, w)
	people := crowd(20)
	for i := range 4 {
		people = append(people, harness.Person(fmt.Sprintf("mail-%d", i), "ma.boston", harness.Email(fmt.Sprintf("clerk-%d@boston.example", i))))
	}
	w.Import(people...)
	first := w.Publish(harness.NewAlert("ma.boston").With("event", "First"))
	harness.Soon(t, func() error {
		return errorUnless(len(w.Twilio.Messages()) >= 3 && len(w.SMTP.Mails()) >= 1, "nothing has gone out yet")
	})
	w.Acknowledge(first.Key, "clerk-000", "")
	file := backUp(t, w, recipient)
	require.Less(t, len(w.Twilio.Messages()), 20, "the backup came too late to show anything")
	w.Finished(first.Key)
	lost := w.Publish(harness.NewAlert("ma.boston").With("event", "Lost"))
	w.Kill9()

	dir := filepath.Join(t.TempDir(), "restored")
	r := restoreInto(t, w, dir, file, key)
	require.Equal(t, 0, r.Status, r.Stderr)
	assert.Contains(t, r.Stdout, "Nothing is sent yet")
	w.Dir = dir
	for k, v := range map[string]string{"DATA_DIR": dir, "CHANNELS__SMS__RATE": "500", "CHANNELS__EMAIL__RATE": "200"} {
		w.Set(k, v)
	}
	texts, mailed := len(w.Twilio.Messages()), len(w.SMTP.Mails()) // some of what was lost may have gone out
	w.Begin()

	second := w.Publish(harness.NewAlert("ma.boston").With("event", "Second"))
	require.NotEmpty(t, second.Warnings)
	assert.Equal(t, alerting.CodeHeld, second.Warnings[0].Code)
	assert.Greater(t, len(second.Key), len(lost.Key), "no key of the system before is given again")
	waiting := outlook(t, w, second.Key)
	assert.Equal(t, 24, waiting[second.Key].Due)
	assert.Zero(t, waiting[second.Key].InDoubt)
	assert.NotZero(t, waiting[first.Key].InDoubt, "what was due at the backup may have gone out since")
	assert.Equal(t, waiting[first.Key].InDoubt, waiting[first.Key].Due)
	assert.Equal(t, 1, w.Summary(first.Key).Acknowledged, "an answer before the backup is there")
	heldEverywhere(t, w)
	assert.Len(t, w.Twilio.Messages(), texts, "nothing goes out while it is held")
	assert.Len(t, w.SMTP.Mails(), mailed)

	r = w.CLI("release")
	assert.Equal(t, 2, r.Status, "a script that says nothing releases nothing")
	r = w.CLI("release", "--yes")
	require.Equal(t, 0, r.Status, r.Stderr)
	w.Finished(first.Key)
	w.Finished(second.Key)
	for _, p := range people[:20] {
		assert.Len(t, containing(w.SMS(p.Contacts[0].Address), "ACK "+first.Code), 1, "Twilio could be asked: nobody hears twice")
	}
	for _, p := range people[20:] {
		assert.LessOrEqual(t, len(w.Mails(p.Contacts[0].Address)), 4)
	}
	checked(t, w, history{
		people: people, keys: []alerting.Key{first.Key, second.Key}, acknowledged: map[alerting.Key][]string{first.Key: {"clerk-000"}},
		lost: []alerting.Key{lost.Key},
	})
	assert.Contains(t, w.Log.String(), "released")
	w.Restart()
	assert.NotContains(t, string(w.Call(http.StatusOK, harness.Request{Method: http.MethodGet, Path: "/readyz"}).Body), "held")
}

func containing(texts []string, word string) (found []string) {
	for _, text := range texts {
		if strings.Contains(text, word) {
			found = append(found, text)
		}
	}
	return found
}

// outlook waits until an alert is expanded, and returns what would go out.
func outlook(t *testing.T, w *harness.World, key alerting.Key) map[alerting.Key]recovery.Waiting {
	t.Helper()
	waiting := map[alerting.Key]recovery.Waiting{}
	harness.Soon(t, func() error {
		r := w.CLI("release", "--dry-run", "--json")
		require.Equal(t, 0, r.Status, r.Stderr)
		var state recovery.State
		require.NoError(t, json.Unmarshal([]byte(r.Stdout), &state))
		for _, x := range state.Waiting {
			waiting[x.Key] = x
		}
		return errorUnless(waiting[key].Due > 0, "nothing waits")
	})
	return waiting
}

// heldEverywhere makes sure that whoever looks sees that nothing is sent.
func heldEverywhere(t *testing.T, w *harness.World) {
	t.Helper()
	assert.Contains(t, string(w.Call(http.StatusOK, harness.Request{Method: http.MethodGet, Path: "/readyz"}).Body), "held")
	assert.Contains(t, string(w.Call(http.StatusOK, harness.Request{Method: http.MethodGet, Path: "/metrics"}).Body), "\nrevere_held 1\n")
	assert.Contains(t, w.Log.String(), "held: this system was restored from a backup")
	assert.Contains(t, w.CLI("check").Stdout, "revere release")
}

// What can't be restored whole is not restored at all, and the reason is told.
func TestARestoreIsAllOrNothing(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{InProcess: true})
	w.Import(harness.Person("clerk", "ma.boston", harness.SMS(harness.Phone(1))))
	key, recipient := keygen(t, w)
	other, _ := keygen(t, w)
	file := backUp(t, w, recipient)
	whole, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.NotContains(t, string(whole), "clerk", "it is encrypted")
	full := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(full, "notes.txt"), nil, 0o600))
	damage := func(change func([]byte) []byte) string {
		path := filepath.Join(t.TempDir(), "damaged.age")
		require.NoError(t, os.WriteFile(path, change(append([]byte(nil), whole...)), 0o600))
		return path
	}
	for name, c := range map[string]struct{ dir, file, key, says string }{
		"another key":            {"", file, other, "the key"},
		"cut short":              {"", damage(func(b []byte) []byte { return b[:len(b)*2/3] }), key, "damaged"},
		"a bit turned":           {"", damage(func(b []byte) []byte { b[len(b)/2] ^= 1; return b }), key, "damaged"},
		"no backup":              {"", damage(func([]byte) []byte { return []byte("hello") }), key, "can't be opened"},
		"a directory with files": {full, file, key, "not empty"},
		"the service's own":      {w.Dir, file, key, "not empty"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := c.dir
			if dir == "" {
				dir = filepath.Join(t.TempDir(), "data")
			}
			r := restoreInto(t, w.For(t), dir, c.file, c.key)
			assert.Equal(t, 1, r.Status)
			assert.Contains(t, r.Stderr, c.says)
			assert.NoDirExists(t, filepath.Join(dir, "restoring"))
			if c.dir == "" {
				assert.NoFileExists(t, filepath.Join(dir, "admin.token"))
				assert.NoDirExists(t, filepath.Join(dir, "jetstream"))
			}
		})
	}
	r := w.Command("", nil, "restore", file, "--identity-file", key, "--dry-run")
	assert.Equal(t, 0, r.Status, r.Stderr)
	assert.Contains(t, r.Stdout, "is complete")
}

// Only an admin may have a backup, and only for a public key.
func TestWhoMayHaveABackup(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{InProcess: true, Empty: true})
	_, recipient := keygen(t, w)
	made := w.CLI("tokens", "new", "--role", "producer", "--areas", "ma", "--json")
	require.Equal(t, 0, made.Status, made.Stderr)
	var token struct{ Secret string }
	require.NoError(t, json.Unmarshal([]byte(made.Stdout), &token))
	order := map[string]any{"recipients": []string{recipient}}
	w.Call(http.StatusForbidden, harness.Request{Method: http.MethodPost, Path: "/api/v1/backup", Token: token.Secret, Body: order})
	w.Call(http.StatusForbidden, harness.Request{Method: http.MethodPost, Path: "/api/v1/hold/release", Token: token.Secret})
	w.Call(http.StatusUnprocessableEntity, harness.Request{Method: http.MethodPost, Path: "/api/v1/backup", Body: map[string]any{"recipients": []string{"age1nonsense"}}})
	w.Call(http.StatusOK, harness.Request{Method: http.MethodPost, Path: "/api/v1/backup", Body: order})
}
