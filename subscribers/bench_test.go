package subscribers_test

import (
	"bytes"
	"fmt"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/channels/email"
	"revere/channels/signal"
	"revere/channels/sms"
	"revere/subscribers"
	"revere/subscribers/areas"
)

const population = 100_000

// bigStates are fifty states of four hundred towns each, spread over their first counties.
func bigStates(b *testing.B) []areas.State {
	b.Helper()
	table := areas.New()
	var states []areas.State
	for _, s := range alerting.USStates[:50] {
		state := areas.State{Code: s.Code}
		counties := table.List(s.Code)[1:]
		for i := range 400 {
			state.Municipalities = append(state.Municipalities, areas.Municipality{
				Slug: fmt.Sprintf("town-%d", i), Name: fmt.Sprintf("Town %d", i), Counties: []alerting.Area{counties[i%min(10, len(counties))].Area},
			})
		}
		states = append(states, state)
	}
	return states
}

// bigDirectory has five subscribers in each of twenty thousand towns.
func bigDirectory(b *testing.B) (*subscribers.Directory, []subscribers.Change) {
	b.Helper()
	d := subscribers.NewDirectory()
	for _, s := range bigStates(b) {
		apply(b, d, subscribers.PutAreas(s))
	}
	changes := make([]subscribers.Change, population)
	for i := range changes {
		s := subscribers.Subscriber{
			ID: fmt.Sprintf("person-%06d", i), Name: fmt.Sprintf("Person %d", i), Organization: fmt.Sprintf("Town %d", i%400),
			Areas: []alerting.Area{alerting.Area(fmt.Sprintf("%s.town-%d", alerting.USStates[i%50].Code, i/50%400))},
			Contacts: []subscribers.Contact{{Channel: "sms", Address: fmt.Sprintf("+1617%07d", 2_000_000+i)},
				{Channel: "email", Address: fmt.Sprintf("person-%d@example.org", i)}},
		}
		changes[i] = s.Put()
	}
	return d, changes
}

func BenchmarkMatch(b *testing.B) {
	d, changes := bigDirectory(b)
	apply(b, d, changes...)
	for _, c := range []struct {
		name string
		area alerting.Area
	}{{"municipality", "ma.town-7"}, {"county", "ma.county-barnstable"}, {"state", "ma.statewide"}, {"nation", alerting.Nationwide}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			reached := 0
			for b.Loop() {
				d.Read(func(v *subscribers.View) { reached = len(v.Match([]alerting.Area{c.area}, alerting.Severe, nil)) })
			}
			b.ReportMetric(float64(reached), "reached")
		})
	}
}

// BenchmarkDirectory measures a directory that the changes of plain imports add up to: how many bytes
// stay in use, and the most that the collector ever found in use on the way.
func BenchmarkDirectory(b *testing.B) {
	for _, people := range []int{population, 10 * population} {
		b.Run(fmt.Sprint(people), func(b *testing.B) {
			parts := plainParts(people)
			b.ReportAllocs()
			var d *subscribers.Directory
			for b.Loop() {
				d = nil
				before := heap()
				most := watchHeap(func() {
					d = subscribers.NewDirectory()
					for i, part := range parts {
						require.NoError(b, d.Apply(uint64(i+1), part))
					}
				})
				d.Read(func(v *subscribers.View) { v.List(subscribers.Query{Limit: 1}) }) // which settles the order
				b.ReportMetric(float64(heap()-before)/float64(people), "B/subscriber")
				b.ReportMetric(float64(most-before)/float64(people), "peak-B/subscriber")
			}
			runtime.KeepAlive(d)
			runtime.KeepAlive(parts)
		})
	}
}

// plainParts are the commits of imports of a hundred thousand each: an id, a name, an organization,
// one area, a number and a mail address.
func plainParts(people int) (parts [][]subscribers.Change) {
	for i := range people {
		if i%population == 0 {
			parts = append(parts, make([]subscribers.Change, 0, population))
		}
		last := &parts[len(parts)-1]
		*last = append(*last, plain(i).Put())
	}
	return parts
}

func plain(i int) *subscribers.Subscriber {
	return &subscribers.Subscriber{
		ID: fmt.Sprintf("person-%07d", i), Name: fmt.Sprintf("Person %d", i), Organization: fmt.Sprintf("Town %d", i%400),
		Areas: []alerting.Area{alerting.Area(fmt.Sprintf("%s.town-%d", alerting.USStates[i%50].Code, i/50%400))},
		Contacts: []subscribers.Contact{{Channel: "sms", Address: fmt.Sprintf("+1617%07d", 2_000_000+i)},
			{Channel: "email", Address: fmt.Sprintf("person-%d@example.org", i)}},
	}
}

// watchHeap runs do and returns the most bytes that a collection meanwhile found in use.
func watchHeap(do func()) (most int64) {
	done := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		for tick := time.NewTicker(5 * time.Millisecond); ; {
			metrics.Read(sample)
			most = max(most, int64(sample[0].Value.Uint64()))
			select {
			case <-done:
				tick.Stop()
				return
			case <-tick.C:
			}
		}
	})
	do()
	close(done)
	watcher.Wait()
	return most
}

// heap is how many bytes are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkImport100k reads files with the channels' own parsers of addresses.
func BenchmarkImport100k(b *testing.B) {
	d, changes := bigDirectory(b)
	apply(b, d, changes...)
	var csv, json bytes.Buffer
	require.NoError(b, d.ExportCSV(&csv, []string{"sms", "email", "signal"}))
	require.NoError(b, d.ExportJSON(&json))
	empty, _ := bigDirectory(b)
	im := subscribers.Importer{Directory: empty, Validator: subscribers.Validator{Atlas: empty.Atlas(), Addresses: map[string]func(string) (string, error){
		"sms": sms.Kind.ParseAddress, "email": email.Kind.ParseAddress, "signal": signal.Kind.ParseAddress,
	}}}
	planned := func(b *testing.B, read func() (subscribers.Plan, error)) {
		b.ReportAllocs()
		for b.Loop() {
			plan, err := read()
			require.NoError(b, err)
			require.Len(b, plan.Changes, population)
		}
	}
	b.Run("csv", func(b *testing.B) {
		planned(b, func() (subscribers.Plan, error) { return im.CSV(bytes.NewReader(csv.Bytes())) })
	})
	b.Run("json", func(b *testing.B) {
		planned(b, func() (subscribers.Plan, error) { return im.JSON(bytes.NewReader(json.Bytes())) })
	})
	for name, spoilt := range map[string]string{"all areas unknown": ".tawn-", "all areas malformed": "-town-"} {
		bad := strings.ReplaceAll(csv.String(), ".town-", spoilt)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, err := im.CSV(strings.NewReader(bad))
				require.Error(b, err)
			}
		})
	}
}
