package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/api"
	"revere/alerting/tracking"
)

// publish publishes an alert for Boston and Salem, and waits until both are reached.
func (w *world) publish(t *testing.T, status string) api.Published {
	t.Helper()
	p := jsonOf[api.Published](t, w.shell, "publish", "ma.boston", "Phishing", "--area", "ma.salem", "--severity", "severe", "--status", status,
		"--response", "1=On it", "--yes")
	require.Eventually(t, func() bool { return w.summary(t, p.Key).Reached == 2 }, 10*time.Second, 20*time.Millisecond)
	return p
}

func (w *world) summary(t *testing.T, key alerting.Key) tracking.Summary {
	t.Helper()
	return jsonOf[tracking.Summary](t, w.shell, "alerts", "show", string(key))
}

func TestAlertsAndAcknowledgements(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.publish(t, "exercise")
	key := string(p.Key)

	t.Run("the list finds it by what is asked", func(t *testing.T) {
		assert.Contains(t, w.ok(t, "alerts", "list"), p.Code)
		assert.Contains(t, w.ok(t, "alerts", "list", "--area", "ma.boston", "--phase", "open", "--since", "1h", "--search", "phish", "--limit", "1"), p.Code)
		assert.Equal(t, "no alerts\n", w.ok(t, "alerts", "list", "--status", "actual"))
	})
	t.Run("the call sheet has who has not answered", func(t *testing.T) {
		recorded := w.ok(t, "ack", key, "boston-clerk", "--response", "1", "--note", "called\x1b[2J back")
		assert.Contains(t, recorded, "Boston Clerk")
		sheet := w.ok(t, "alerts", "show", key, "--unanswered")
		assert.Contains(t, sheet, "Salem Clerk")
		assert.Contains(t, sheet, "+16175550124")
		assert.NotContains(t, sheet, "Boston Clerk")
		rows, err := csv.NewReader(strings.NewReader(w.ok(t, "alerts", "show", key, "--unanswered", "--csv"))).ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, 2)
		assert.Equal(t, "salem-clerk", rows[1][0])
	})
	t.Run("show has jurisdictions, who answered, and what is open", func(t *testing.T) {
		text := w.ok(t, "alerts", "show", key)
		for _, want := range []string{p.Code, "EXERCISE", "ma.boston", "Boston Clerk (On it)", "2 reached", "1 acknowledged", "no answer yet from 1 person"} {
			assert.Contains(t, text, want)
		}
		everyone := w.ok(t, "alerts", "show", key, "--people")
		assert.Contains(t, everyone, "On it")
		assert.NotContains(t, everyone, "\x1b", "what people wrote must not speak to the terminal")
	})
	t.Run("deliveries have their states", func(t *testing.T) {
		text := w.ok(t, "alerts", "show", key, "--deliveries")
		assert.Contains(t, text, "+16175550123")
		rows, err := csv.NewReader(strings.NewReader(w.ok(t, "alerts", "show", key, "--deliveries", "--csv"))).ReadAll()
		require.NoError(t, err)
		assert.Len(t, rows, 3)
		assert.Len(t, jsonOf[[]deliveryRow](t, w.shell, "alerts", "show", key, "--deliveries"), 2)
	})
	t.Run("an alert is found by its own id too", func(t *testing.T) {
		assert.Contains(t, w.ok(t, "alerts", "show", p.ID), p.Code)
	})
	t.Run("watch ends by itself when asked to", func(t *testing.T) {
		text := w.ok(t, "alerts", "watch", key, "--until-finished")
		for _, want := range []string{"opened       " + p.Code, "2 people", "accepted", "ACK          Boston Clerk"} {
			assert.Contains(t, text, want)
		}
		assert.Equal(t, 2, strings.Count(text, "  accepted "), "one line for each person, however many receipts say so")
		for line := range strings.Lines(w.ok(t, "alerts", "watch", key, "--until-finished", "--json")) {
			assert.True(t, strings.HasPrefix(line, "{") && strings.HasSuffix(line, "}\n"), line)
		}
	})
	t.Run("watch ends with Ctrl-C, in peace", func(t *testing.T) {
		ctx, interrupt := context.WithCancel(t.Context())
		out := &waitFor{text: "ACK", then: interrupt}
		status := run(ctx, []string{"alerts", "watch", key}, environment{stdin: strings.NewReader(""), stdout: out, stderr: out, environ: w.environ, now: time.Now, zone: time.UTC})
		assert.Equal(t, statusOK, status)
	})
	t.Run("what is not there is told", func(t *testing.T) {
		for _, typed := range []string{"alerts show a999", "alerts watch a999", "alerts cancel a999", "ack a999 boston-clerk", "ack " + key + " nobody"} {
			r := w.run(t, strings.Fields(typed)...)
			assert.Equal(t, statusFailed, r.status, typed)
			assert.Empty(t, r.out, typed)
		}
	})
}

