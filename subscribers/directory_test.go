package subscribers_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/subscribers"
	"revere/subscribers/areas"
)

func apply(t testing.TB, d *subscribers.Directory, changes ...subscribers.Change) {
	t.Helper()
	require.NoError(t, d.Apply(d.Revision()+1, changes))
}

func importAreas(t testing.TB, d *subscribers.Directory, csv string) {
	t.Helper()
	states, _, err := areas.Read(strings.NewReader(csv))
	require.NoError(t, err)
	for _, s := range states {
		apply(t, d, subscribers.PutAreas(s))
	}
}

func person(id string, areas ...alerting.Area) *subscribers.Subscriber {
	return &subscribers.Subscriber{ID: id, Name: "Name of " + id, Areas: areas,
		Contacts: []subscribers.Contact{{Channel: "email", Address: id + "@example.org"}}}
}

func TestApplyFoldsChanges(t *testing.T) {
	d := subscribers.NewDirectory()
	clerk := person("clerk", "ma.boston")
	clerk.Organization = "City Clerk"
	stopped := subscribers.OptOut{Channel: "sms", Address: "+16175550100", At: time.Unix(1, 0).UTC(), Reason: "STOP"}
	desk := &subscribers.Team{ID: "desk", Name: "Desk", Kind: subscribers.EMC, Members: []string{"clerk", "mayor"}}
	require.NoError(t, d.Apply(7, []subscribers.Change{clerk.Put(), person("mayor", "ma.boston").Put(), desk.Put(), stopped.Put()}))

	d.Read(func(v *subscribers.View) {
		assert.Equal(t, uint64(7), v.Revision())
		assert.Equal(t, 2, v.Len())
		got, ok := v.Subscriber("clerk")
		require.True(t, ok)
		assert.Equal(t, clerk, got)
		assert.Equal(t, []string{"desk"}, v.TeamsOf("mayor"))
		assert.Equal(t, []*subscribers.Team{desk}, v.Teams())
		out, ok := v.OptedOut("sms", "+16175550100")
		assert.True(t, ok)
		assert.Equal(t, stopped, out)
		_, ok = v.OptedOut("email", "+16175550100")
		assert.False(t, ok)
	})

	require.NoError(t, d.Apply(8, []subscribers.Change{
		subscribers.Remove(subscribers.ChangeSubscriber, "clerk"),
		subscribers.Remove(subscribers.ChangeSubscriber, "never was"),
		subscribers.Remove(subscribers.ChangeTeam, "desk"),
		subscribers.Remove(subscribers.ChangeOptOut, stopped.Key()),
	}))
	d.Read(func(v *subscribers.View) {
		assert.Equal(t, uint64(8), v.Revision())
		_, ok := v.Subscriber("clerk")
		assert.False(t, ok)
		assert.Empty(t, v.ByAddress("email", "clerk@example.org"))
		assert.Empty(t, v.Teams())
		assert.Empty(t, v.TeamsOf("mayor"))
		_, ok = v.OptedOut("sms", "+16175550100")
		assert.False(t, ok)
		assert.Len(t, v.Match([]alerting.Area{"ma.boston"}, alerting.Minor, nil), 1)
	})
}

func TestApplyPassesOverWhatItCannotReadAndNamesIt(t *testing.T) {
	d := subscribers.NewDirectory()
	apply(t, d, person("kept", "ma.boston").Put())
	err := d.Apply(2, []subscribers.Change{
		{Kind: "subscriber", ID: "broken", Value: []byte("{")},
		{Kind: "subscriber", ID: "kept", Value: []byte(`{"id":"other"}`)},
		{Kind: "subscriber", ID: "lost", Value: []byte(`{"id":"lost","areas":["Boston"]}`)},
		{Kind: "areas", ID: "mars", Value: []byte("[]")},
		{Kind: "weather", ID: "x", Value: []byte("{}")},
		person("new", "ma.boston").Put(),
	})
	var refused *alerting.Error
	require.ErrorAs(t, err, &refused)
	assert.Len(t, refused.Problems, 5)
	assert.Equal(t, uint64(2), d.Revision())
	d.Read(func(v *subscribers.View) {
		assert.Len(t, v.Match([]alerting.Area{"ma.boston"}, alerting.Severe, nil), 2)
	})
}

