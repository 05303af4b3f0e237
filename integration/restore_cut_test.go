package integration_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/api"
	"revere/alerting/backup"
	"revere/alerting/engine"
	"revere/alerting/tracking"
	"revere/integration/harness"
	"revere/integration/twiliosim"
	"revere/subscribers"
)

// copies are the streams of a backup, in memory.
type copies map[string]copied

type copied struct {
	engine.StreamCopy
	data []byte
}

// Stream implements backup.Target.
func (c copies) Stream(_ context.Context, s engine.StreamCopy, data io.Reader) error {
	all, err := io.ReadAll(data)
	c[s.Name] = copied{s, all}
	return err
}

// CopyStream implements backup.Source.
func (c copies) CopyStream(_ context.Context, stream string, w io.Writer) (engine.StreamCopy, error) {
	_, err := w.Write(c[stream].data)
	return c[stream].StreamCopy, err
}

// openBackup reads a backup's streams.
func openBackup(t *testing.T, file, key string) copies {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	keys := identities(t, key)
	contents, err := backup.Check(bytes.NewReader(data), keys)
	require.NoError(t, err)
	all := copies{}
	require.NoError(t, backup.Restore(t.Context(), bytes.NewReader(data), keys, contents, all))
	return all
}

func identities(t *testing.T, file string) []age.Identity {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	keys, err := backup.ParseKeys(f)
	require.NoError(t, err)
	return keys
}

// spanning writes the backup that would have been made if all between two backups had happened while it
// was: what refers to other streams is from the first, and what it refers to, which is copied last, from
// the second. A ledger of gigabytes takes minutes.
func spanning(t *testing.T, first, second, key, recipient string) (file string) {
	t.Helper()
	streams, later := openBackup(t, first, key), openBackup(t, second, key)
	order := engine.BackupOrder()
	for _, name := range order[slices.Index(order, "LEDGER")+1:] {
		streams[name] = later[name]
	}
	recipients, err := backup.ParseRecipients([]string{recipient})
	require.NoError(t, err)
	var data bytes.Buffer
	_, err = backup.Writer{Source: streams, Version: "test", Now: time.Now}.Write(t.Context(), &data, recipients)
	require.NoError(t, err)
	file = filepath.Join(t.TempDir(), "spanning.age")
	require.NoError(t, os.WriteFile(file, data.Bytes(), 0o600))
	return file
}

// spanned is a system that was restored from a backup during which an alert came and was sent to everyone,
// and possibly withdrawn: the backup's ledger knows nothing of that, and what producers published, which is
// copied later, is there. No receipt has told of a text. The system is held.
func spanned(t *testing.T, people []subscribers.Subscriber, life time.Duration, then func(w *harness.World, during api.Published)) (w *harness.World, during api.Published) {
	t.Helper()
	w = harness.New(t, harness.Options{Settings: map[string]string{"CHANNELS__SMS__RATE": "500", "CHANNELS__EMAIL__RATE": "200"}})
	key, recipient := keygen(t, w)
	w.Import(people...)
	first := backUp(t, w, recipient)
	w.Twilio.SetBehavior(twiliosim.Behavior{Receipts: twiliosim.None})
	during = w.Publish(harness.NewAlert("ma.boston").With("expires", time.Now().Add(life).Format(time.RFC3339)))
	w.Finished(during.Key)
	then(w, during)
	file := spanning(t, first, backUp(t, w, recipient), key, recipient)
	w.Kill9()
	dir := filepath.Join(t.TempDir(), "restored")
	r := restoreInto(t, w, dir, file, key)
	require.Equal(t, 0, r.Status, r.Stderr)
	w.Dir = dir
	w.Set("DATA_DIR", dir)
	w.Begin()
	return w, during
}

func asked() []subscribers.Subscriber {
	return append(crowd(20), harness.Person("mail", "ma.boston", harness.Email("clerk@boston.example")))
}

// Such an alert is taken in anew, and may have gone out: who can be asked about is told nothing twice, and
// who can't is told that it may be a repeat. Its code is still the one that people have in their hands, and
// one who answered with it has answered, and is confirmed once.
func TestWhatWasPublishedWhileABackupWasMadeMayHaveGoneOut(t *testing.T) {
	t.Parallel()
	people := asked()
	answers := people[3].Contacts[0].Address
	w, during := spanned(t, people, time.Hour, func(w *harness.World, during api.Published) {
		_, err := w.Twilio.Reply(answers, harness.SMSNumber, "ACK "+during.Code)
		require.NoError(t, err)
		harness.Soon(t, func() error { return errorUnless(len(w.SMS(answers)) == 2, "no confirmation yet") })
	})
	waiting := outlook(t, w, during.Key)
	assert.Equal(t, 21, waiting[during.Key].InDoubt, "all of it may have gone out: 20 to people who have not answered, and a confirmation")
	r := w.CLI("release", "--yes")
	require.Equal(t, 0, r.Status, r.Stderr)
	w.Finished(during.Key)
	assert.Equal(t, during.Code, w.Summary(during.Key).Code)
	for _, p := range people[:20] {
		assert.Len(t, containing(w.SMS(p.Contacts[0].Address), "Reply ACK "+during.Code), 1, "Twilio could be asked: nobody hears twice")
	}
	assert.Len(t, w.SMS(answers), 2)
	assert.True(t, verify(t, w, during.Key, 0).Agrees)
	checked(t, w, history{people: people, keys: []alerting.Key{during.Key}, acknowledged: map[alerting.Key][]string{during.Key: {people[3].ID}}})
}

// Whoever withdraws such an alert reaches everyone who may have got it, whether it is withdrawn while
// everything is held, or was before the system was lost, and also when it is over by then.
func TestAWithdrawalAfterARestoreReachesWhoMayHaveBeenTold(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ early, over bool }{"before": {early: true}, "afterwards": {}, "when it is over": {over: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			people := asked()
			var cancel api.Published
			withdraw := func(w *harness.World, during api.Published) { cancel = w.Correct(during.Key, alerting.TypeCancel, nil) }
			then := func(*harness.World, api.Published) {}
			if test.early {
				then = withdraw
			}
			life := time.Hour
			if test.over {
				life = 5 * time.Second
				then = func(*harness.World, api.Published) { time.Sleep(life) }
			}
			w, during := spanned(t, people, life, then)
			if test.over {
				over := func(s tracking.Summary) bool { return s.Key == during.Key && s.Phase == tracking.Expired }
				harness.Soon(t, func() error {
					return errorUnless(slices.ContainsFunc(w.Alerts(), over), "it is not taken in again and over")
				})
			} else if !test.early {
				outlook(t, w, during.Key)
			}
			if !test.early {
				withdraw(w, during)
			}
			outlook(t, w, cancel.Key)
			r := w.CLI("release", "--yes")
			require.Equal(t, 0, r.Status, r.Stderr)
			w.Finished(cancel.Key)
			for _, p := range people[:20] {
				assert.Len(t, containing(w.SMS(p.Contacts[0].Address), "FALSE ALARM"), 1)
			}
			assert.NotEmpty(t, w.Mails("clerk@boston.example"))
			checked(t, w, history{people: people, keys: []alerting.Key{during.Key}, corrections: []alerting.Key{cancel.Key}})
		})
	}
}
