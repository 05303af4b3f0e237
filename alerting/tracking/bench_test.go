package tracking_test

import (
	"testing"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
)

// BenchmarkFold takes in attempts and their results, 64 deliveries a record, as a busy dispatcher
// writes them. One operation is one delivery.
func BenchmarkFold(b *testing.B) {
	const perRecord = 64
	var board *tracking.Board
	var key alerting.Key
	begin := func() {
		b.StopTimer()
		board = tracking.NewBoard()
		key = trackingtest.NewLedger(board).Open(alert(), crowd(perRecord*1000)...)
		b.StartTimer()
	}
	sequence := uint64(1)
	for n := 0; n < b.N; n += perRecord {
		at := n % (perRecord * 1000)
		if at == 0 {
			begin()
		}
		attempts := alerting.Record{Alert: key, At: start, Attempts: make([]alerting.Attempt, perRecord)}
		results := alerting.Record{Alert: key, At: soon, Results: make([]alerting.Result, perRecord)}
		for i := range perRecord {
			attempts.Attempts[i] = alerting.Attempt{Delivery: uint32(at + i), Attempt: 1}
			results.Results[i] = alerting.Result{Delivery: uint32(at + i), Attempt: 1, State: alerting.Accepted, ProviderID: "SM1"}
		}
		sequence++
		board.Apply(sequence, "ledger.channel.sms", []alerting.Record{attempts})
		sequence++
		board.Apply(sequence, "ledger.channel.sms", []alerting.Record{results})
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
}
