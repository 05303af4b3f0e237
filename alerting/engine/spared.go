//go:build !planted

package engine

import "revere/alerting"

// spared is what the planted defect leaves of records: all of them, but in a binary that is built
// with the tag "planted" to show that the checker finds it.
func spared(records []alerting.Record) []alerting.Record { return records }
