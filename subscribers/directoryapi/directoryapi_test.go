package directoryapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/api"
	"revere/subscribers"
	"revere/subscribers/areas"
	"revere/subscribers/directoryapi"
)

const clerk = `{"name":"Boston Clerk","areas":["ma.boston"],"min_severity":"moderate","contacts":[{"channel":"sms","address":"(617) 555-0123"},{"channel":"email","address":"clerk@boston.gov"}]}`

func TestSubscriber(t *testing.T) {
	r := newRig(t)
	written := read[directoryapi.SubscriberWritten](t, r.must(200, r.admin, "PUT", "/subscribers/clerk", clerk))
	require.Equal(t, "+16175550123", written.Subscriber.Contacts[0].Address, "addresses are brought into one form")
	require.NotEmpty(t, written.Warnings, "the municipalities of ma have not been imported")
	require.Equal(t, r.registry.Revision(), written.Sequence)

	shown := r.must(200, r.viewer, "GET", fmt.Sprintf("/subscribers/clerk?sequence=%d", written.Sequence), "")
	again := read[directoryapi.SubscriberWritten](t, r.must(200, r.admin, "PUT", "/subscribers/clerk", shown))
	require.Equal(t, written.Sequence, again.Sequence, "what was shown can be written back, and changes nothing")

	r.must(200, r.admin, "PUT", "/teams/emc", `{"name":"Boston EMC","kind":"emc","members":["clerk"]}`)
	require.Contains(t, r.must(200, r.viewer, "GET", "/subscribers/clerk", ""), `"teams":["emc"]`)
	r.must(200, r.admin, "DELETE", "/subscribers/clerk", "")
	require.Contains(t, r.must(200, r.viewer, "GET", "/teams/emc", ""), `"members":[]`)
	r.refused(404, "not_found", "GET", "/subscribers/clerk", "")
	r.refused(404, "not_found", "DELETE", "/subscribers/clerk", "")
	r.must(403, r.viewer, "PUT", "/subscribers/clerk", clerk)
}

func TestSubscriberRefused(t *testing.T) {
	r := newRig(t)
	p := r.refused(422, "invalid", "PUT", "/subscribers/clerk", `{"areas":["xx.y"],"contacts":[{"channel":"sms","address":"12"},{"channel":"fax","address":"1"}]}`)
	pointers := []string{}
	for _, e := range p.Errors {
		pointers = append(pointers, e.Pointer)
		require.NotContains(t, e.Detail, "line 1")
	}
	require.ElementsMatch(t, []string{"/name", "/areas/0", "/contacts/0/address", "/contacts/1/channel"}, pointers)
	p = r.refused(422, "invalid", "PUT", "/subscribers/clerk", `{"id":"other"}`)
	require.Equal(t, "/id", p.Errors[0].Pointer)
	for _, body := range []string{"", "{", "[]", `"x"`, `{"name":1}`, `{"nme":"x"}`, clerk + "x"} {
		r.refused(400, "malformed", "PUT", "/subscribers/clerk", body)
	}
	r.refused(422, "invalid", "PUT", "/subscribers/"+strings.Repeat("x", 65), clerk)
	require.Contains(t, r.must(200, r.viewer, "GET", "/subscribers", ""), `"data":[]`)
}

func TestListSubscribers(t *testing.T) {
	r := newRig(t)
	for id, area := range map[string]string{"a": "ma.boston", "b": "ma", "c": "ny.albany"} {
		r.must(200, r.admin, "PUT", "/subscribers/"+id, fmt.Sprintf(`{"name":"Desk %s","areas":[%q],"contacts":[{"channel":"email","address":"%s@x.gov"}]}`, id, area, id))
	}
	ids := func(query string) (found []string, next *string) {
		page := read[api.Page[directoryapi.SubscriberView]](t, r.must(200, r.viewer, "GET", "/subscribers?"+query, ""))
		for _, s := range page.Data {
			found = append(found, s.ID)
		}
		return found, page.NextCursor
	}
	for query, want := range map[string][]string{"": {"a", "b", "c"}, "area=ma.boston": {"a", "b"}, "q=DESK+c": {"c"}, "q=b@x": {"b"}, "area=ny": {"c"}} {
		found, next := ids(query)
		require.Equal(t, want, found, query)
		require.Nil(t, next)
	}
	first, next := ids("limit=2")
	rest, end := ids("limit=2&cursor=" + *next)
	require.Equal(t, []string{"a", "b", "c"}, append(first, rest...))
	require.Nil(t, end)
	r.refused(422, "unknown_area", "GET", "/subscribers?area=zz", "")
	r.refused(422, "invalid", "GET", "/subscribers?limit=5000", "")
}

