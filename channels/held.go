package channels

import (
	"context"
	"errors"
)

// held is a context for a call that only the lease's holder may make. Its Err turns as soon as the lease
// is over, even where nothing had the time to say so: in a process that was stopped and wakes. A channel
// asks it immediately before the step that can't be taken back.
type held struct {
	context.Context
	lease Lease
}

var errLapsed = errors.New("this process is not the dispatcher any more")

// Err implements context.Context.
func (h held) Err() error {
	if err := h.Context.Err(); err != nil {
		return err
	}
	if !h.lease.Held() {
		return errLapsed
	}
	return nil
}
