package alerting

import (
	"fmt"
	"strings"
	"time"
)

// A Straggler is a server of a cluster that does not get what is written to some streams. While there is
// one, the loss of another server stops everything.
type Straggler struct {
	// Server is its name, as the servers' configuration has it.
	Server string `json:"server"`
	// Streams are those that it does not keep up with, sorted.
	Streams []string `json:"streams"`
	// Since is when it was first seen to get nothing any more.
	Since time.Time `json:"since"`
	// Behind is how many entries it lacks of the stream that it lacks most of, by the leader's count.
	Behind uint64 `json:"behind"`
	// Away is set when the other servers know that it is gone: minutes after it was killed, at once when it
	// was stopped in good order.
	Away bool `json:"away"`
}

// String says what is wrong and what to do about it.
func (s Straggler) String() string {
	what := fmt.Sprintf("the NATS server %s has got nothing of %s since %s", s.Server, strings.Join(s.Streams, ", "), s.Since.UTC().Format(time.RFC3339))
	if s.Away {
		return what + "; it is gone: bring it back, the loss of another server would stop everything"
	}
	return what + fmt.Sprintf(" (%d behind); see that it runs and the others reach it; if so restart it, and if that does not help: while all others are well stop it, empty its store_dir and start it", s.Behind)
}
