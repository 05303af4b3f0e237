package registry_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/subscribers"
	"revere/subscribers/registry"
)

// BenchmarkAudience finds the 100,000 people of one state and makes them candidates: where they are
// all there is, where each is in a team and some opted out, and where nine times as many live in
// other states.
func BenchmarkAudience(b *testing.B) {
	for _, c := range []struct {
		name   string
		people int
		states []string
		noted  bool
	}{
		{"all", 100_000, []string{"ma"}, false},
		{"in teams", 100_000, []string{"ma"}, true},
		{"of a million", 1_000_000, []string{"ma", "ca", "fl", "ga", "il", "mi", "ny", "oh", "pa", "tx"}, false},
	} {
		b.Run(c.name, func(b *testing.B) {
			d := subscribers.NewDirectory()
			populate(b, d, c.people, c.states)
			if c.noted {
				note(b, d, c.people)
			}
			audience := registry.Audience{Directory: d, On: func(string) bool { return true }}
			area := []alerting.Area{alerting.StateArea("ma")}
			audience.Match(area, alerting.Severe, nil) // settles the order, once after each change
			runtime.GC()
			b.ReportAllocs()
			var concerned alerting.Candidates
			for b.Loop() {
				concerned, _, _ = audience.Match(area, alerting.Severe, nil)
			}
			require.Len(b, concerned.Recipients, 100_000)
			require.Len(b, concerned.Contacts[99_999], 2)
		})
	}
}

// populate adds people of three hundred towns in each of some states.
func populate(b *testing.B, d *subscribers.Directory, people int, states []string) {
	changes := make([]alerting.Change, 0, 10_000)
	for i := range people {
		s := subscribers.Subscriber{
			ID: fmt.Sprintf("person-%07d", i), Name: fmt.Sprintf("Person %d", i), Organization: fmt.Sprintf("Town %d", i%300),
			Areas: []alerting.Area{alerting.Area(fmt.Sprintf("%s.town-%d", states[i%len(states)], i/len(states)%300))},
			Contacts: []subscribers.Contact{{Channel: "sms", Address: fmt.Sprintf("+1617%07d", 2_000_000+i)},
				{Channel: "email", Address: fmt.Sprintf("person-%d@example.org", i)}},
		}
		if changes = append(changes, s.Put()); len(changes) == cap(changes) {
			require.NoError(b, d.Apply(d.Revision()+1, changes))
			changes = changes[:0]
		}
	}
}

// note puts everybody into one of ten teams, and takes the opt-out of every hundredth.
func note(b *testing.B, d *subscribers.Directory, people int) {
	teams := make([]subscribers.Team, 10)
	var changes []alerting.Change
	for i := range people {
		t := &teams[i%len(teams)]
		t.Members = append(t.Members, fmt.Sprintf("person-%07d", i))
		if i%100 == 0 {
			changes = append(changes, subscribers.OptOut{Channel: "email", Address: fmt.Sprintf("person-%d@example.org", i), Reason: "STOP"}.Put())
		}
	}
	for i := range teams {
		teams[i].ID, teams[i].Name, teams[i].Kind = fmt.Sprint("team-", i), "Team", subscribers.Other
		changes = append(changes, teams[i].Put())
	}
	require.NoError(b, d.Apply(d.Revision()+1, changes))
}
