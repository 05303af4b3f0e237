package alerting

import "time"

// A Silence is a delivery that its provider took and of which it has not told the end: whether the
// message arrived. Its receipt may be on its way, or lost.
type Silence struct {
	// Ref is the attempt by which the message went out, and ProviderID the provider's name for it.
	Ref        Ref
	ProviderID string
	State      State     // Accepted or Sent
	Heard      time.Time // when the newest became known of the delivery
	At         Mark      // where it stands
}

// A Mark is a place among the deliveries of all alerts. They stand in the order of urgency: by lane,
// the newest alert of a lane first, and in the manifest's order within one. The zero Mark is before all.
type Mark struct {
	Lane     int
	Opened   uint64 // the ledger's sequence that opened the alert; 0 is before the newest
	Beside   uint32 // which of those that the sequence opened, the newest being 0
	Delivery uint32
}

// End reports whether the mark is behind all deliveries. Answers to answers have no place.
func (m Mark) End() bool { return m.Lane >= LaneNotices }

// Before reports whether m is ahead of n.
func (m Mark) Before(n Mark) bool {
	switch {
	case m.Lane != n.Lane:
		return m.Lane < n.Lane
	case m.Opened != n.Opened:
		return n.Opened != 0 && (m.Opened == 0 || m.Opened > n.Opened)
	case m.Beside != n.Beside:
		return m.Beside < n.Beside
	}
	return m.Delivery < n.Delivery
}
