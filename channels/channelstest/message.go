package channelstest

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"revere/alerting"
	"revere/channels"
)

const (
	// ample is the deadline of a Send that has no reason to wait.
	ample = 10 * time.Second
	// short is the deadline of a Send whose provider never answers.
	short = 400 * time.Millisecond
	// grace is how long after its deadline a Send may still return.
	grace = 5 * time.Second
	// marker stands for an alert's words, which no outcome may repeat.
	marker = "lantern-seven"
)

var sequence atomic.Int64

// newMessage words a message for the valid address that differs from every other in ref and text.
func newMessage(h Harness, code string) alerting.Message {
	n := sequence.Add(1)
	key := alerting.Key(fmt.Sprintf("a%d", n))
	text := fmt.Sprintf("TEST MA State SOC, SEVERE, Boston: %s number %d. Reply ACK %s. TEST", marker, n, code)
	return alerting.Message{
		Ref:      alerting.Ref{Alert: key, Delivery: alerting.NewDeliveryID(key, h.Kind.Name, h.Valid), Attempt: 1},
		To:       h.Valid,
		Severity: alerting.Severe,
		Code:     code,
		Subject:  fmt.Sprintf("[TEST] SEVERE, Boston: %s [%s]", marker, code),
		Text:     text,
		HTML:     "<p>" + text + "</p>",
		AckURL:   "https://revere.example/a/0123456789abcdef",
		Expires:  time.Now().Add(time.Hour),
	}
}

// attempt makes one Send and holds its outcome to what must be true of any.
func attempt(tb testing.TB, h Harness, f *Fixture, m alerting.Message, limit time.Duration) alerting.Outcome {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	before := f.Taken(m.To)
	out := send(ctx, tb, f.Channel, m, limit)
	judge(tb, h, out, f.Taken(m.To)-before)
	return out
}

// send calls Send, and fails where it panics or outstays its deadline.
func send(ctx context.Context, tb testing.TB, c channels.Channel, m alerting.Message, limit time.Duration) alerting.Outcome {
	tb.Helper()
	type result struct {
		out   alerting.Outcome
		panic string
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if p := recover(); p != nil {
				r.panic = fmt.Sprintf("%v\n%s", p, debug.Stack())
			}
			done <- r
		}()
		r.out = c.Send(ctx, m)
	}()
	select {
	case r := <-done:
		if r.panic != "" {
			tb.Fatalf("Send panicked; it must answer with an outcome, whatever the provider does: %s", r.panic)
		}
		return r.out
	case <-time.After(limit + grace):
		tb.Fatalf("Send did not return within %s of its context's deadline; pass the context to every call that can block", grace)
		return alerting.Outcome{}
	}
}

// judge holds an outcome to what is true of all, given how many messages the Send made the provider take.
func judge(tb testing.TB, h Harness, out alerting.Outcome, took int) {
	tb.Helper()
	judgeState(tb, out, took)
	judgeWords(tb, h, out)
}

func judgeState(tb testing.TB, out alerting.Outcome, took int) {
	tb.Helper()
	switch out.State {
	case alerting.Accepted, alerting.Sent:
		if took == 0 {
			tb.Errorf("Send said %s although the provider took nothing; claim only what the provider answered", out.State)
		}
	case alerting.Failed:
		if took > 0 {
			tb.Errorf("Send said failed although the provider took the message; say unknown, or it is sent twice and nobody knows")
		}
	case alerting.Unknown:
	default:
		tb.Errorf("Send said %s; only accepted, sent, failed and unknown can be known from a call, delivered and read need the provider's receipt", out.State)
	}
	if took > 1 {
		tb.Errorf("one Send made the provider take the message %d times; Send makes one attempt, the dispatcher repeats it", took)
	}
	if out.State != alerting.Failed {
		if out.Retry {
			tb.Errorf("Send set Retry beside %s; it belongs beside failed only, an unknown outcome is reconciled first", out.State)
		}
		if out.OptedOut {
			tb.Errorf("Send set OptedOut beside %s; a person who opted out was sent nothing, so the state is failed", out.State)
		}
	}
	if out.MessageOnly && (!out.Retry || out.PauseChannel > 0) {
		tb.Errorf("Send set MessageOnly without Retry, or beside a pause; it says that only this message has to wait")
	}
	if out.RetryAfter < 0 || out.PauseChannel < 0 {
		tb.Errorf("Send asked for a negative wait (RetryAfter %s, PauseChannel %s)", out.RetryAfter, out.PauseChannel)
	}
}

func judgeWords(tb testing.TB, h Harness, out alerting.Outcome) {
	tb.Helper()
	if out.State == alerting.Failed && out.Code == "" {
		tb.Errorf("a failed outcome has no Code; give the provider's error code, or one of your own that programs can count by")
	}
	if (out.State == alerting.Failed || out.State == alerting.Unknown) && out.Reason == "" {
		tb.Errorf("outcome %s has no Reason; say in a sentence what went wrong and what to do", out.State)
	}
	words := strings.Join([]string{out.Code, out.Reason, out.ProviderID}, "\n")
	if leaksSecret(h, words) {
		tb.Errorf("a secret is in the outcome's Code, Reason or ProviderID, which people and logs see; cut it out where the error is worded")
	}
	if strings.Contains(words, marker) {
		tb.Errorf("the alert's text is in the outcome's Code, Reason or ProviderID; those reach logs, which no alert text may")
	}
}

func leaksSecret(h Harness, words string) bool {
	for _, secret := range h.Secrets {
		if secret != "" && strings.Contains(words, secret) {
			return true
		}
	}
	return false
}
