package harness

import (
	"fmt"
	"testing"

	"revere/alerting"
	"revere/alerting/tracking"
)

// States waits until an alert's deliveries are in the given states, by address, and are no others.
// Confirmations and help texts don't count.
func (w *World) States(key alerting.Key, want map[string]alerting.State) {
	w.t.Helper()
	Soon(w.t, func() error {
		have := map[string]alerting.State{}
		for _, d := range w.Deliveries(key) {
			if d.Notice == "" {
				have[d.Address] = d.State
			}
		}
		for address, state := range want {
			if got, ok := have[address]; !ok || got != state {
				return fmt.Errorf("%s is %v (a delivery: %t), not %v", address, got, ok, state)
			}
		}
		if len(have) != len(want) {
			return fmt.Errorf("there are deliveries to %v, and should be to %v", have, want)
		}
		return nil
	})
}

// Finished waits until nothing of an alert is due or under way any more, and returns its summary.
func (w *World) Finished(key alerting.Key) tracking.Summary {
	w.t.Helper()
	var s tracking.Summary
	Soon(w.t, func() error {
		if s = w.Summary(key); !s.Finished {
			return fmt.Errorf("%s is not finished: %v", key, s.States)
		}
		return nil
	})
	return s
}

// Answered waits until somebody has answered an alert, and returns the answer that counts.
func (w *World) Answered(key alerting.Key, subscriber string) tracking.AnswerView {
	w.t.Helper()
	var answer tracking.AnswerView
	Soon(w.t, func() error {
		p := w.Person(key, subscriber)
		if p.Answer == nil {
			return fmt.Errorf("%s has not answered %s", subscriber, key)
		}
		answer = *p.Answer
		return nil
	})
	return answer
}

// Texts waits until a number was sent so many texts, and returns them.
func (w *World) Texts(to string, n int) []string {
	w.t.Helper()
	return Grown(w.t, "texts to "+to, n, func() []string { return w.SMS(to) })
}

// Grown waits until a list has n entries, and returns it. One that has more fails the test.
func Grown[T any](t testing.TB, what string, n int, list func() []T) []T {
	t.Helper()
	var have []T
	Soon(t, func() error {
		if have = list(); len(have) < n {
			return fmt.Errorf("%d %s, and there should be %d", len(have), what, n)
		}
		return nil
	})
	if len(have) > n {
		t.Fatalf("%d %s, and there should be %d: %v", len(have), what, n, have)
	}
	return have
}
