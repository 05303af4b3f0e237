package alerting

import "time"

// A Due is a delivery that it is time to work on.
type Due struct {
	Alert    Key
	Delivery uint32
	Address  string
	// Attempt is the number that the next attempt will have.
	Attempt int
	// Lane is 0 to 3 by the alert's severity, LaneNotices for confirmations and help texts.
	Lane int
	// Unsettled is set when an earlier attempt is Unknown: the provider is to be asked about it
	// before anything is sent again. Since is when that attempt was recorded.
	Unsettled bool
	Since     time.Time
	// PossibleDuplicate is set when an earlier attempt may have reached the person.
	PossibleDuplicate bool
}

// Lanes, from the most urgent.
const (
	LaneNotices = 4
	Lanes       = 5
)

// A Conclusion is what became of one attempt, and when there is to be another.
type Conclusion struct {
	Outcome
	// Attempt is the attempt that it is about.
	Attempt int
	// RetryAt is when to look at the delivery again; zero for never.
	RetryAt time.Time
	// HoldUntil is when anything may go out on the channel again; zero where nothing else need wait.
	HoldUntil time.Time
}

// A Begun attempt is one on record, and so may have been called.
type Begun struct {
	// Due is its delivery as it was when it was begun: Attempt is its number, Since when it was recorded.
	Due Due
	// Ended is when something was first recorded of what came of it; zero while nothing was. It was called
	// before, if it was.
	Ended time.Time
}

// A Finished delivery is one of which something became known.
type Finished struct {
	Due Due
	Conclusion
}

// Places are how many messages there may be when one of each lane is added: a lane has none while more are under
// way, so that those above keep a share. None has more than the one above it.
type Places [Lanes]int

// PlacesFor are n for whatever lane.
func PlacesFor(n int) (p Places) {
	for lane := range p {
		p[lane] = n
	}
	return p
}
