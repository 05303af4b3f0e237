package subscribers_test

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"revere/alerting"
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
			Contacts: []subscribers.Contact{{Channel: "sms", Address: fmt.Sprintf("+1617%07d", i)},
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

func BenchmarkApply100k(b *testing.B) {
	_, changes := bigDirectory(b)
	b.ReportAllocs()
	before := heap()
	var d *subscribers.Directory
	for b.Loop() {
		d = subscribers.NewDirectory()
		require.NoError(b, d.Apply(1, changes))
	}
	b.ReportMetric(float64(heap()-before)/population, "B/subscriber")
	runtime.KeepAlive(d)
}

// heap is how many bytes are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func BenchmarkImport100k(b *testing.B) {
	d, changes := bigDirectory(b)
	apply(b, d, changes...)
	var csv, json bytes.Buffer
	require.NoError(b, d.ExportCSV(&csv, []string{"sms", "email", "signal"}))
	require.NoError(b, d.ExportJSON(&json))
	empty, _ := bigDirectory(b)
	im := importer(empty)
	b.Run("csv", func(b *testing.B) {
		for b.Loop() {
			plan, err := im.CSV(bytes.NewReader(csv.Bytes()))
			require.NoError(b, err)
			require.Len(b, plan.Changes, population)
		}
	})
	b.Run("json", func(b *testing.B) {
		for b.Loop() {
			plan, err := im.JSON(bytes.NewReader(json.Bytes()))
			require.NoError(b, err)
			require.Len(b, plan.Changes, population)
		}
	})
	b.Run("all areas unknown", func(b *testing.B) {
		bad := strings.ReplaceAll(csv.String(), ".town-", ".tawn-")
		for b.Loop() {
			_, err := im.CSV(strings.NewReader(bad))
			require.Error(b, err)
		}
	})
}
