package subscribers_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/subscribers"
)

// What was put into the directory is what it returns, whatever lengths and characters it has.
func FuzzTheDirectoryKeepsSubscribers(f *testing.F) {
	f.Add("a", "A", "Org", "en", "fire", "sms", "+16175550100", "severe", true)
	f.Add("", "", "", "", "", "", "", "", false)
	f.Add(strings.Repeat("i", 127), strings.Repeat("n", 128), strings.Repeat("é", 9000), "x", "\x00", "\x80", strings.Repeat("a", 20000), "?", true)
	f.Fuzz(func(t *testing.T, id, name, organization, language, category, channel, address, floor string, shared bool) {
		valid := func(s string) string { return strings.ToValidUTF8(s, "?") } // as JSON has it
		s := &subscribers.Subscriber{
			ID: valid(id), Name: valid(name), Organization: valid(organization), Areas: []alerting.Area{"ma.boston", "us.nationwide"},
			Language: valid(language), Categories: []string{valid(category), "met"}, Shared: shared, MinSeverity: alerting.Severity(valid(floor)),
			Contacts: []subscribers.Contact{{Channel: valid(channel), Address: valid(address)}, {Channel: "sms", Address: "1", MinSeverity: alerting.Severity(valid(floor))}},
		}
		d := subscribers.NewDirectory()
		apply(t, d, person("other", "ma.boston").Put(), s.Put())
		d.Read(func(v *subscribers.View) {
			got, ok := v.Subscriber(s.ID)
			require.True(t, ok)
			assert.Equal(t, s, got)
			assert.Contains(t, v.ByAddress(s.Contacts[0].Channel, s.Contacts[0].Address), s)
		})
	})
}

// The order follows every change, whether or not somebody asked for it in between.
func TestTheOrderFollowsManyChanges(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	d := subscribers.NewDirectory()
	var there []string
	for range 1500 {
		id := fmt.Sprintf("p%03d", random.IntN(400))
		at, exists := slices.BinarySearch(there, id)
		switch {
		case exists && random.IntN(2) == 0:
			apply(t, d, subscribers.Remove(subscribers.ChangeSubscriber, id))
			there = slices.Delete(there, at, at+1)
		case exists:
			apply(t, d, person(id, alerting.Area([]string{"ma.boston", "ma.quincy", "vt.stowe"}[random.IntN(3)])).Put())
		default:
			apply(t, d, person(id, "ma.boston").Put())
			there = slices.Insert(there, at, id)
		}
		if random.IntN(4) == 0 {
			require.Equal(t, there, matched(d, alerting.Severe, nil, "us.nationwide"))
		}
	}
}