const csvType = "Content-Type: text/csv; charset=utf-8"

func TestImport(t *testing.T) {
	r := newRig(t)
	header := "id,name,organization,areas,min_severity,sms,email,signal,language\n"
	header = strings.ReplaceAll(header, "signal,", "")
	file := header + "a,Desk A,,ma.boston,severe,617-555-0123,,en\nb,Desk B,,ma,,,b@x.gov,\n"

	dry := r.must(200, r.admin, "POST", "/subscribers/import?dry_run=true", file, csvType)
	require.Contains(t, dry, `"added":2`)
	require.Contains(t, r.must(200, r.viewer, "GET", "/subscribers", ""), `"data":[]`)

	done := read[struct {
		Sequence uint64
		Summary  subscribers.Summary
		Warnings []alerting.Problem
	}](t, r.must(200, r.admin, "POST", "/subscribers/import", file, csvType))
	require.Equal(t, subscribers.Summary{Added: 2}, done.Summary)
	require.NotEmpty(t, done.Warnings)
	require.Equal(t, r.registry.Revision(), done.Sequence)

	// All or nothing, each bad row named by line and column.
	p := r.refused(422, "invalid", "POST", "/subscribers/import", header+"c,Desk C,,ma,,617-555-0124,,\nd,,,ma,,12,,\ne,E,,zz.y,,,e@x.gov,\n", csvType)
	var told []string
	for _, e := range p.Errors {
		told = append(told, e.Pointer)
	}
	require.ElementsMatch(t, []string{"/rows/3/name", "/rows/3/sms", "/rows/4/areas"}, told)
	require.Contains(t, p.Errors[0].Detail, "line 3")
	require.NotContains(t, r.must(200, r.viewer, "GET", "/subscribers", ""), "Desk C")

	for accept, again := range map[string]string{"Accept: text/csv": csvType, "Accept: application/json": "Content-Type: application/json"} {
		exported := r.must(200, r.viewer, "GET", "/subscribers/export", "", accept)
		require.Contains(t, r.must(200, r.admin, "POST", "/subscribers/import?replace=true", exported, again), `"unchanged":2,"removed":0`, accept)
	}
	require.Contains(t, r.must(200, r.admin, "POST", "/subscribers/import?replace=true", header+"b,Desk B,,ma,,,b@x.gov,\n", csvType), `"removed":1`)
	r.refused(404, "not_found", "GET", "/subscribers/a", "")

	r.refused(415, api.CodeMediaType, "POST", "/subscribers/import", file, "Content-Type: application/x-www-form-urlencoded")
	r.must(403, r.viewer, "POST", "/subscribers/import", file, csvType)
}

func TestTeams(t *testing.T) {
	r := newRig(t)
	r.must(200, r.admin, "PUT", "/subscribers/clerk", clerk)
	for _, id := range []string{"b", "a"} {
		r.must(200, r.admin, "PUT", "/teams/"+id, `{"name":"Team `+id+`","kind":"responders","members":["clerk"]}`)
	}
	page := read[api.Page[subscribers.Team]](t, r.must(200, r.viewer, "GET", "/teams?limit=1", ""))
	require.Equal(t, "a", page.Data[0].ID)
	page = read[api.Page[subscribers.Team]](t, r.must(200, r.viewer, "GET", "/teams?limit=1&cursor="+*page.NextCursor, ""))
	require.Equal(t, "b", page.Data[0].ID)
	require.Nil(t, page.NextCursor)
	page = read[api.Page[subscribers.Team]](t, r.must(200, r.viewer, "GET", "/teams?q=team+B", ""))
	require.Len(t, page.Data, 1)

	p := r.refused(422, "invalid", "PUT", "/teams/c", `{"kind":"club","members":["nobody"]}`)
	require.Len(t, p.Errors, 3)
	p = r.refused(422, "not_found", "PUT", "/teams/c", `{"name":"C","kind":"emc","members":["nobody"]}`)
	require.Equal(t, "/members/0", p.Errors[0].Pointer)
	r.must(200, r.admin, "DELETE", "/teams/a", "")
	r.refused(404, "not_found", "DELETE", "/teams/a", "")
	r.refused(404, "not_found", "GET", "/teams/a", "")
}

