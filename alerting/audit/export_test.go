package audit

import (
	"revere/alerting"
	"revere/alerting/tracking"
)

// Forged is what is found where a board shows something else than its records add up to.
func Forged(board *tracking.Board, key alerting.Key, forge func(*tracking.Summary, []tracking.DeliveryView)) []Difference {
	live, fresh := viewOf(board, key), viewOf(board, key)
	forge(&live.summary, live.deliveries)
	r := &Report{Alert: key}
	r.compare(live, fresh)
	r.recount(live)
	return r.Differences
}