func TestCorrections(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := string(w.publish(t, "actual").Key)

	t.Run("an actual alert is not corrected without a word", func(t *testing.T) {
		for _, typed := range [][]string{{"alerts", "cancel", key}, {"alerts", "update", key, "--severity", "extreme"}} {
			assert.Equal(t, statusUsage, w.run(t, typed...).status)
			assert.Equal(t, statusFailed, w.typing("yes").run(t, typed...).status)
		}
		assert.Equal(t, tracking.Open, w.summary(t, alerting.Key(key)).Phase)
	})
	t.Run("a dry run changes nothing", func(t *testing.T) {
		assert.Contains(t, w.ok(t, "alerts", "cancel", key, "--dry-run"), "2 people")
		assert.Equal(t, tracking.Open, w.summary(t, alerting.Key(key)).Phase)
	})
	t.Run("an update replaces, a cancel withdraws", func(t *testing.T) {
		r := w.typing("ACTUAL").run(t, "alerts", "update", key, "--severity", "extreme", "--json")
		require.Equal(t, statusOK, r.status, r.err)
		assert.Contains(t, r.err, "reached by it: 2 people; answered: 0")
		replaced := w.summary(t, alerting.Key(key))
		assert.Equal(t, tracking.Updated, replaced.Phase)

		updated := string(replaced.ReplacedBy)
		assert.Contains(t, w.ok(t, "alerts", "list"), "UPDATE: Phishing")
		r = w.typing("CANCEL").run(t, "alerts", "cancel", key, "--description", "Our own test.")
		require.Equal(t, statusOK, r.status, r.err)
		assert.Contains(t, r.err, "("+updated+", the update of "+key+"): ACTUAL, EXTREME", "the newest update is what is withdrawn, and it is said")
		assert.Contains(t, w.ok(t, "alerts", "list"), "FALSE ALARM: Phishing")
		assert.Equal(t, tracking.Canceled, w.summary(t, alerting.Key(updated)).Phase)
		assert.Contains(t, w.ok(t, "alerts", "show", updated), "canceled by")
		assert.Equal(t, statusFailed, w.run(t, "alerts", "cancel", updated, "--yes").status)
	})
}

func TestACorrectionIsMarkedInTheListOnce(t *testing.T) {
	for want, a := range map[string]alerting.Alert{
		"Phishing":              {Type: alerting.TypeAlert, Headline: "Phishing"},
		"FALSE ALARM: Phishing": {Type: alerting.TypeCancel, Headline: "Phishing"},
		"UPDATE: Phishing":      {Type: alerting.TypeUpdate, Event: "Phishing"},
		"False alarm: all well": {Type: alerting.TypeCancel, Headline: "False alarm: all well"},
		"UPDATE: Updated list":  {Type: alerting.TypeUpdate, Headline: "Updated list"},
	} {
		assert.Equal(t, want, listTitle(&a))
	}
}

func TestWatchSaysNothingTwice(t *testing.T) {
	clerk := func(state alerting.State) api.DeliveryEvent {
		return api.DeliveryEvent{ID: "d1", Channel: "sms", Address: "+16175550123", Names: []string{"Boston Clerk"}, State: state}
	}
	notice := func(state alerting.State) api.DeliveryEvent {
		return api.DeliveryEvent{ID: "d2", Channel: "sms", Address: "+16175550123", Names: []string{}, State: state}
	}
	p := eventPrinter{env: environment{zone: time.UTC}, last: map[string]printed{}}
	text := ""
	for _, e := range []api.Event{
		{Attempts: []api.DeliveryEvent{clerk(alerting.Attempting)}},
		{Results: []api.DeliveryEvent{clerk(alerting.Accepted)}},
		{Results: []api.DeliveryEvent{clerk(alerting.Accepted)}},
		{Results: []api.DeliveryEvent{clerk(alerting.Sent), clerk(alerting.Sent)}},
		{Notices: []api.NoticeEvent{{Channel: "sms", Address: "+16175550123", Kind: alerting.NoticeConfirmation}}},
		{Attempts: []api.DeliveryEvent{notice(alerting.Attempting)}},
		{Results: []api.DeliveryEvent{notice(alerting.Accepted)}},
		{Results: []api.DeliveryEvent{clerk(alerting.Delivered), notice(alerting.Undelivered)}},
	} {
		text += p.lines(e)
	}
	var facts []string
	for line := range strings.Lines(text) {
		facts = append(facts, strings.Fields(line)[1])
	}
	assert.Equal(t, []string{"trying", "accepted", "sent", "confirmation", "delivered", "undelivered"}, facts)
}

