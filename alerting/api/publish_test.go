package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/api"
	"revere/alerting/tracking"
)

func TestPublish(t *testing.T) {
	r := newRig(t)
	r.subscribe("clerk", "Boston Clerk", "+16175550123", "ma.boston")

	t.Run("accepted means that every read shows it", func(t *testing.T) {
		p := r.publish("boston", map[string]any{"id": "first"})
		require.Equal(t, "first", p.ID)
		require.Equal(t, []alerting.Area{"ma.boston"}, p.Areas)
		require.Equal(t, "https://alerts.example.org/api/v1/alerts/"+string(p.Key), p.StatusURL)
		require.Equal(t, "accepted", p.Verdict)
		require.NotEmpty(t, p.Code)
		require.NotZero(t, p.Sequence)
		for _, name := range []string{string(p.Key), "first"} {
			var s tracking.Summary
			r.must(200, "viewer", "GET", "/api/v1/alerts/"+name, "").into(t, &s)
			require.Equal(t, p.Key, s.Key)
			require.Equal(t, 1, s.People)
			require.Equal(t, "boston", s.Producer)
		}
	})

	t.Run("an alert without an id is given one", func(t *testing.T) {
		p := r.publish("boston", map[string]any{"headline": "no id"})
		require.NotEmpty(t, p.ID)
		require.Equal(t, p.Key, alerting.Key(p.ID))
	})

	t.Run("whoever reaches nobody is told", func(t *testing.T) {
		codes := func(p api.Published) (codes []string) {
			for _, w := range p.Warnings {
				codes = append(codes, w.Code)
			}
			return codes
		}
		require.Contains(t, codes(r.publish("admin", map[string]any{"areas": []string{"ma.chelsea"}})), alerting.CodeNobody)
		require.NotContains(t, codes(r.publish("boston", nil)), alerting.CodeNobody)
	})

	t.Run("every problem is named at once", func(t *testing.T) {
		p := r.refused(422, "invalid", "boston", "POST", "/api/v1/alerts",
			alertWith(map[string]any{"status": nil, "severity": "awful", "areas": []string{"ma.boston", "xx.nowhere"}, "tlp": "RED"}))
		pointers := []string{}
		for _, e := range p.Errors {
			pointers = append(pointers, e.Pointer)
		}
		require.ElementsMatch(t, []string{"/status", "/severity", "/areas/1", "/tlp"}, pointers)
	})

	t.Run("the same id says something else", func(t *testing.T) {
		p := r.refused(409, "conflict", "boston", "POST", "/api/v1/alerts", alertWith(map[string]any{"id": "first", "headline": "Another"}))
		require.Contains(t, p.Detail, "first")
	})

	t.Run("the same content again is the same alert", func(t *testing.T) {
		before := r.publish("boston", map[string]any{"id": "twice"})
		again := r.publish("boston", map[string]any{"id": "twice"})
		require.Equal(t, before.Key, again.Key)
		require.Equal(t, before.Code, again.Code)
		require.True(t, again.Repeated)
	})
}

func TestRefusedBodies(t *testing.T) {
	r := newRig(t)
	past := time.Now().Add(-48 * time.Hour).Format(time.RFC3339)
	future := time.Now().Add(time.Hour).Format(time.RFC3339)
	for name, c := range map[string]struct {
		body    string
		status  int
		code    string
		headers []string
	}{
		"nothing":            {"", 400, "malformed", nil},
		"not JSON":           {"{", 400, "malformed", nil},
		"not an object":      {"[]", 400, "malformed", nil},
		"not UTF-8":          {"{\"a\":\"\xff\"}", 400, "malformed", nil},
		"too large":          {alertWith(map[string]any{"description": strings.Repeat("x", alerting.MaxAlertBytes)}), 413, "oversized", nil},
		"much too large":     {strings.Repeat(" ", 8*alerting.MaxAlertBytes), 413, "oversized", nil},
		"headline too long":  {alertWith(map[string]any{"headline": strings.Repeat("x", 500)}), 422, "oversized", nil},
		"expired":            {alertWith(map[string]any{"sent": past}), 422, "expired", nil},
		"future":             {alertWith(map[string]any{"sent": future}), 422, "future_dated", nil},
		"AMBER":              {alertWith(map[string]any{"tlp": "AMBER"}), 422, "tlp_not_enforceable", nil},
		"unknown state":      {alertWith(map[string]any{"areas": []string{"xx.boston"}}), 422, "unknown_area", nil},
		"no areas":           {alertWith(map[string]any{"areas": nil}), 422, "missing", nil},
		"corrects nothing":   {alertWith(map[string]any{"type": "update", "references": []string{"nothing"}}), 422, "unknown_reference", nil},
		"XML":                {"<alert/>", 415, "unsupported_media_type", []string{"Content-Type: application/cap+xml"}},
		"dry run, all wrong": {"{}", 422, "missing", nil},
	} {
		t.Run(name, func(t *testing.T) {
			path := "/api/v1/alerts"
			if strings.HasPrefix(name, "dry run") {
				path += "?dry_run=true"
			}
			r.refused(c.status, c.code, "admin", "POST", path, c.body, c.headers...)
		})
	}
	for name, size := range map[string]int{"a little too large": alerting.MaxAlertBytes + 1, "much too large": 8 * alerting.MaxAlertBytes} {
		p := r.refused(413, "oversized", "admin", "POST", "/api/v1/alerts", strings.Repeat(" ", size))
		require.Contains(t, p.Detail, fmt.Sprint(alerting.MaxAlertBytes), name)
		require.NotContains(t, p.Detail, fmt.Sprint(2*alerting.MaxAlertBytes), "%s: the request's limit is nothing to keep to", name)
	}
	require.Empty(t, r.board.Keys(nil), "nothing that was refused may have been published")
}

