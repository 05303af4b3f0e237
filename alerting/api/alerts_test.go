package api_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/api"
	"revere/alerting/tracking"
)

func TestListAlerts(t *testing.T) {
	r := newRig(t)
	r.subscribe("clerk", "Boston Clerk", "+16175550123", "ma.boston")
	boston := r.publish("state", map[string]any{"id": "b", "headline": "Boston phishing"})
	worcester := r.publish("state", map[string]any{"areas": []string{"ma.worcester"}, "severity": "minor", "status": "actual"})
	statewide := r.publish("state", map[string]any{"areas": []string{"ma"}, "severity": "extreme"})
	r.must(202, "state", "POST", "/api/v1/alerts/b/cancel", "")
	r.must(201, "state", "POST", "/api/v1/alerts/"+string(statewide.Key)+"/acknowledgements", `{"subscriber":"clerk","via":"cli"}`)

	keys := func(query string) (found []alerting.Key, next *string) {
		var page api.Page[api.AlertItem]
		r.must(200, "viewer", "GET", "/api/v1/alerts?"+query, "").into(t, &page)
		found = []alerting.Key{}
		for _, item := range page.Data {
			found = append(found, item.Key)
		}
		return found, page.NextCursor
	}
	all, next := keys("")
	require.Len(t, all, 4)
	require.Nil(t, next)
	require.Equal(t, []alerting.Key{statewide.Key, worcester.Key, boston.Key}, all[1:], "the newest first")

	for query, want := range map[string][]alerting.Key{
		"phase=canceled":                       {boston.Key},
		"status=actual":                        {worcester.Key},
		"severity=minor":                       {worcester.Key},
		"area=ma.chelsea":                      {statewide.Key},
		"area=us":                              all,
		"q=boston+phish":                       {all[0], boston.Key},
		"q=" + strings.ToLower(worcester.Code): {worcester.Key},
		"since=" + time.Now().Add(time.Hour).UTC().Format("2006-01-02T15:04:05Z"): {},
		"phase=open&severity=extreme": {statewide.Key},
	} {
		found, _ := keys(query)
		require.Equal(t, want, found, query)
	}

	var paged []alerting.Key
	cursor := ""
	for range 4 {
		found, next := keys("limit=1&cursor=" + cursor)
		paged = append(paged, found...)
		if next != nil {
			cursor = *next
		} else {
			cursor = "end"
		}
	}
	require.Equal(t, all, paged)
	require.Equal(t, "end", cursor)

	var page api.Page[api.AlertItem]
	r.must(200, "viewer", "GET", "/api/v1/alerts?severity=extreme", "").into(t, &page)
	require.Equal(t, 1, page.Data[0].People)
	require.Equal(t, 1, page.Data[0].Acknowledged)

	for _, query := range []string{"limit=0", "limit=1001", "limit=x", "cursor=nowhere", "phase=gone", "since=yesterday"} {
		r.refused(422, "invalid", "viewer", "GET", "/api/v1/alerts?"+query, "")
	}
	r.refused(422, "unknown_area", "viewer", "GET", "/api/v1/alerts?area=xx.y", "")
	require.JSONEq(t, `{"data":[],"next_cursor":null}`, r.must(200, "viewer", "GET", "/api/v1/alerts?q=nothing+like+it", "").text)
}

func TestReadsWaitForTheSequence(t *testing.T) {
	r := newRig(t)
	p := r.publish("boston", nil)
	r.must(200, "viewer", "GET", fmt.Sprintf("/api/v1/alerts/%s?sequence=%d", p.Key, p.Sequence), "")

	next := p.Sequence + 1
	got := make(chan answer)
	go func() {
		got <- r.ask("viewer", "GET", "/api/v1/alerts/"+string(p.Key), "", fmt.Sprintf("Revere-Sequence: %d", next))
	}()
	require.Equal(t, next, r.append(alerting.Record{Alert: p.Key, At: time.Now(), Expired: true}))
	var s tracking.Summary
	(<-got).into(t, &s)
	require.Equal(t, tracking.Expired, s.Phase)
}

func TestNames(t *testing.T) {
	r := newRig(t)
	r.publish("boston", map[string]any{"id": "same", "sender": "a"})
	r.publish("boston", map[string]any{"id": "same", "sender": "b"})
	r.publish("boston", map[string]any{"id": "with/slash & space"})
	r.refused(409, "ambiguous", "viewer", "GET", "/api/v1/alerts/same", "")
	r.refused(404, "not_found", "viewer", "GET", "/api/v1/alerts/nothing", "")
	r.must(200, "viewer", "GET", "/api/v1/alerts/with%2Fslash%20&%20space", "")
}

// outcome publishes an alert to two people and writes down that one message was delivered, one
// failed and one person answered with a note that a spreadsheet would run.
func outcome(r *rig) alerting.Key {
	r.subscribe("clerk", "Boston Clerk", "+16175550123", "ma.boston")
	r.subscribe("desk", "Boston Desk", "+16175550124", "ma.boston")
	key := r.publish("boston", nil).Key
	at := time.Now()
	r.append(
		alerting.Record{Alert: key, At: at, Attempts: []alerting.Attempt{{Delivery: 0, Attempt: 1}, {Delivery: 1, Attempt: 1}}},
		alerting.Record{Alert: key, At: at, Results: []alerting.Result{
			{Delivery: 0, Attempt: 1, State: alerting.Delivered, Receipt: true, ProviderID: "SM1"},
			{Delivery: 1, Attempt: 1, State: alerting.Failed, Code: "21211", Reason: "no such number"},
		}},
		alerting.Record{Alert: key, At: at, Answers: []alerting.Answer{{Recipients: []uint32{0}, Via: alerting.ViaReply, Response: "2", Note: "=HYPERLINK(1)"}}},
	)
	return key
}

