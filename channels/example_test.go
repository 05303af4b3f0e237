package channels_test

import (
	"context"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"revere/alerting"
	"revere/channels"
)

// Whoever holds the lease of a channel runs its dispatcher until the context is done. The most
// urgent goes first, and nothing is sent that was withdrawn.
func ExampleDispatcher() {
	due, sent := newOutbox(), make(chan call, 2)
	due.offer(2, 1)
	due.offer(0, 1)
	due.forbid(due.offer(1, 1).id, alerting.Canceled)
	provider := &provider{
		limits: channels.Limits{Rate: 50, Concurrency: 1},
		answer: func(c call) alerting.Outcome {
			sent <- c
			return alerting.Outcome{State: alerting.Accepted}
		},
	}
	d := &channels.Dispatcher{Channel: provider, Outbox: due, Lease: newLease(), Now: time.Now, Log: zerolog.Nop(), Meter: &meter{}}

	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- d.Run(ctx) }()
	first, second := <-sent, <-sent
	stop()
	fmt.Println(<-ended)
	fmt.Println("sent", first.delivery, "then", second.delivery)
	fmt.Println(due.states())
	// Output:
	// <nil>
	// sent 1 then 0
	// map[accepted:2 canceled:1]
}