func TestDryRun(t *testing.T) {
	r := newRig(t)
	r.subscribe("clerk", "Boston Clerk", "+16175550123", "ma.boston")
	r.subscribe("state", "State Desk", "+16175550124", "ma.statewide")

	var d api.DryRun
	r.must(200, "boston", "POST", "/api/v1/alerts?dry_run=true", alertWith(nil), "Idempotency-Key: unused").into(t, &d)
	require.Equal(t, 2, d.Preview.People)
	require.Equal(t, map[string]int{"sms": 2}, d.Preview.Channels)
	require.Equal(t, alerting.DefaultLife, d.Alert.Expires.Sub(d.Alert.Sent))
	require.NotEmpty(t, d.Warnings, "the municipalities have not been imported")
	require.Empty(t, r.board.Keys(nil))

	p := r.publish("boston", nil)
	r.append(alerting.Record{Alert: p.Key, At: time.Now(), Attempts: []alerting.Attempt{{Delivery: 0, Attempt: 1}}})
	r.must(200, "boston", "POST", "/api/v1/alerts/"+string(p.Key)+"/cancel?dry_run=true", "").into(t, &d)
	require.Equal(t, 1, d.Preview.People, "a cancel goes to whom the alert was attempted to")
	r.must(200, "boston", "POST", "/api/v1/alerts/"+string(p.Key)+"/update?dry_run=true", `{"headline":"More"}`).into(t, &d)
	require.Equal(t, 2, d.Preview.People, "an update goes to those and to all whom it concerns")
	require.Equal(t, "More", d.Alert.Headline)
	require.Len(t, r.board.Keys(nil), 1)
}

func TestProducersAreHeldToTheirAreas(t *testing.T) {
	r := newRig(t)
	r.subscribe("clerk", "Boston Clerk", "+16175550123", "ma.boston")
	r.subscribe("desk", "Worcester Desk", "+16175550124", "ma.worcester")
	wide := r.publish("state", map[string]any{"areas": []string{"ma.boston", "ma.worcester"}, "id": "wide"})
	path := "/api/v1/alerts/" + string(wide.Key)

	p := r.refused(422, "area_outside", "boston", "POST", "/api/v1/alerts", alertWith(map[string]any{"areas": []string{"ma.boston", "ma.worcester"}}))
	require.Equal(t, "/areas/1", p.Errors[0].Pointer)
	r.refused(403, "forbidden", "boston", "POST", path+"/cancel", "")
	r.refused(403, "forbidden", "boston", "POST", path+"/update", `{"areas":["ma.boston"]}`)
	for _, reference := range []string{string(wide.Key), "wide", "soc@sec.state.ma.us,wide,2026-11-03T07:12:00-05:00"} {
		r.refused(403, "forbidden", "boston", "POST", "/api/v1/alerts", alertWith(map[string]any{"type": "cancel", "references": []string{reference}}))
	}
	r.refused(403, "forbidden", "boston", "POST", path+"/acknowledgements", `{"subscriber":"desk"}`)
	r.must(201, "boston", "POST", path+"/acknowledgements", `{"subscriber":"clerk"}`)

	// An update by the state that is wider than the original is not the town's to withdraw.
	narrow := r.publish("boston", map[string]any{"headline": "narrow"})
	r.must(202, "state", "POST", "/api/v1/alerts/"+string(narrow.Key)+"/update", `{"areas":["ma"]}`)
	r.refused(403, "forbidden", "boston", "POST", "/api/v1/alerts/"+string(narrow.Key)+"/cancel", "")

	head, _ := r.board.Head(wide.Key)
	require.Equal(t, tracking.Open, head.Phase)
}

