package channels_test

import (
	"context"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"revere/alerting"
	"revere/channels"
)

// BenchmarkDispatch is what the dispatcher itself costs a message: the channel answers and the
// record is durable at once.
func BenchmarkDispatch(b *testing.B) {
	w := newWorld(channels.Limits{Rate: 1e6, Concurrency: 256})
	w.offerMany(b.N, 0, 1)
	sent := make(chan struct{}, b.N)
	d := &channels.Dispatcher{Channel: w.provider, Outbox: counting{w.outbox, sent}, Lease: w.lease, Now: time.Now, Log: zerolog.Nop(), Meter: w.meter}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	b.ReportAllocs()
	b.ResetTimer()
	go func() { done <- d.Run(ctx) }()
	for range b.N {
		<-sent
	}
	b.StopTimer()
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

// A counting outbox tells of each outcome.
type counting struct {
	*outbox
	sent chan<- struct{}
}

func (c counting) Finish(ctx context.Context, finished []alerting.Finished) error {
	err := c.outbox.Finish(ctx, finished)
	for range finished {
		c.sent <- struct{}{}
	}
	return err
}
