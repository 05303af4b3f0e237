package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/api"
)

// A follower reads server-sent events.
type follower struct {
	t      *testing.T
	lines  *bufio.Scanner
	cancel context.CancelFunc
}

func (r *rig) follow(t *testing.T, key alerting.Key, last string) *follower {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, "GET", r.URL+"/api/v1/alerts/"+string(key)+"/events", nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+r.tokens["viewer"])
	if last != "" {
		request.Header.Set("Last-Event-ID", last)
	}
	response, err := r.Client().Do(request)
	require.NoError(t, err)
	t.Cleanup(func() { response.Body.Close() })
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, "text/event-stream", response.Header.Get("Content-Type"))
	return &follower{t, bufio.NewScanner(response.Body), cancel}
}

// next reads one event.
func (f *follower) next() (id, name string, event api.Event) {
	f.t.Helper()
	for f.lines.Scan() {
		field, value, _ := strings.Cut(f.lines.Text(), ": ")
		switch field {
		case "id":
			id = value
		case "event":
			name = value
		case "data":
			require.NoError(f.t, json.Unmarshal([]byte(value), &event))
			return id, name, event
		}
	}
	f.t.Fatalf("the stream ended: %v", f.lines.Err())
	return "", "", api.Event{}
}

func TestEvents(t *testing.T) {
	r := newRig(t)
	r.subscribe("clerk", "Boston Clerk", "+16175550123", "ma.boston")
	other := r.publish("boston", map[string]any{"headline": "Another alert"})
	key := r.publish("boston", nil).Key
	live := r.follow(t, key, "")

	first, name, event := live.next()
	require.Equal(t, "opened,manifest", name)
	require.Equal(t, api.ManifestEvent{Revision: event.Manifest.Revision, People: 1, Due: 1, Uncovered: event.Manifest.Uncovered}, *event.Manifest)
	require.Equal(t, key, event.Alert)

	r.append(alerting.Record{Alert: other.Key, At: time.Now(), Expired: true}) // concerns nobody here
	r.append(alerting.Record{Alert: key, At: time.Now(), Attempts: []alerting.Attempt{{Delivery: 0, Attempt: 1}}})
	_, name, event = live.next()
	require.Equal(t, "attempts", name)
	require.Equal(t, "+16175550123", event.Attempts[0].Address)
	require.Equal(t, []string{"Boston Clerk"}, event.Attempts[0].Names)

	r.append(alerting.Record{Alert: key, At: time.Now(), Results: []alerting.Result{{Delivery: 0, Attempt: 1, State: alerting.Failed, Reason: "no such number"}}},
		alerting.Record{Alert: key, At: time.Now(), Answers: []alerting.Answer{{Recipients: []uint32{0}, Via: alerting.ViaAPI, Response: "2"}}})
	_, name, event = live.next()
	require.Equal(t, "results,answers", name, "one message of the ledger is one event")
	require.Equal(t, "no such number", event.Results[0].Reason)
	require.Equal(t, "Got it too", event.Answers[0].Label)
	require.Equal(t, []string{"clerk"}, event.Answers[0].Subscribers)

	resumed := r.follow(t, key, first)
	_, name, _ = resumed.next()
	require.Equal(t, "attempts", name, "a stream goes on behind the event that its client had last")

	r.refused(404, "not_found", "viewer", "GET", "/api/v1/alerts/nothing/events", "")
	r.refused(422, "invalid", "viewer", "GET", "/api/v1/alerts/"+string(key)+"/events", "", "Last-Event-ID: x")
}

func TestEventsEndWithTheProcess(t *testing.T) {
	r := newRig(t)
	live := r.follow(t, r.publish("boston", nil).Key, "")
	live.next()
	close(r.stopping)
	for live.lines.Scan() {
	}
	require.NoError(t, live.lines.Err(), "the stream ends as it should, and not by being cut")
}

// Attempts that the system before a restore may have made are told where they came on record, as what they are.
func TestEventsTellWhatIsInDoubt(t *testing.T) {
	r := newRig(t)
	r.subscribe("clerk", "Boston Clerk", "+16175550123", "ma.boston")
	model := r.publish("boston", nil).Key
	opened, _ := r.board.Opened(model)
	opened.Identity, opened.Sequence, opened.Code = "another", 99, "M4T"
	now := time.Now().UTC().Truncate(time.Millisecond)
	before := now.Add(-time.Hour)
	const many = 2500
	manifest := &alerting.Manifest{Parts: 1, Recipients: []alerting.Recipient{{Subscriber: "clerk", Name: "Boston Clerk", Areas: []alerting.Area{"ma.boston"}}}}
	for i := range many + 1 {
		manifest.Deliveries = append(manifest.Deliveries, alerting.Planned{Channel: "sms", Address: fmt.Sprint("+1617", i), Active: i < many})
		manifest.Recipients[0].Contacts = append(manifest.Recipients[0].Contacts, uint32(i))
	}
	r.append(alerting.Record{Alert: "a99", At: now, InDoubt: before, Opened: &opened, Manifest: manifest})
	r.append(alerting.Record{Alert: "a99", At: now.Add(time.Second), InDoubt: before, Activated: []alerting.Activation{{Delivery: many}}})
	r.append(alerting.Record{Alert: "a99", At: now.Add(2 * time.Second), InDoubt: before, Notices: []alerting.Notice{{Channel: "sms", Address: "+1", Kind: alerting.NoticeHelp}}})

	live := r.follow(t, "a99", "")
	live.lines.Buffer(nil, 4<<20)
	told := map[string]bool{}
	doubted := func(e api.Event) {
		for _, d := range e.Attempts {
			told[d.Address] = true
			require.Equal(t, before, d.At)
			require.Equal(t, alerting.Unknown, d.State)
			require.Equal(t, 1, d.Attempt)
			require.Equal(t, alerting.ReasonRestored, d.Reason)
		}
	}
	for i, want := range []string{"opened,manifest,attempts", "attempts", "attempts"} {
		id, name, event := live.next()
		require.Equal(t, want, name)
		require.Equal(t, i == 2, id != "", "who goes on behind an id has had all")
		require.LessOrEqual(t, len(event.Attempts), 1000)
		doubted(event)
	}
	require.Len(t, told, many, "what is in reserve is not in doubt")
	_, name, event := live.next()
	require.Equal(t, "activated,attempts", name)
	require.Len(t, event.Attempts, 1)
	require.Equal(t, []string{"Boston Clerk"}, event.Attempts[0].Names)
	doubted(event)
	_, name, event = live.next()
	require.Equal(t, "notices,attempts", name)
	require.Len(t, event.Attempts, 1)
	doubted(event)
	require.Len(t, told, many+2)

	notice := func(address string) alerting.Notice {
		return alerting.Notice{Channel: "sms", Address: address, Kind: alerting.NoticeConfirmation}
	}
	r.append(alerting.Record{Alert: "a99", At: now.Add(3 * time.Second), InDoubt: before, Notices: []alerting.Notice{notice("+1"), notice("+2"), notice("+2")}})
	_, _, event = live.next()
	require.Len(t, event.Attempts, 3, "each once, and not the one to the same address before")
	doubted(event)
}