func TestApplyTakesAreasInTheirShortForm(t *testing.T) {
	d := subscribers.NewDirectory()
	apply(t, d, subscribers.Change{Kind: "subscriber", ID: "desk", Value: []byte(
		`{"id":"desk","name":"Desk","areas":["ma","ma.statewide"],"contacts":[{"channel":"sms","address":"1"}]}`)})
	d.Read(func(v *subscribers.View) {
		s, _ := v.Subscriber("desk")
		assert.Equal(t, []alerting.Area{"ma.statewide"}, s.Areas)
	})
	apply(t, d, subscribers.Remove(subscribers.ChangeSubscriber, "desk"))
	d.Read(func(v *subscribers.View) {
		assert.Empty(t, v.Match([]alerting.Area{"ma.boston"}, alerting.Severe, nil))
	})
}

func TestSubscribersWhoShareAnAddressAreAllFound(t *testing.T) {
	d := subscribers.NewDirectory()
	for _, id := range []string{"c", "a", "b"} {
		s := person(id, "ma.boston")
		s.Contacts = []subscribers.Contact{{Channel: "sms", Address: "+16175550100"}}
		apply(t, d, s.Put())
	}
	ids := func() (ids []string) {
		d.Read(func(v *subscribers.View) {
			for _, s := range v.ByAddress("sms", "+16175550100") {
				ids = append(ids, s.ID)
			}
		})
		return ids
	}
	assert.Equal(t, []string{"a", "b", "c"}, ids())
	apply(t, d, person("b", "ma.boston").Put())
	assert.Equal(t, []string{"a", "c"}, ids())
}

func TestRemoveSubscriberLeavesNoTeamBehind(t *testing.T) {
	d := subscribers.NewDirectory()
	team := &subscribers.Team{ID: "t", Name: "T", Kind: subscribers.Other, Members: []string{"a", "b"}}
	apply(t, d, person("a", "ma").Put(), person("b", "ma").Put(), team.Put())
	var changes []subscribers.Change
	d.Read(func(v *subscribers.View) {
		var err error
		changes, err = v.RemoveSubscriber("a")
		require.NoError(t, err)
		_, err = v.RemoveSubscriber("nobody")
		assert.Equal(t, alerting.CodeNotFound, alerting.CodeOf(err))
	})
	apply(t, d, changes...)
	d.Read(func(v *subscribers.View) {
		got, _ := v.Team("t")
		assert.Equal(t, []string{"b"}, got.Members)
		assert.Equal(t, 1, v.Len())
	})
	assert.Equal(t, []string{"a", "b"}, team.Members)
}

func TestListPagesInOrder(t *testing.T) {
	d := subscribers.NewDirectory()
	var want []string
	for i := range 25 {
		id := fmt.Sprintf("p%02d", i*7%25)
		area := alerting.Area("ma.boston")
		if i%5 == 0 {
			area = "vt.stowe"
		}
		apply(t, d, person(id, area).Put())
		want = append(want, id)
	}
	slices.Sort(want)
	list := func(q subscribers.Query) (ids []string) {
		d.Read(func(v *subscribers.View) {
			for {
				page, next := v.List(q)
				assert.LessOrEqual(t, len(page), max(q.Limit, 1))
				for _, s := range page {
					ids = append(ids, s.ID)
				}
				if q.After = next; next == "" {
					return
				}
			}
		})
		return ids
	}
	assert.Equal(t, want, list(subscribers.Query{Limit: 4}))
	assert.Equal(t, want, list(subscribers.Query{Limit: 5}), "a last page that is full")
	assert.Len(t, list(subscribers.Query{Limit: 3, Area: "vt.statewide"}), 5)
	assert.Equal(t, []string{"p03"}, list(subscribers.Query{Limit: 3, Text: "P03@EXAMPLE"}))
	assert.Empty(t, list(subscribers.Query{Limit: 3, Text: "nobody"}))

	apply(t, d, subscribers.Remove(subscribers.ChangeSubscriber, "p00"), subscribers.Remove(subscribers.ChangeSubscriber, "p24"), person("p24", "ma").Put(), person("q", "ma").Put())
	assert.Equal(t, append(want[1:], "q"), list(subscribers.Query{Limit: 10}))
}

