//go:build planted

package engine

import (
	"math/rand/v2"

	"revere/alerting"
)

// spared loses a record now and then, and says nothing: the defect that the checker must find.
func spared(records []alerting.Record) []alerting.Record {
	var left []alerting.Record
	for _, r := range records {
		if rand.IntN(plantedEvery) != 0 {
			left = append(left, r)
		}
	}
	return left
}