func TestCorrections(t *testing.T) {
	r := newRig(t)
	r.subscribe("clerk", "Boston Clerk", "+16175550123", "ma.boston")
	original := r.publish("boston", map[string]any{"id": "o"})

	var update api.Published
	r.must(202, "boston", "POST", "/api/v1/alerts/o/update", `{"headline":"Now with more"}`).into(t, &update)
	head, _ := r.board.Head(original.Key)
	require.Equal(t, tracking.Updated, head.Phase)
	require.Equal(t, update.Key, head.ReplacedBy)

	var cancel api.Published
	r.must(202, "boston", "POST", "/api/v1/alerts/"+string(update.Key)+"/cancel", "", "Idempotency-Key: c").into(t, &cancel)
	head, _ = r.board.Head(update.Key)
	require.Equal(t, tracking.Canceled, head.Phase)

	r.refused(409, "conflict", "boston", "POST", "/api/v1/alerts/"+string(update.Key)+"/cancel", "")
	r.refused(404, "not_found", "boston", "POST", "/api/v1/alerts/nothing/cancel", "")
	r.refused(400, "malformed", "boston", "POST", "/api/v1/alerts/"+string(cancel.Key)+"/update", "{")

	var replay api.Published
	r.must(202, "boston", "POST", "/api/v1/alerts/"+string(update.Key)+"/cancel", "", "Idempotency-Key: c").into(t, &replay)
	require.Equal(t, cancel, replay)
}

func TestPublishDoesNotOverclaim(t *testing.T) {
	t.Run("no verdict in time is pending", func(t *testing.T) {
		r := newRig(t, func(r *rig) {
			r.api.Publish.Await = func(context.Context, alerting.Key) (alerting.Verdict, error) {
				return alerting.Verdict{}, alerting.Errorf(alerting.CodeUnavailable, "no verdict")
			}
		})
		p := r.publish("boston", nil, "Idempotency-Key: k")
		require.Equal(t, "pending", p.Verdict)
		require.Equal(t, []alerting.Area{"ma.boston"}, p.Areas)
		require.Eventually(t, func() bool { _, ok := r.board.Opened(p.Key); return ok }, 5*time.Second, 5*time.Millisecond)
		again := r.publish("boston", nil, "Idempotency-Key: k")
		require.Equal(t, "accepted", again.Verdict, "a repeat tells what is known by then")
		require.NotEmpty(t, again.Code)
	})

	t.Run("what was not stored is unavailable", func(t *testing.T) {
		r := newRig(t, func(r *rig) {
			r.api.Publish.Submit = func(context.Context, alerting.Area, string, []byte) (uint64, error) {
				return 0, alerting.Errorf(alerting.CodeUnavailable, "the engine is not there")
			}
		})
		a := r.must(503, "boston", "POST", "/api/v1/alerts", alertWith(nil))
		require.NotEmpty(t, a.Header.Get("Retry-After"))
	})

	t.Run("an unexpected failure says nothing of its cause", func(t *testing.T) {
		r := newRig(t, func(r *rig) {
			r.api.Publish.Submit = func(context.Context, alerting.Area, string, []byte) (uint64, error) {
				return 0, errors.New("password of the disk is xyzzy")
			}
		})
		a := r.must(500, "boston", "POST", "/api/v1/alerts", alertWith(nil))
		require.NotContains(t, a.text, "xyzzy")
		require.Contains(t, r.log.String(), "publish-alert")
	})
}

func FuzzAlertBody(f *testing.F) {
	r := newRig(f)
	f.Add(alertWith(nil))
	f.Add(`{"id":null}`)
	f.Add("[")
	f.Fuzz(func(t *testing.T, body string) {
		a := r.with(t).ask("admin", "POST", "/api/v1/alerts?dry_run=true", body)
		switch a.StatusCode {
		case http.StatusOK:
			var d api.DryRun
			a.into(t, &d)
		case 400, 413, 422:
			var p api.ProblemDocument
			a.into(t, &p)
			if p.Code == "" || p.Detail == "" || !json.Valid([]byte(a.text)) {
				t.Fatalf("a refusal without a reason: %s", a.text)
			}
		default:
			t.Fatalf("status %d: %s", a.StatusCode, a.text)
		}
	})
}
