package tracking

import (
	"time"

	"github.com/bits-and-blooms/bloom/v3"

	"revere/alerting"
)

// Traces are what a filed alert leaves in memory of where it went: the addresses that it was tried at and
// the providers' ids of what was sent there, in a Bloom filter. It tells which of many alerts has to be
// read again when somebody answers one that is long past: never too few of them, and one in a hundred
// for nothing. It takes about 2.4 bytes a delivery.
const (
	tracesError = 0.01
	// maxTraces bounds one alert's filter, in bits: above 100,000 deliveries it errs more often.
	maxTraces = 1 << 21
	// tracesKept is how long after the last that was heard of an alert its traces are kept.
	tracesKept = 30 * 24 * time.Hour
)

// tracesPlaces is how many places an entry has in every filter.
var _, tracesPlaces = bloom.EstimateParameters(1000, tracesError)

func addressTrace(channel, address string) []byte { return []byte(channel + "\x00to\x00" + address) }
func sentTrace(channel, id string) []byte         { return []byte(channel + "\x00id\x00" + id) }

// tracedAtOnce is how many deliveries are traced while nobody can write to the board: it takes about a millisecond.
const tracedAtOnce = 5000

// newTraces are those of an alert with so many deliveries, before any was traced.
func newTraces(deliveries int) *bloom.BloomFilter {
	m, _ := bloom.EstimateParameters(2*uint(deliveries)+1, tracesError)
	return bloom.New(min(m, maxTraces), tracesPlaces)
}

// trace adds an alert's deliveries from one on, tracedAtOnce of them.
func (b *Board) trace(a *alert, from int, traces *bloom.BloomFilter) {
	for i := from; i < min(from+tracedAtOnce, len(a.deliveries)); i++ {
		d := &a.deliveries[i]
		if d.traits.has(orphan) || !d.attempted() {
			continue
		}
		traces.Add(addressTrace(b.channel(d), a.address(d)))
		for e := range a.history.backwards(d.history) {
			if e.providerID != 0 {
				traces.Add(sentTrace(b.channel(d), a.history.texts.at(e.providerID)))
			}
		}
	}
}

// keptTraces is the form in which traces are kept.
func keptTraces(filter *bloom.BloomFilter) []byte {
	if filter == nil {
		return nil
	}
	kept, err := filter.MarshalBinary()
	if err != nil {
		return nil // it is written to memory
	}
	return kept
}

// readTraces reads what keptTraces made; nil where there is nothing that can be read.
func readTraces(kept []byte) *bloom.BloomFilter {
	filter := &bloom.BloomFilter{}
	if len(kept) == 0 || filter.UnmarshalBinary(kept) != nil {
		return nil
	}
	return filter
}

// Away reports whether an alert is filed and its details are not in memory: Recall would read them.
func (b *Board) Away(key alerting.Key) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	a := b.alerts[key]
	return a != nil && a.bare
}

// AwayAt returns the newest alert that is away and that seems to have been tried at an address; with a
// code only one that has it. What seems so is so in 99 of 100 cases: whoever recalls it finds out.
func (b *Board) AwayAt(channel, address, code string) (alerting.Key, bool) {
	to := bloom.Locations(addressTrace(channel, address), tracesPlaces)
	return b.newestAway(func(a *alert) bool { return (code == "" || a.opened.Code == code) && a.traces.TestLocations(to) })
}

// AwaySent returns the newest alert that is away and of which a message that the provider calls by the id
// seems to have been sent to an address.
func (b *Board) AwaySent(channel, address, id string) (alerting.Key, bool) {
	to, sent := bloom.Locations(addressTrace(channel, address), tracesPlaces), bloom.Locations(sentTrace(channel, id), tracesPlaces)
	return b.newestAway(func(a *alert) bool { return a.traces.TestLocations(to) && a.traces.TestLocations(sent) })
}

// AwayUnclear returns the newest alert that is away, that seems to have been tried at an address between two times,
// and of which it is not known for all messages whether they went out.
func (b *Board) AwayUnclear(channel, address string, from, to time.Time) (alerting.Key, bool) {
	at := bloom.Locations(addressTrace(channel, address), tracesPlaces)
	return b.newestAway(func(a *alert) bool {
		return a.unclear > 0 && !a.openedAt.After(to) && !a.latestAt.Before(from) && a.traces.TestLocations(at)
	})
}

func (b *Board) newestAway(match func(*alert) bool) (alerting.Key, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for i := len(b.order) - 1; i >= 0; i-- {
		if a := b.order[i]; a.bare && a.traces != nil && match(a) {
			return a.key, true
		}
	}
	return "", false
}
