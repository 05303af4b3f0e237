package engine_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"revere/alerting"
	"revere/alerting/engine"
)

// What comes in is durable before it is answered: receipts a second, by how many webhooks are answered at once.
func BenchmarkPut(b *testing.B) {
	concurrently(b, func(e *engine.Engine) func(int) error {
		return func(i int) error {
			return e.Put(b.Context(), alerting.Inbound{
				Channel: "sms", At: time.Now(), About: []string{fmt.Sprintf("SM%032d", i)}, Kind: alerting.InboundReceipt, State: alerting.Delivered,
			})
		}
	})
}

// Answers at the desk are durable before they are confirmed: how many a second, by how many are given at once.
func BenchmarkDesk(b *testing.B) {
	concurrently(b, func(e *engine.Engine) func(int) error {
		desk := e.Journal(engine.LedgerDesk, engine.Anywhere)
		return func(i int) error {
			_, err := desk.Append(b.Context(), record(alerting.KeyOf(uint64(i)), "x"))
			return err
		}
	})
}

// concurrently measures what callers do at once, on a server for each number of them.
func concurrently(b *testing.B, begin func(*engine.Engine) (do func(i int) error)) {
	for _, callers := range []int{1, 4, 16, 64, 256} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			do := begin(open(b))
			work := make(chan int)
			var all sync.WaitGroup
			for range callers {
				all.Go(func() {
					for i := range work {
						if err := do(i); err != nil {
							b.Error(err)
						}
					}
				})
			}
			b.ResetTimer()
			for i := range b.N {
				work <- i
			}
			close(work)
			all.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "facts/s")
		})
	}
}
