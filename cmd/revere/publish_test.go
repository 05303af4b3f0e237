package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/api"
	"revere/subscribers/areas"
)

func TestPublish(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	alerts := func() []api.AlertItem { return jsonOf[[]api.AlertItem](t, w.shell, "alerts", "list") }
	actual := []string{"publish", "ma.boston", "Phishing", "--severity", "severe", "--status", "actual"}
	unchanged := func(t *testing.T, before int) {
		t.Helper()
		assert.Len(t, alerts(), before, "something was published")
	}

	t.Run("an exercise needs no more than the design says", func(t *testing.T) {
		out := w.ok(t, "publish", "ma.boston", "Phishing", "--severity", "severe", "--status", "exercise")
		all := alerts()
		require.Len(t, all, 1)
		a := all[0].Alert
		assert.Equal(t, "Phishing", a.Event)
		assert.Equal(t, alerting.Urgency("immediate"), a.Urgency)
		assert.Equal(t, alerting.Certainty("likely"), a.Certainty)
		assert.Equal(t, defaultSender, a.Sender)
		assert.NotEmpty(t, all[0].Code)
		for _, want := range []string{all[0].Code, string(all[0].Key), "/api/v1/alerts/" + string(all[0].Key), "revere alerts watch " + string(all[0].Key)} {
			assert.Contains(t, out, want)
		}
	})
	t.Run("an actual alert is refused where nobody can confirm it", func(t *testing.T) {
		before := len(alerts())
		r := w.run(t, actual...)
		assert.Equal(t, statusUsage, r.status)
		assert.Contains(t, r.err, "--yes")
		unchanged(t, before)
	})
	t.Run("an actual alert is not sent when the word is not typed", func(t *testing.T) {
		for _, typed := range []string{"", "actual", "yes", "ACTUALLY"} {
			before := len(alerts())
			r := w.typing(typed).run(t, actual...)
			assert.Equal(t, statusFailed, r.status)
			assert.Contains(t, r.err, "nothing was sent")
			unchanged(t, before)
		}
	})
	t.Run("an actual alert shows whom it reaches, and goes when the word is typed", func(t *testing.T) {
		before := len(alerts())
		r := w.typing("ACTUAL").run(t, actual...)
		require.Equal(t, statusOK, r.status, r.err)
		for _, want := range []string{"1 person in 1 jurisdiction", "sms 1", "ma.boston", "less than a minute", "Type ACTUAL"} {
			assert.Contains(t, r.err, want)
		}
		assert.Len(t, alerts(), before+1)
	})
	t.Run("Ctrl-C at the question sends nothing", func(t *testing.T) {
		before := len(alerts())
		ctx, interrupt := context.WithCancel(t.Context())
		asking := w.shell
		asking.attended = true
		asked := &waitFor{text: "Type ACTUAL", then: interrupt}
		reading, never, err := os.Pipe()
		require.NoError(t, err)
		t.Cleanup(func() { _, _ = never.Close(), reading.Close() })
		status := run(ctx, actual, environment{stdin: reading, stdout: asked, stderr: asked, environ: asking.environ, attended: true, now: time.Now, zone: time.UTC})
		assert.Equal(t, statusFailed, status)
		assert.Contains(t, asked.written.String(), "nothing was sent")
		unchanged(t, before)
	})
	t.Run("scripts pass --yes", func(t *testing.T) {
		before := len(alerts())
		w.ok(t, append(actual, "--yes")...)
		assert.Len(t, alerts(), before+1)
	})
	t.Run("a dry run only shows", func(t *testing.T) {
		before := len(alerts())
		assert.Contains(t, w.ok(t, append(actual, "--dry-run")...), "1 person in 1 jurisdiction")
		assert.Equal(t, 1, jsonOf[api.DryRun](t, w.shell, append(actual, "--dry-run")...).Preview.People)
		unchanged(t, before)
	})
	t.Run("every part arrives", func(t *testing.T) {
		w.with("REVERE_SENDER=soc@sec.example").ok(t, "publish", "ma.boston", "Head", "--area", "ma.salem", "--severity", "minor", "--status", "test",
			"--urgency", "future", "--certainty", "possible", "--event", "Event", "--description", "D", "--instruction", "I", "--expires", "2h",
			"--response", "1=On it", "--response", "2=Need help; now", "--category", "security", "--sender-name", "SOC", "--contact", "C",
			"--web", "https://x.example", "--language", "es", "--tlp", "green", "--id", "mine-1")
		a := alerts()[0].Alert
		assert.Equal(t, "mine-1", a.ID)
		assert.Equal(t, "soc@sec.example", a.Sender)
		assert.Equal(t, []alerting.Area{"ma.boston", "ma.salem"}, a.Areas)
		assert.Equal(t, []alerting.Response{{Key: "1", Label: "On it"}, {Key: "2", Label: "Need help; now"}}, a.Responses)
		assert.WithinDuration(t, time.Now().Add(2*time.Hour), a.Expires, time.Minute)
		assert.Equal(t, alerting.TLP("GREEN"), a.TLP)
		assert.Equal(t, []string{"Event", "D", "I", "SOC", "C", "https://x.example", "es", "security"},
			[]string{a.Event, a.Description, a.Instruction, a.SenderName, a.Contact, a.Web, a.Language, a.Category[0]})
	})
	t.Run("a file is published as it is", func(t *testing.T) {
		body, err := json.Marshal(map[string]any{"id": "file-1", "sender": "s", "status": "exercise", "event": "E", "headline": "From a file",
			"urgency": "immediate", "severity": "minor", "certainty": "likely", "areas": []string{"ma.salem"}})
		require.NoError(t, err)
		file := filepath.Join(t.TempDir(), "alert.json")
		require.NoError(t, os.WriteFile(file, body, 0o600))
		first := jsonOf[api.Published](t, w.shell, "publish", "--file", file)
		assert.Equal(t, "file-1", first.ID)

		piped := w.shell
		piped.stdin = string(body)
		again := jsonOf[api.Published](t, piped, "publish", "--file", "-")
		assert.Equal(t, first.Key, again.Key, "the same content is the same alert")
	})
	t.Run("an actual alert from standard input can't be confirmed there", func(t *testing.T) {
		before := len(alerts())
		piped := w.shell
		piped.attended, piped.stdin = true, `{"status":"actual","Status":"exercise","sender":"s","event":"e","headline":"h","urgency":"immediate","severity":"minor","certainty":"likely","areas":["ma.salem"]}`
		assert.Equal(t, statusUsage, piped.run(t, "publish", "--file", "-").status)
		unchanged(t, before)
	})
	t.Run("a refusal names every problem on a line of its own", func(t *testing.T) {
		r := w.run(t, "publish", "zz.x", "Head", "--severity", "minor", "--status", "exercise", "--language", "not a tag")
		assert.Equal(t, statusFailed, r.status)
		assert.Contains(t, r.err, "\n  areas/0: ")
		assert.Contains(t, r.err, "\n  language: ")
		assert.Empty(t, r.out)
	})
	t.Run("a refusal with --json is the server's, for programs", func(t *testing.T) {
		r := w.run(t, "publish", "zz.x", "Head", "--severity", "minor", "--status", "exercise", "--json")
		var f failure
		require.NoError(t, json.Unmarshal([]byte(r.err), &f), r.err)
		assert.Equal(t, []any{statusFailed, alerting.CodeUnknownArea}, []any{r.status, f.Code})
		if assert.Len(t, f.Errors, 1) {
			assert.Equal(t, []string{"/areas/0", alerting.CodeUnknownArea}, []string{f.Errors[0].Pointer, f.Errors[0].Code})
		}
	})
	t.Run("a file that is none is told", func(t *testing.T) {
		assert.Contains(t, w.run(t, "publish", "--file", "absent.json").err, "absent.json")
		assert.Contains(t, w.run(t, "publish", "--file", "-").err, "standard input is empty")
	})
}

