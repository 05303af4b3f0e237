package fanout_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
)

func TestEveryJurisdictionHearsOnceBeforeAnyHearsTwice(t *testing.T) {
	w := newWorld(t,
		person("b1", []string{"sms", "email"}, "ma.boston"),
		person("b2", []string{"sms"}, "ma.boston"),
		person("b3", []string{"email"}, "ma.boston"),
		person("bc", []string{"sms"}, "ma.boston", "ma.chelsea"),
		person("c1", []string{"sms"}, "ma.chelsea"),
		person("r1", []string{"sms"}, "ma.revere"),
		person("r2", []string{"email"}, "ma.revere"))
	key := w.accept(on(1, "ma.boston", map[string]any{"areas": []string{"ma.boston", "ma.chelsea", "ma.revere"}}))
	// bc is Chelsea's first although Boston's second.
	assert.Equal(t, []string{"sms:b1", "sms:bc", "sms:r1", "sms:b2", "sms:c1", "email:b3", "email:r2"}, w.due(key))
}

// Whoever is concerned: on each channel no message that is nobody's first goes before one that is
// some jurisdiction's first, and where nobody answers for two, the same holds for every round.
func TestBreadthFirstWhoeverIsConcerned(t *testing.T) {
	for seed := range uint64(15) {
		random := rand.New(rand.NewPCG(seed, 3))
		most := 1 + int(seed)%3
		var people []candidate
		for i := range 60 {
			in := []alerting.Area{town(random.IntN(8)), town(random.IntN(8)), town(random.IntN(8))}[:1+random.IntN(most)]
			slices.Sort(in)
			channels := [][]string{{"sms", "email"}, {"email"}, {"!sms", "signal"}}[random.IntN(3)]
			people = append(people, person(fmt.Sprint("p", i), channels, slices.Compact(in)...))
		}
		var concerned []alerting.Area
		for i := range 8 {
			concerned = append(concerned, town(i))
		}
		w := newWorld(t, people...)
		m := w.manifest(w.accept(on(1, town(0), map[string]any{"areas": concerned})))
		checkRounds(t, m, most == 1)
		assert.ElementsMatch(t, reached(m), all(people))
	}
}

func reached(m alerting.Manifest) (ids []string) {
	for _, r := range m.Recipients {
		ids = append(ids, r.Subscriber)
	}
	return ids
}

func all(people []candidate) (ids []string) {
	for _, c := range people {
		ids = append(ids, c.Recipient.Subscriber)
	}
	return ids
}

// checkRounds goes through a manifest in sending order. Addresses are the subscribers' ids here.
func checkRounds(t *testing.T, m alerting.Manifest, everyRound bool) {
	t.Helper()
	areasOf := map[string][]alerting.Area{}
	for _, r := range m.Recipients {
		areasOf[r.Subscriber] = r.Areas
	}
	heard := map[string]int{} // channel and area
	round := map[string]int{} // channel
	for _, d := range m.Deliveries {
		if !d.Active {
			continue
		}
		least := -1
		for _, a := range areasOf[d.Address] {
			if n := heard[d.Channel+string(a)]; least < 0 || n < least {
				least = n
			}
			heard[d.Channel+string(a)]++
		}
		if !everyRound {
			least = min(least, 1)
		}
		require.GreaterOrEqual(t, least, round[d.Channel], "%s to %s goes out of turn", d.Channel, d.Address)
		round[d.Channel] = least
	}
}

func TestContactsOfAManifest(t *testing.T) {
	shared := person("bo", []string{"sms", "email"}, "ma.boston")
	shared.Contacts[0].Address = "ada" // Bo and Ada share a phone
	reserveOfOne := person("cy", []string{"email", "sms"}, "ma.boston")
	reserveOfOne.Contacts[1].Address = "ada"
	tests := map[string]struct {
		severity string
		people   []candidate
		want     []alerting.Planned // the active ones first
	}{
		"the first contact, the others in reserve": {"severe", []candidate{person("ada", []string{"sms", "email"}, "ma.boston")},
			[]alerting.Planned{{Channel: "sms", Address: "ada", Active: true}, {Channel: "email", Address: "ada"}}},
		"extreme: all at once": {"extreme", []candidate{person("ada", []string{"sms", "email", "!signal"}, "ma.boston")},
			[]alerting.Planned{{Channel: "sms", Address: "ada", Active: true}, {Channel: "email", Address: "ada", Active: true}, {Channel: "signal", Address: "ada", Suppressed: "opted out"}}},
		"suppressed: the next": {"severe", []candidate{person("ada", []string{"!sms", "email"}, "ma.boston")},
			[]alerting.Planned{{Channel: "email", Address: "ada", Active: true}, {Channel: "sms", Address: "ada", Suppressed: "opted out"}}},
		"all suppressed": {"extreme", []candidate{person("ada", []string{"!sms"}, "ma.boston")},
			[]alerting.Planned{{Channel: "sms", Address: "ada", Suppressed: "opted out"}}},
		"a shared phone gets one message": {"severe", []candidate{person("ada", []string{"sms"}, "ma.boston"), shared},
			[]alerting.Planned{{Channel: "sms", Address: "ada", Active: true}, {Channel: "email", Address: "bo"}}},
		"one's reserve is another's first": {"severe", []candidate{reserveOfOne, person("ada", []string{"sms"}, "ma.boston")},
			[]alerting.Planned{{Channel: "email", Address: "cy", Active: true}, {Channel: "sms", Address: "ada", Active: true}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, test.people...)
			m := w.manifest(w.accept(on(1, "ma.boston", map[string]any{"severity": test.severity})))
			assert.Equal(t, test.want, m.Deliveries)
			for i, r := range m.Recipients {
				require.Len(t, r.Contacts, len(test.people[i].Contacts))
				for j, c := range r.Contacts {
					assert.Equal(t, test.people[i].Contacts[j].Address, m.Deliveries[c].Address)
					assert.Equal(t, test.people[i].Contacts[j].Channel, m.Deliveries[c].Channel)
				}
			}
		})
	}
}

