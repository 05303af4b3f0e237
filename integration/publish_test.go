package integration_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/integration/harness"
)

// An alert reaches a phone by each of the ways in which it can be published.
func TestPublishing(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{})
	w.Import(harness.Person("clerk", "ma.boston", harness.SMS(harness.Phone(1))))
	delivered := map[string]alerting.State{harness.Phone(1): alerting.Delivered}

	t.Run("over NATS, with no header and no areas", func(t *testing.T) {
		w := w.For(t)
		key := w.PublishNATS("alerts.ma.boston", harness.NewAlert("ma.boston").With("areas", nil).JSON())
		harness.Soon(t, func() error { return present(w, key) })
		w.States(key, delivered)
		assert.Equal(t, alerting.AnyProducer, w.Summary(key).Producer)
	})
	t.Run("over NATS, and the producer learns the verdict", func(t *testing.T) {
		w := w.For(t)
		v := w.PublishForVerdict("alerts.ma.boston", harness.NewAlert("ma.boston").JSON())
		require.Equal(t, alerting.VerdictAccepted, v.Verdict)
		w.States(v.Alert, delivered)
	})
	t.Run("over HTTP, for two areas, durable when it is answered", func(t *testing.T) {
		w := w.For(t)
		p := w.Publish(harness.NewAlert("ma.boston").With("areas", []string{"ma.boston", "ma.worcester"}))
		assert.Equal(t, w.URL()+"/api/v1/alerts/"+string(p.Key), p.StatusURL)
		w.States(p.Key, delivered)
	})
	t.Run("from the command line", func(t *testing.T) {
		w := w.For(t)
		r := w.CLI("publish", "ma.boston", "Phishing of clerks", "--severity", "severe", "--status", "exercise", "--json")
		require.Equal(t, 0, r.Status, r.Stderr)
		var p struct{ Key alerting.Key }
		require.NoError(t, harness.Answer{Body: []byte(r.Stdout)}.Into(&p))
		w.States(p.Key, delivered)
		texts := w.SMS(harness.Phone(1))
		assert.Regexp(t, `^EXERCISE .* EXERCISE$`, texts[len(texts)-1])
	})
}

func present(w *harness.World, key alerting.Key) error {
	a, err := w.Try(harness.Request{Method: "GET", Path: "/api/v1/alerts/" + string(key)})
	if err != nil || a.Status != 200 {
		return fmt.Errorf("alert %s is not there yet: HTTP %d, %v", key, a.Status, err)
	}
	return nil
}

// An actual alert is not published by a script that does not say so.
func TestAnActualAlertFromAScriptNeedsYes(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{InProcess: true})
	w.Import(harness.Person("clerk", "ma.boston", harness.SMS(harness.Phone(1))))

	refused := w.CLI("publish", "ma.boston", "Phishing", "--severity", "severe", "--status", "actual")
	assert.Equal(t, 2, refused.Status)
	assert.Contains(t, refused.Stderr, "--yes")

	taken := w.CLI("publish", "ma.boston", "Phishing", "--severity", "severe", "--status", "actual", "--yes")
	assert.Equal(t, 0, taken.Status, taken.Stderr)
	w.Texts(harness.Phone(1), 1)
}