func TestAPublicationWhoseAnswerNeverCameIsNotCalledFailed(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		interrupt()
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	r := shell{}.runContext(ctx, "publish", "ma.boston", "x", "--severity", "minor", "--status", "exercise", "--id", "mine-1", "--server", server.URL, "--token", "x")
	assert.Equal(t, statusFailed, r.status)
	assert.Contains(t, r.err, "nobody can say whether it was published")
	assert.Contains(t, r.err, "`revere alerts show mine-1`")
}

// waitFor is where output goes until it has a text in it: then something happens.
type waitFor struct {
	written strings.Builder
	text    string
	then    func()
}

func (w *waitFor) Write(p []byte) (int, error) {
	n, err := w.written.Write(p)
	if w.then != nil && strings.Contains(w.written.String(), w.text) {
		w.then()
		w.then = nil
	}
	return n, err
}

// Whether a person is asked depends on the status: what is read here must be what the server reads.
func FuzzStatusOf(f *testing.F) {
	const alert = `{"sender":"s","status":%s,"event":"e","headline":"h","urgency":"immediate","severity":"minor","certainty":"likely","areas":["ma.salem"]}`
	for _, status := range []string{`"actual"`, `"exercise","status":"actual"`, `"actual","Status":"exercise"`, `null`, `"\u0061ctual"`} {
		f.Add([]byte(strings.Replace(alert, "%s", status, 1)))
	}
	atlas := areas.New()
	now := time.Date(2026, 11, 3, 7, 12, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body []byte) {
		read, _, err := alerting.Intake{Now: now, Atlas: atlas, DefaultSent: now}.Decode(body)
		if err != nil {
			t.Skip() // the server refuses it
		}
		assert.Equal(t, read.Status, statusOf(body))
	})
}
