package recovery

import (
	"time"

	"revere/alerting"
	"revere/alerting/tracking"
)

// StaleAfter is how long a message may have waited before it counts as stale: what it says was urgent
// then.
const StaleAfter = 10 * time.Minute

// A Waiting alert has messages that would go out.
type Waiting struct {
	Key      alerting.Key      `json:"key"`
	Code     string            `json:"code"`
	Event    string            `json:"event"`
	Severity alerting.Severity `json:"severity"`
	Status   alerting.Status   `json:"status"`
	Phase    tracking.Phase    `json:"phase"`
	Areas    []alerting.Area   `json:"areas"`
	Opened   time.Time         `json:"opened"`
	Expires  time.Time         `json:"expires"`
	// Due are deliveries that would go out; Stale are those of them that have waited for longer than
	// StaleAfter, and InDoubt those that may have gone out before: the provider is asked first where
	// it can be, else they are sent again, marked as possible duplicates.
	Due     int `json:"due"`
	Stale   int `json:"stale"`
	InDoubt int `json:"in_doubt"`
	// Expired are deliveries that wait and will not go out: their alert is over.
	Expired int `json:"expired"`
}

// Outlook lists the alerts that have messages waiting, the oldest first.
func Outlook(board *tracking.Board, now time.Time) []Waiting {
	list := []Waiting{}
	keys := board.Keys(func(head tracking.Summary) bool { return !head.Finished })
	for i := len(keys) - 1; i >= 0; i-- {
		if w, any := outlookOf(board, keys[i], now); any {
			list = append(list, w)
		}
	}
	return list
}

func outlookOf(board *tracking.Board, key alerting.Key, now time.Time) (w Waiting, any bool) {
	head, ok := board.Head(key)
	if !ok {
		return w, false
	}
	w = Waiting{
		Key: key, Code: head.Code, Event: head.Alert.Event, Severity: head.Alert.Severity, Status: head.Alert.Status, Phase: head.Phase,
		Areas: head.Alert.Areas, Opened: head.Opened, Expires: head.Alert.Expires,
	}
	for from := 0; from >= 0; {
		var page []tracking.DeliveryView
		page, from = board.Deliveries(key, from, perRecord, waits)
		for _, d := range page {
			w.count(board, d, now)
		}
	}
	return w, w.Due+w.Expired > 0
}

// waits reports whether a delivery is to be sent, or to be looked into.
func waits(d tracking.DeliveryView) bool {
	switch d.State {
	case alerting.Queued, alerting.Attempting:
		return true
	case alerting.Unknown:
		n := len(d.History)
		return n > 0 && !d.History[n-1].RetryAt.IsZero()
	}
	return false
}

func (w *Waiting) count(board *tracking.Board, d tracking.DeliveryView, now time.Time) {
	if state, blocked := board.Blocked(w.Key, d.Index, now); blocked != "" {
		if state == alerting.Expired {
			w.Expired++
		}
		return
	}
	w.Due++
	if waited := now.Sub(d.History[0].At); waited > StaleAfter {
		w.Stale++
	}
	if wasUnknown(d) || d.State == alerting.Attempting {
		w.InDoubt++
	}
}
