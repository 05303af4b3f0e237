package tracking

import "time"

const (
	// What waits for a filed alert waits for longestWait; and for one that this process has tried to read for
	// longestTry at least, so that nothing is given up because nobody tried.
	longestWait = 24 * time.Hour
	longestTry  = 10 * time.Minute
)

// Lost reports whether what has waited since a time for a filed alert, which this process has tried to read since
// another, waits no more: the ledger has lost that part.
func Lost(waits, tried, now time.Time) bool {
	return now.Sub(waits) >= longestWait && now.Sub(tried) >= longestTry
}