func TestWatchCountsTheMessagesOfALargeAlert(t *testing.T) {
	const people = shownOfKind + 5
	watch := func(each bool) string {
		var out strings.Builder
		c := newCounting(&out, &eventPrinter{env: environment{zone: time.UTC}, each: each, last: map[string]printed{}})
		for i := range people {
			d := api.DeliveryEvent{ID: fmt.Sprint(i), Channel: "sms", Address: "+16175550123", Names: []string{"Clerk"}, State: alerting.Accepted}
			require.NoError(t, c.event(api.Event{Results: []api.DeliveryEvent{d}, Answers: []api.AnswerEvent{{Names: []string{"Clerk"}}}}))
		}
		require.NoError(t, c.event(api.Event{Results: []api.DeliveryEvent{{ID: "x", Channel: "sms", Names: []string{"Clerk"}, State: alerting.Failed}}}))
		c.tell()
		require.NoError(t, c.event(api.Event{At: time.Now(), Answers: []api.AnswerEvent{{Names: []string{"Clerk"}}}}))
		c.tell()
		return out.String()
	}
	text := watch(false)
	assert.Equal(t, shownOfKind, strings.Count(text, "  accepted "))
	assert.Equal(t, people+1, strings.Count(text, "  ACK "), "every answer is shown")
	assert.Equal(t, 1, strings.Count(text, "  failed "), "what is rare is shown")
	assert.Equal(t, 1, strings.Count(text, fmt.Sprintf("  so far       sms accepted %d\n", people)), "told once, while it does not change")

	text = watch(true)
	assert.Equal(t, people, strings.Count(text, "  accepted "))
	assert.NotContains(t, text, "so far")
}

func TestWatchAddsUpThePartsOfAManifest(t *testing.T) {
	p := eventPrinter{env: environment{zone: time.UTC}}
	p.lines(api.Event{Manifest: &api.ManifestEvent{People: 10, Due: 9, Reserve: 3}})
	assert.Contains(t, p.lines(api.Event{Manifest: &api.ManifestEvent{People: 1, Due: 2, Reserve: 4}}), "11 people, 11 messages at once, 7 in reserve")
}

func TestShowNamesAGapOnceAndTheFirstOfMany(t *testing.T) {
	s := tracking.Summary{Key: "a1", Remarks: []tracking.RemarkView{
		{Kind: alerting.RemarkGap, Detail: "Clerk 0 can't be reached: no contact is left"}, {Kind: alerting.RemarkOptOut, Detail: "Clerk 1"},
	}}
	for i := range 14 {
		s.Gaps = append(s.Gaps, tracking.Gap{Name: fmt.Sprintf("Clerk %d", i), Detail: "sms failed"})
	}
	text := attention(environment{zone: time.UTC}, s)
	assert.Equal(t, 1, strings.Count(text, "Clerk 0 "))
	assert.Contains(t, text, "opt out: Clerk 1")
	assert.NotContains(t, text, "Clerk 12")
	assert.Contains(t, text, "! can't be reached: 2 more; `revere alerts show a1 --unanswered` names them")
}

func TestRejected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	assert.Equal(t, "nothing was rejected\n", w.ok(t, "rejected", "list"))
	conn, err := nats.Connect(w.nats)
	require.NoError(t, err)
	defer conn.Close()
	const message = "{\"no\": \"alert\"\x00}\n"
	answer, err := conn.Request("alerts.ma.boston", []byte(message), 5*time.Second)
	require.NoError(t, err)
	require.Contains(t, string(answer.Data), `"seq"`)

	var key string
	require.Eventually(t, func() bool {
		all := jsonOf[[]alerting.Rejection](t, w.shell, "rejected", "list")
		if len(all) == 1 {
			key = string(all[0].Key)
		}
		return key != ""
	}, 5*time.Second, 20*time.Millisecond)
	assert.Contains(t, w.ok(t, "rejected", "list"), "malformed")
	assert.Contains(t, w.ok(t, "rejected", "show", key), "alerts.ma.boston")
	assert.Equal(t, message, w.ok(t, "rejected", "show", key, "--raw"), "byte for byte")

	replayed := w.run(t, "rejected", "replay", key)
	assert.Equal(t, statusFailed, replayed.status, "it is as bad as it was")
	assert.Contains(t, replayed.err, "not taken again")
	assert.Equal(t, statusFailed, w.run(t, "rejected", "show", "a999").status)
}

func TestTheRejectedListShowsWhatIsWrongFirst(t *testing.T) {
	r := alerting.Rejection{Key: "a7", Reason: "invalid", Detail: "the alert was refused"}
	env := environment{zone: time.UTC}
	assert.Contains(t, rejectedTable(env, []alerting.Rejection{r}), "the alert was refused")
	r.Problems = []alerting.Problem{{Pointer: "/areas/0", Detail: "no area zz.x"}, {Detail: "another"}}
	text := rejectedTable(env, []alerting.Rejection{r})
	assert.Contains(t, text, "no area zz.x")
	assert.NotContains(t, text, "refused")
}