func TestAreas(t *testing.T) {
	r := newRig(t)
	r.must(200, r.admin, "PUT", "/subscribers/clerk", clerk)
	list := func(query string) []areas.Entry {
		return read[api.Page[areas.Entry]](t, r.must(200, r.viewer, "GET", "/areas?"+query, "")).Data
	}
	require.Equal(t, alerting.Area("ma.county-suffolk"), list("q=suffolk&state=ma")[0].Area)
	require.Equal(t, alerting.Area("ma.county-suffolk"), list("q=25025")[0].Area)
	require.Equal(t, alerting.Nationwide, list("")[0].Area)
	r.refused(422, "unknown_area", "GET", "/areas?state=zz", "")

	file := "slug,name,kind,counties,geoid\nma.chelsea,Chelsea city,city,suffolk,2513205\nma.revere,Revere city,city,suffolk,2556585\n"
	p := r.refused(422, "unknown_area", "POST", "/areas/import", file+"zz.x,X,,,\nma.y,Y,,nowhere,\n", csvType)
	require.Len(t, p.Errors, 2)
	require.Contains(t, p.Errors[0].Detail, "line 4")
	require.False(t, r.registry.Directory.Atlas().Imported("ma"), "all or nothing")

	require.Contains(t, r.must(200, r.admin, "POST", "/areas/import?dry_run=true", file, csvType), `"municipalities":2`)
	require.False(t, r.registry.Directory.Atlas().Imported("ma"))
	done := r.must(200, r.admin, "POST", "/areas/import", file, csvType)
	require.Contains(t, done, `"states":{"ma":2}`)
	require.Contains(t, done, `subscriber \"clerk\" is subscribed to \"ma.boston\"`, "whoever would hear nothing any more is named")
	require.Equal(t, "Revere", list("q=ma.revere")[0].Name)
	require.Len(t, list("state=ma"), 1+14+2)
	first := read[api.Page[areas.Entry]](t, r.must(200, r.viewer, "GET", "/areas?state=ma&limit=16", ""))
	rest := list("state=ma&limit=16&cursor=" + *first.NextCursor)
	require.Equal(t, alerting.Area("ma.revere"), rest[0].Area)
	r.refused(422, "invalid", "GET", "/areas?state=ma&cursor=x", "")
	r.refused(415, api.CodeMediaType, "POST", "/areas/import", "[]")
	r.refused(422, "unknown_area", "PUT", "/subscribers/other", strings.ReplaceAll(clerk, "ma.boston", "ma.chelsee"))
}

func TestOptOuts(t *testing.T) {
	r := newRig(t)
	for _, id := range []string{"a", "b"} {
		r.must(200, r.admin, "PUT", "/subscribers/"+id, clerk)
	}
	r.change(subscribers.OptOut{Channel: "sms", Address: "+16175550123", At: time.Now().UTC(), Reason: "the person sent STOP"}.Put())
	page := read[api.Page[directoryapi.OptOutView]](t, r.must(200, r.viewer, "GET", "/opt-outs", ""))
	require.Len(t, page.Data, 1)
	require.Equal(t, []string{"a", "b"}, page.Data[0].Subscribers)
	require.Contains(t, r.must(200, r.viewer, "GET", "/subscribers/a", ""), `"opted_out":[{"channel":"sms"`)
}

// Whoever writes at the same time as others has not undone what they wrote.
func TestWritersDoNotUndoEachOther(t *testing.T) {
	r := newRig(t)
	statuses := make(chan int, 8)
	for i := range cap(statuses) {
		go func() {
			status, _, _ := r.ask(r.admin, "PUT", fmt.Sprintf("/subscribers/s%d", i), clerk)
			statuses <- status
		}()
	}
	for range cap(statuses) {
		require.Equal(t, http.StatusOK, <-statuses)
	}
	require.Len(t, read[api.Page[directoryapi.SubscriberView]](t, r.must(200, r.viewer, "GET", "/subscribers", "")).Data, 8)
}
