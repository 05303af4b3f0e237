//go:build linux

package integration_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/integration/harness"
)

// smallDisk mounts a disk of 64 MiB, which takes root.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64m"); err != nil {
		t.Skipf("no disk can be mounted here (%v); alerting/engine tests the same with an injected one", err)
	}
	t.Cleanup(func() { assert.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	return dir
}

// On a disk that is nearly full nothing new is taken, whichever way it comes; what was accepted goes out to
// its end and is answered; and when there is room again everything goes on by itself.
func TestDiskNearlyFull(t *testing.T) {
	disk := smallDisk(t)
	w := harness.New(t, harness.Options{InProcess: true, Dir: filepath.Join(disk, "data"), Settings: map[string]string{
		"ADMISSION__DISK_RESERVE": "16", "CHANNELS__SMS__RATE": "100",
	}})
	people := crowd(300)
	w.Import(people...)
	before := w.Publish(harness.NewAlert("ma.boston"))
	harness.Soon(t, func() error { return errorUnless(len(w.Twilio.Messages()) > 0, "nothing goes out") })

	ballast := filepath.Join(disk, "ballast")
	require.NoError(t, os.WriteFile(ballast, make([]byte, 52<<20), 0o600))
	harness.Soon(t, func() error { return refusing(w, true) })
	for path, body := range map[string]any{"/api/v1/alerts": harness.NewAlert("ma.boston"), "/api/v1/subscribers/import": []any{}} {
		a := w.Call(http.StatusInsufficientStorage, harness.Request{Method: "POST", Path: path, Body: body})
		assert.Contains(t, string(a.Body), `"code":"storage_full"`)
		assert.NotEmpty(t, a.Header.Get("Retry-After"))
	}
	harness.Soon(t, func() error {
		if err := publishes(t, w); err == nil || !strings.Contains(err.Error(), "maximum bytes exceeded") {
			return fmt.Errorf("a producer was answered %v", err)
		}
		return nil
	})
	require.Less(t, len(w.Twilio.Messages()), len(people), "the disk was full too late to show anything")
	w.Finished(before.Key)
	w.Acknowledge(before.Key, people[0].ID, "")
	require.NotNil(t, w.Person(before.Key, people[0].ID).Answer)
	checked(t, w, history{people: people, keys: []alerting.Key{before.Key}, acknowledged: map[alerting.Key][]string{before.Key: {people[0].ID}}})
	require.NoError(t, refusing(w, true))
	assert.Contains(t, w.Log.String(), "the disk is nearly full")

	require.NoError(t, os.Remove(ballast))
	harness.Soon(t, func() error { return refusing(w, false) })
	harness.Soon(t, func() error { return publishes(t, w) })
	w.Finished(w.Publish(harness.NewAlert("ma.boston")).Key)
}

// refusing says whether the service tells whoever asks if it is ready that it takes nothing new.
func refusing(w *harness.World, want bool) error {
	a, err := w.Try(harness.Request{Method: "GET", Path: "/readyz"})
	if err != nil {
		return err
	}
	if a.Status != http.StatusOK || strings.Contains(string(a.Body), "refusing") != want {
		return fmt.Errorf("HTTP %d: %s", a.Status, a.Body)
	}
	return nil
}

// publishes says how a producer's publish over NATS was answered; nil for an acknowledgement.
func publishes(t *testing.T, w *harness.World) error {
	conn, err := nats.Connect(w.NATSURL(), nats.MaxReconnects(0))
	require.NoError(t, err)
	defer conn.Close()
	js, err := jetstream.New(conn)
	require.NoError(t, err)
	_, err = js.Publish(t.Context(), "alerts.ma.boston", harness.NewAlert("ma.boston").JSON())
	return err
}