func TestDeliveries(t *testing.T) {
	r := newRig(t)
	path := "/api/v1/alerts/" + string(outcome(r)) + "/deliveries"

	var page api.Page[struct {
		State   alerting.State
		History []tracking.Entry
	}]
	r.must(200, "viewer", "GET", path+"?limit=1", "").into(t, &page)
	require.Len(t, page.Data, 1)
	require.Equal(t, alerting.Delivered, page.Data[0].State)
	require.Len(t, page.Data[0].History, 3, "queued, attempting, delivered")
	r.must(200, "viewer", "GET", path+"?limit=1&cursor="+*page.NextCursor, "").into(t, &page)
	require.Equal(t, alerting.Failed, page.Data[0].State)
	require.Nil(t, page.NextCursor)

	for query, want := range map[string]int{"state=failed": 1, "channel=sms": 2, "channel=email": 0, "area=ma": 2, "area=ny": 0} {
		r.must(200, "viewer", "GET", path+"?"+query, "").into(t, &page)
		require.Len(t, page.Data, want, query)
	}
	r.refused(422, "invalid", "viewer", "GET", path+"?state=lost", "")
	r.refused(422, "invalid", "viewer", "GET", path+"?cursor=x", "")

	stream := r.must(200, "viewer", "GET", path, "", "Accept: application/x-ndjson")
	lines := strings.Split(strings.TrimSpace(stream.text), "\n")
	require.Len(t, lines, 2)
	for _, line := range lines {
		require.True(t, json.Valid([]byte(line)), line)
	}
	rows := readCSV(t, r.must(200, "viewer", "GET", path, "", "Accept: text/csv"))
	require.Len(t, rows, 3)
	require.Equal(t, "state", rows[0][3])
	require.Equal(t, []string{"delivered", "failed"}, []string{rows[1][3], rows[2][3]})
}

func readCSV(t *testing.T, a answer) [][]string {
	t.Helper()
	require.Equal(t, "text/csv; charset=utf-8", a.Header.Get("Content-Type"))
	rows, err := csv.NewReader(strings.NewReader(a.text)).ReadAll()
	require.NoError(t, err)
	return rows
}

func TestCallSheet(t *testing.T) {
	r := newRig(t)
	path := "/api/v1/alerts/" + string(outcome(r)) + "/people"

	var page api.Page[tracking.PersonView]
	r.must(200, "viewer", "GET", path, "").into(t, &page)
	require.Len(t, page.Data, 2)
	r.must(200, "viewer", "GET", path+"?unanswered=true", "").into(t, &page)
	require.Len(t, page.Data, 1)
	require.Equal(t, "desk", page.Data[0].Subscriber)
	require.True(t, page.Data[0].Gap)

	rows := readCSV(t, r.must(200, "viewer", "GET", path, "", "Accept: text/csv"))
	require.Len(t, rows, 3)
	require.Equal(t, "sms +16175550123 (delivered)", rows[1][7])
	require.Equal(t, "'=HYPERLINK(1)", rows[1][13], "a note is not a formula")
	require.Len(t, readCSV(t, r.must(200, "viewer", "GET", path+"?unanswered=true", "", "Accept: text/csv")), 2)
}

// A desk that answers for many at once, and many desks, don't wait for a sync each: what comes while a
// write is under way shares the next one, and so its sequence.
func TestAcknowledgementsShareWrites(t *testing.T) {
	r := newRig(t)
	r.subscribe("clerk", "Boston Clerk", "+16175550123", "ma.boston")
	path := "/api/v1/alerts/" + string(r.publish("boston", nil).Key) + "/acknowledgements"
	const answers = 200
	sequences := make([]uint64, answers)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			a := r.ask("boston", "POST", path, `{"subscriber":"clerk"}`)
			var done api.Acknowledged
			if assert.Equal(t, 201, a.StatusCode) && assert.NoError(t, json.Unmarshal([]byte(a.text), &done)) {
				sequences[i] = done.Sequence
			}
		})
	}
	all.Wait()
	slices.Sort(sequences)
	require.NotZero(t, sequences[0])
	require.Less(t, len(slices.Compact(sequences)), answers)
}

func TestAcknowledge(t *testing.T) {
	r := newRig(t)
	r.subscribe("clerk", "Boston Clerk", "+16175550123", "ma.boston")
	key := r.publish("boston", nil).Key
	path := "/api/v1/alerts/" + string(key) + "/acknowledgements"

	var done api.Acknowledged
	r.must(201, "boston", "POST", path, `{"subscriber":"clerk","response":"2","note":"on my way"}`).into(t, &done)
	require.NotZero(t, done.Sequence)
	require.Equal(t, "Got it too", done.Answer.Label)
	require.Equal(t, "boston", done.Answer.By)
	require.Equal(t, alerting.ViaAPI, done.Answer.Via)

	r.refused(404, "not_found", "boston", "POST", path, `{"subscriber":"nobody"}`)
	p := r.refused(422, "invalid", "boston", "POST", path, `{"subscriber":"clerk","response":"7"}`)
	require.Equal(t, "/response", p.Errors[0].Pointer)
	p = r.refused(422, "invalid", "boston", "POST", path, `{"via":"pigeon"}`)
	require.Len(t, p.Errors, 2, "subscriber is missing and via unknown")
	r.refused(403, "forbidden", "viewer", "POST", path, `{"subscriber":"clerk"}`)
	r.must(202, "boston", "POST", "/api/v1/alerts/"+string(key)+"/cancel", "")
	r.refused(409, "closed", "boston", "POST", path, `{"subscriber":"clerk"}`)
}
