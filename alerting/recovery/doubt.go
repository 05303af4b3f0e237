package recovery

import (
	"slices"
	"time"

	"revere/alerting"
	"revere/alerting/tracking"
)

// perRecord bounds what one record holds, as everywhere in the ledger.
const perRecord = 500

// Doubts are records which say of everything that was due when the backup's ledger was copied that
// it may have gone out since: the system before it went on sending. Each such delivery gets the
// attempt that system would have made next, from when it was due, with an unknown end. So the
// provider is asked before anything is sent again where it can be, a late receipt finds its attempt,
// what is sent again is marked as a possible duplicate, and a withdrawal reaches whoever may have
// been told. Where they are on the board already there are none.
//
// What becomes due after the restore and was published before it is not among them: the record that
// makes it due says so itself (alerting.Record.InDoubt).
func Doubts(board *tracking.Board, hold alerting.Hold, now time.Time) (records []alerting.Record) {
	keys := board.Keys(func(head tracking.Summary) bool { return head.Opened.Before(hold.Since) && !head.Finished })
	slices.Reverse(keys) // as they were opened
	for _, key := range keys {
		var due []tracking.DeliveryView
		for from := 0; from >= 0; {
			var page []tracking.DeliveryView
			page, from = board.Deliveries(key, from, perRecord, func(d tracking.DeliveryView) bool {
				return d.State == alerting.Queued && dueSince(d).Before(hold.Since)
			})
			due = append(due, page...)
		}
		records = append(records, doubtsOf(key, due, now)...)
	}
	return records
}

// dueSince is when a delivery came to wait as it does.
func dueSince(d tracking.DeliveryView) time.Time {
	if n := len(d.History); n > 0 {
		return d.History[n-1].At
	}
	return time.Time{}
}

// doubtsOf are the records about one alert. A record has one time: deliveries that became due
// together share one.
func doubtsOf(key alerting.Key, due []tracking.DeliveryView, now time.Time) (records []alerting.Record) {
	slices.SortStableFunc(due, func(x, y tracking.DeliveryView) int { return dueSince(x).Compare(dueSince(y)) })
	for len(due) > 0 {
		since, n := dueSince(due[0]), 1
		for n < len(due) && n < perRecord && dueSince(due[n]).Equal(since) {
			n++
		}
		attempts := alerting.Record{Alert: key, At: since}
		results := alerting.Record{Alert: key, At: now.UTC().Truncate(time.Millisecond)}
		for _, d := range due[:n] {
			attempts.Attempts = append(attempts.Attempts, alerting.Attempt{Delivery: d.Index, Attempt: d.Attempts + 1, PossibleDuplicate: wasUnknown(d)})
			results.Results = append(results.Results, alerting.Result{
				Delivery: d.Index, Attempt: d.Attempts + 1, State: alerting.Unknown, RetryAt: results.At,
				Reason: alerting.ReasonRestored,
			})
		}
		records, due = append(records, attempts, results), due[n:]
	}
	return records
}

func wasUnknown(d tracking.DeliveryView) bool {
	return slices.ContainsFunc(d.History, func(e tracking.Entry) bool { return e.State == alerting.Unknown })
}