// A view shows one revision: in every change all of the people move from one town to the other.
func TestReadersSeeWholeRevisions(t *testing.T) {
	d := subscribers.NewDirectory()
	move := func(revision uint64) {
		town := alerting.Area([]string{"ma.boston", "ma.quincy"}[revision%2])
		var changes []subscribers.Change
		for i := range 20 {
			changes = append(changes, person(fmt.Sprintf("p%d", i), town).Put())
		}
		assert.NoError(t, d.Apply(revision, changes))
	}
	move(1)
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for range 100 {
				d.Read(func(v *subscribers.View) {
					here, there := v.Match([]alerting.Area{"ma.boston"}, alerting.Severe, nil), v.Match([]alerting.Area{"ma.quincy"}, alerting.Severe, nil)
					assert.ElementsMatch(t, []int{0, 20}, []int{len(here), len(there)})
					assert.Equal(t, v.Revision()%2 == 0, len(here) == 20)
					page, _ := v.List(subscribers.Query{})
					assert.Len(t, page, 20)
				})
			}
		})
	}
	for revision := range uint64(50) {
		move(revision + 2)
	}
	readers.Wait()
}

func TestTheIndexAgreesWithWhoIsThereAfterManyChanges(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	d := subscribers.NewDirectory()
	everywhere := []alerting.Area{"ma.boston", "ma.quincy", "ma.county-suffolk", "ma.statewide", "vt.stowe", "us.nationwide"}
	there := map[string][]alerting.Area{}
	for i := range 200 { // so that the matched are at times few and at times most of all
		apply(t, d, person(fmt.Sprintf("elsewhere-%d", i), "ca.fresno").Put())
	}
	for range 2000 {
		id := fmt.Sprintf("p%d", random.IntN(40))
		if random.IntN(3) == 0 {
			apply(t, d, subscribers.Remove(subscribers.ChangeSubscriber, id))
			delete(there, id)
			continue
		}
		random.Shuffle(len(everywhere), func(i, j int) { everywhere[i], everywhere[j] = everywhere[j], everywhere[i] })
		there[id] = slices.Clone(everywhere[:1+random.IntN(3)])
		apply(t, d, person(id, there[id]...).Put())
	}
	d.Read(func(v *subscribers.View) {
		for _, area := range everywhere {
			want := map[string]bool{}
			for id, subscribed := range there {
				if slices.ContainsFunc(subscribed, func(a alerting.Area) bool { return v.Atlas().Overlaps(a, area) }) {
					want[id] = true
				}
			}
			got := map[string]bool{}
			for _, m := range v.Match([]alerting.Area{area}, alerting.Severe, nil) {
				if strings.HasPrefix(m.ID, "p") {
					got[m.ID] = true
				}
			}
			assert.Equal(t, want, got, area)
		}
	})
}

func TestSubscriberJSON(t *testing.T) {
	raw, err := json.Marshal(subscribers.Subscriber{ID: "a", Name: "A", Organization: "O", Areas: []alerting.Area{"ma.boston"}, MinSeverity: "severe",
		Categories: []string{"fire"}, Language: "es", Shared: true, Contacts: []subscribers.Contact{{Channel: "sms", Address: "+1", MinSeverity: "extreme"}}})
	require.NoError(t, err)
	assert.JSONEq(t, `{"id":"a","name":"A","organization":"O","areas":["ma.boston"],"min_severity":"severe","categories":["fire"],
		"language":"es","shared":true,"contacts":[{"channel":"sms","address":"+1","min_severity":"extreme"}]}`, string(raw))
}
