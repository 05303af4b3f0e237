package api_test

import (
	"bufio"
	"context"
	"encoding/json"
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
