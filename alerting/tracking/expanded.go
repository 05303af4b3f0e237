package tracking

import (
	"slices"
	"time"

	"revere/alerting"
)

// Unexpanded lists the corrections that have no manifest and are to get one, the oldest first. Whoever asks has read
// all of the ledger: else a manifest may be what comes next.
func (b *Board) Unexpanded() (keys []alerting.Key) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, a := range b.order {
		if !a.manifested && a.givenUp == "" && len(a.opened.Corrects) > 0 {
			keys = append(keys, a.key)
		}
	}
	return keys
}

// GivenUp is what the desk was told of a correction that goes to nobody, since no list could be made of those
// whom it is for; "" of any other.
func (b *Board) GivenUp(key alerting.Key) (told string) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if a := b.alerts[key]; a != nil {
		return a.givenUp
	}
	return ""
}

// ConcludedLate lists the corrections that may have waited for what they correct to be read again, and have had a
// manifest since a time or were given up, the oldest first. What was heard of one with a manifest says nothing.
func (b *Board) ConcludedLate(since time.Time) (keys []alerting.Key) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, a := range b.order {
		expanded := a.manifested && !a.manifestedAt().Before(since)
		if (expanded || a.givenUp != "" && !a.latestAt.Before(since)) && b.mayHaveWaited(a) {
			keys = append(keys, a.key)
		}
	}
	return keys
}

// manifestedAt is when an alert had its newest manifest, or was heard of last where that is not in memory.
func (a *alert) manifestedAt() time.Time {
	if len(a.manifests) == 0 {
		return a.latestAt
	}
	return a.manifests[len(a.manifests)-1].at.time()
}

// mayHaveWaited reports whether something that a correction corrects was over before: only that can have been
// filed.
func (b *Board) mayHaveWaited(a *alert) bool {
	return slices.ContainsFunc(a.opened.Corrects, func(key alerting.Key) bool {
		corrected := b.alerts[key]
		return corrected != nil && corrected.ended != 0 && corrected.ended < a.first
	})
}
