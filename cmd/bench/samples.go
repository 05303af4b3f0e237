package bench

import (
	"cmp"
	"slices"
	"time"
)

// quantile is the value that a share q of the sorted copy of all lies at or below (nearest rank).
func quantile[T cmp.Ordered](all []T, q float64) T {
	sorted := slices.Sorted(slices.Values(all))
	rank := int(q*float64(len(sorted))+0.999999) - 1
	return sorted[min(max(rank, 0), len(sorted)-1)]
}

func median[T cmp.Ordered](all []T) T { return quantile(all, 0.5) }

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// latencies notes p50, p99 and the longest under the name.
func (r *run) latencies(name string, all []time.Duration) {
	r.figures[name+"_p50"] = milliseconds(quantile(all, 0.5))
	r.figures[name+"_p99"] = milliseconds(quantile(all, 0.99))
	r.figures[name+"_max"] = milliseconds(slices.Max(all))
}
