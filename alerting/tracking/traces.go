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

// tracesOf makes an alert's traces in the form in which they are kept.
func (b *Board) tracesOf(a *alert) []byte {
	if a.bare {
		return keptTraces(a.traces)
	}
	m, _ := bloom.EstimateParameters(2*uint(len(a.deliveries))+1, tracesError)
	filter := bloom.New(min(m, maxTraces), tracesPlaces)
	for i := range a.deliveries {
		d := &a.deliveries[i]
		if d.traits.has(orphan) || !d.attempted() {
			continue
		}
		filter.Add(addressTrace(b.channel(d), a.address(d)))
		for e := range a.history.backwards(d.history) {
			if e.providerID != 0 {
				filter.Add(sentTrace(b.channel(d), a.history.texts.at(e.providerID)))
			}
		}
	}
	return keptTraces(filter)
}

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

// readTraces reads what tracesOf made; nil where there is nothing that can be read.
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
