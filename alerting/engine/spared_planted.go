//go:build planted

package engine

import (
	"sync/atomic"

	"revere/alerting"
)

// plantedEvery is one in how many records gets lost. It is frequent, since a test's history is short.
const plantedEvery = 100

var plantedCount atomic.Uint64

// spared loses a record now and then, and says nothing: the defect that the checker must find.
func spared(records []alerting.Record) []alerting.Record {
	var left []alerting.Record
	for _, r := range records {
		if plantedCount.Add(1)%plantedEvery != 0 {
			left = append(left, r)
		}
	}
	return left
}
