package tracking_test

import (
	"fmt"
	"testing"
	"time"

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
		key = trackingtest.NewLedger(board).Open(alert(), trackingtest.Crowd(perRecord*1000)...)
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

// BenchmarkRecall reads an alert of 100,000 deliveries again that is filed, and reports how long somebody
// else waited for the board meanwhile at most, and what its traces take.
func BenchmarkRecall(b *testing.B) {
	const people = 100_000
	board := tracking.NewBoard()
	ledger := trackingtest.NewLedger(board)
	key := ledger.Open(alert(), trackingtest.Crowd(people)...)
	for at := uint32(0); at < people; at += 100 {
		attempts, results := make([]alerting.Attempt, 100), make([]alerting.Result, 100)
		for i := range uint32(100) {
			attempts[i] = alerting.Attempt{Delivery: at + i, Attempt: 1}
			results[i] = alerting.Result{Delivery: at + i, Attempt: 1, State: alerting.Accepted, ProviderID: fmt.Sprint("SM", at+i)}
		}
		write(b, ledger, alerting.Record{Alert: key, At: start, Attempts: attempts})
		write(b, ledger, alerting.Record{Alert: key, At: soon, Results: results})
	}
	play(b, ledger, key, expired)
	filed := board.Fileable(never, 1)
	board.File(filed[0])
	board.Archive = ledger
	b.ReportMetric(float64(len(filed[0].Traces))/people, "traces-B/delivery")
	var longest time.Duration
	for range b.N {
		read := make(chan error, 1)
		go func() { read <- board.Recall(key) }()
		for away := true; away; {
			began := time.Now()
			board.Apply(board.Reached()+1, "ledger.test", nil)
			away = board.Away(key)
			longest = max(longest, time.Since(began))
			time.Sleep(100 * time.Microsecond)
		}
		if err := <-read; err != nil {
			b.Fatal(err)
		}
		board.Tidy(time.Now().Add(time.Hour))
	}
	b.ReportMetric(float64(longest.Microseconds())/1000, "longest-wait-ms")
}
