package tracking

import (
	"slices"
	"time"

	"revere/alerting"
)

// Excess names the alerts to file early, the longest quiet first, so that all alerts together hold at most a number of
// deliveries in memory: of those that are over the newest stay, with a tenth of that number at least. An alert that is
// open, has deliveries under way, is quoted by a correction under way, or was read again since the given time is never
// named, though its deliveries count. So what people ask for or answer is not put away and read again in turns.
func (b *Board) Excess(most int, recalledSince time.Time) (keys []alerting.Key) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var over []*alert
	held, heldOver := 0, 0
	for _, a := range b.order {
		held += len(a.deliveries)
		if !a.bare && !a.open() && a.filed != a.latest {
			over = append(over, a)
			heldOver += len(a.deliveries)
		}
	}
	excess := min(held-most, heldOver-most/10)
	if excess <= 0 {
		return nil
	}
	slices.SortStableFunc(over, func(x, y *alert) int { return x.latestAt.Compare(y.latestAt) })
	needed := b.needed(mayBeWorded)
	for _, a := range over {
		if excess <= 0 {
			break
		}
		if a.fileable() && !needed[a.key] && !a.recalled.After(recalledSince) {
			keys = append(keys, a.key)
			excess -= len(a.deliveries)
		}
	}
	return keys
}