// However many share addresses with however many others: each address of a channel has one delivery, and everyone
// who has it answers by that.
func TestAnAddressHasOneDeliveryWhoeverSharesIt(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 3))
	people := make([]candidate, 5000)
	for i := range people {
		people[i] = person(fmt.Sprint("p", i), []string{"sms", "email"}, "ma.boston")
		for j := range people[i].Contacts {
			people[i].Contacts[j].Address = fmt.Sprint("at", random.IntN(3000))
		}
	}
	w := newWorld(t, people...)
	m := w.manifest(w.accept(on(1, "ma.boston", map[string]any{})))
	type address struct{ channel, text string }
	at := map[address]uint32{}
	for i, d := range m.Deliveries {
		a := address{d.Channel, d.Address}
		_, twice := at[a]
		require.False(t, twice, "%v has two deliveries", a)
		at[a] = uint32(i)
	}
	for i, r := range m.Recipients {
		for j, c := range people[i].Contacts {
			require.Equal(t, at[address{c.Channel, c.Address}], r.Contacts[j])
		}
	}
}

func TestHashTellsWhetherAManifestIsTheSame(t *testing.T) {
	hash := func(severity string, people ...candidate) string {
		w := newWorld(t, people...)
		return string(w.manifest(w.accept(on(1, "ma.boston", map[string]any{"severity": severity}))).Hash)
	}
	ada, bo := person("ada", []string{"sms", "email"}, "ma.boston"), person("bo", []string{"sms"}, "ma.boston")
	same := hash("severe", ada, bo)
	assert.Equal(t, same, hash("severe", ada, bo))
	assert.Equal(t, same, hash("minor", ada, bo))
	seen := []string{same}
	for _, other := range []string{hash("severe", bo, ada), hash("severe", ada), hash("extreme", ada, bo), hash("severe", ada, person("bo", []string{"email"}, "ma.boston"))} {
		assert.NotContains(t, seen, other)
		seen = append(seen, other)
	}
}

func TestManifestIsCutIntoRecordsThatTheEngineTakes(t *testing.T) {
	const n = 601
	var people []candidate
	for i := range n {
		p := person(fmt.Sprint("p", i), []string{"sms", "email"}, "ma.boston")
		for j := range 100 { // a desk that answers for many places
			p.Recipient.Areas = append(p.Recipient.Areas, alerting.Area(fmt.Sprint("ma.a-place-with-a-long-name-", j)))
		}
		people = append(people, p)
	}
	w := newWorld(t, people...)
	concerned := people[0].Recipient.Areas
	key := w.accept(on(1, "ma.boston", map[string]any{"areas": concerned}))
	for _, r := range w.ledger.Written() {
		bytes := 0
		for _, p := range r.Manifest.Recipients {
			for _, a := range p.Areas {
				bytes += len(a)
			}
		}
		assert.LessOrEqual(t, bytes, 200<<10)
		assert.LessOrEqual(t, len(r.Manifest.Deliveries), 500)
	}
	m := w.manifest(key)
	assert.Len(t, m.Recipients, n)
	assert.Len(t, m.Deliveries, 2*n)
	s, _ := w.board.Summary(key)
	assert.Equal(t, n, s.People)
	assert.Equal(t, n, s.Deliveries)
	assert.Equal(t, []alerting.Area{"ma.winthrop"}, s.Uncovered)
}

func TestHundredThousandPeople(t *testing.T) {
	w := newWorld(t, hundredThousand()...)
	v := w.publish(on(1, town(0), map[string]any{"areas": towns(300)}))
	assert.Equal(t, alerting.VerdictAccepted, v.Verdict)
	assert.Equal(t, w.board.Reached(), v.Ledger)
	s, _ := w.board.Summary(v.Alert)
	assert.Equal(t, 100_000, s.People)
	assert.Len(t, s.Areas, 300)
	first := w.board.Take(nil, "sms", alerting.PlacesFor(300), start)
	seen := map[alerting.Area]bool{}
	for _, d := range first {
		e, _ := w.board.Envelope(d.Alert, d.Delivery)
		seen[e.Areas[0]] = true
	}
	assert.Len(t, seen, 300, "the first 300 messages reach 300 towns")
}

func towns(n int) []alerting.Area {
	all := make([]alerting.Area, n)
	for i := range all {
		all[i] = town(i)
	}
	return all
}

func hundredThousand() []candidate {
	people := make([]candidate, 100_000)
	for i := range people {
		people[i] = person(fmt.Sprintf("p%06d", i), []string{"sms", "email"}, town(i/334))
	}
	return people
}

// BenchmarkExpansion takes an alert for 100,000 people from its publication to the records of its
// manifest, and onto the board.
func BenchmarkExpansion(b *testing.B) {
	people, concerned := hundredThousand(), towns(300)
	for b.Loop() {
		w := newWorld(b, people...)
		w.accept(on(1, town(0), map[string]any{"areas": concerned}))
	}
	b.ReportMetric(float64(b.N*len(people))/b.Elapsed().Seconds(), "recipients/s")
}
