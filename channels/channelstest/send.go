package channelstest

import (
	"context"
	"sync"
	"testing"
	"time"

	"revere/alerting"
)

func acceptedIsAccepted(tb testing.TB, h Harness) {
	f := h.Open(tb)
	out := attempt(tb, h, f, newMessage(h, "K7Q"), ample)
	if out.State != alerting.Accepted && out.State != alerting.Sent {
		tb.Errorf("the provider took the message and Send said %s (%s: %s); say accepted, or sent where the provider passed it on", out.State, out.Code, out.Reason)
	}
	if f.Taken(h.Valid) != 1 {
		tb.Errorf("the provider has %d messages for the address after one Send, not 1", f.Taken(h.Valid))
	}
}

func refusalFailsForGood(tb testing.TB, h Harness) {
	f := h.Open(tb)
	need(tb, f.Refuse != nil, "Refuse knob (permanent refusal)")
	f.Refuse()
	out := attempt(tb, h, f, newMessage(h, "K7Q"), ample)
	if out.State != alerting.Failed {
		tb.Errorf("the provider refused the address for good and Send said %s; say failed, so that the next contact is used at once", out.State)
	}
	if out.Retry {
		tb.Errorf("the provider refused the address for good and Send asked for a retry; leave Retry unset, so that the next contact is used at once")
	}
	if out.PauseChannel > 0 {
		tb.Errorf("the provider refused one address and Send paused the whole channel; pause only where every message would be refused")
	}
}

func temporaryFailureIsRetried(tb testing.TB, h Harness) {
	f := h.Open(tb)
	need(tb, f.FailTemporarily != nil, "FailTemporarily knob")
	f.FailTemporarily()
	mustRetry(tb, attempt(tb, h, f, newMessage(h, "K7Q"), ample), "the provider failed for the moment")
}

func rateLimitIsWaitedFor(tb testing.TB, h Harness) {
	f := h.Open(tb)
	need(tb, f.RateLimit != nil, "RateLimit knob")
	const asked = 7 * time.Second
	f.RateLimit(asked)
	out := attempt(tb, h, f, newMessage(h, "K7Q"), ample)
	mustRetry(tb, out, "the provider limited the rate")
	if out.RetryAfter < asked {
		tb.Errorf("the provider asked for %s and RetryAfter is %s; pass on at least what was asked", asked, out.RetryAfter)
	}
}

func hangIsUnknown(tb testing.TB, h Harness) {
	f := h.Open(tb)
	need(tb, f.Hang != nil, "Hang knob")
	f.Hang()
	out := attempt(tb, h, f, newMessage(h, "K7Q"), short)
	if out.State != alerting.Unknown {
		tb.Errorf("the provider never answered and Send said %s; it may have the message, so say unknown", out.State)
	}
}

func cutBeforeIsNotAccepted(tb testing.TB, h Harness) {
	f := h.Open(tb)
	need(tb, f.CutBefore != nil, "CutBefore knob")
	f.CutBefore()
	out := attempt(tb, h, f, newMessage(h, "K7Q"), ample)
	if out.State == alerting.Failed && !out.Retry {
		tb.Errorf("the connection dropped and Send said failed for good; say unknown, or ask for a retry where the message was surely not taken")
	}
}

func cutAfterIsUnknown(tb testing.TB, h Harness) {
	f := h.Open(tb)
	need(tb, f.CutAfter != nil, "CutAfter knob")
	f.CutAfter()
	out := attempt(tb, h, f, newMessage(h, "K7Q"), ample)
	if out.State != alerting.Unknown {
		tb.Errorf("the provider took the message, the connection dropped before its answer, and Send said %s; nobody can know, so say unknown", out.State)
	}
}

func downIsRetried(tb testing.TB, h Harness) {
	f := h.Open(tb)
	need(tb, f.Down != nil, "Down knob")
	f.Down()
	mustRetry(tb, attempt(tb, h, f, newMessage(h, "K7Q"), ample), "no connection came about, so the provider can't have the message")
}

func wrongCredentialsPause(tb testing.TB, h Harness) {
	f := h.Open(tb)
	need(tb, f.WrongCredentials != nil, "WrongCredentials knob")
	f.WrongCredentials()
	out := attempt(tb, h, f, newMessage(h, "K7Q"), ample)
	mustRetry(tb, out, "the account was refused, which is not the message's fault")
	if out.PauseChannel <= 0 {
		tb.Errorf("the provider refused the account and PauseChannel is unset; every message would fail the same way, so pause the channel")
	}
}

// canceledContextMakesNoCall allows Unknown too: a channel may learn of the cancellation late.
func canceledContextMakesNoCall(tb testing.TB, h Harness) {
	f := h.Open(tb)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	out := send(ctx, tb, f.Channel, newMessage(h, "K7Q"), ample)
	took := f.Taken(h.Valid)
	judge(tb, h, out, took)
	switch {
	case out.State == alerting.Failed && !out.Retry:
		tb.Errorf("the context was canceled and Send said failed for good; nothing is wrong with the address, so ask for a retry")
	case took > 0 && out.State != alerting.Unknown:
		tb.Errorf("Send called the provider although its context was canceled before; look at the context first")
	}
}

func mustRetry(tb testing.TB, out alerting.Outcome, because string) {
	tb.Helper()
	if out.State != alerting.Failed {
		tb.Errorf("%s, and Send said %s; say failed, since it surely was not taken", because, out.State)
	}
	if !out.Retry {
		tb.Errorf("%s, and Send did not ask for a retry; set Retry, or the message is lost", because)
	}
}

// mostAtOnce bounds what the suite asks for, whatever Limits allow.
const mostAtOnce = 16

func concurrentSendsAreSafe(tb testing.TB, h Harness) {
	f := h.Open(tb)
	workers := min(max(f.Channel.Limits().Concurrency, 1), mostAtOnce)
	const each = 3
	ctx, cancel := context.WithTimeout(context.Background(), ample)
	defer cancel()
	outcomes := make([]alerting.Outcome, workers*each)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for i := range each {
				outcomes[w*each+i] = f.Channel.Send(ctx, newMessage(h, "K7Q"))
			}
		})
	}
	group.Wait()
	ids := make(map[string]bool)
	for _, out := range outcomes {
		if out.State != alerting.Accepted && out.State != alerting.Sent {
			tb.Errorf("one of %d concurrent Sends came out %s (%s: %s); the channel allows as many, so each must be accepted", workers, out.State, out.Code, out.Reason)
		}
		if out.ProviderID != "" && ids[out.ProviderID] {
			tb.Errorf("two Sends have the same ProviderID; a receipt could not say which it is about")
		}
		ids[out.ProviderID] = true
	}
	if took := f.Taken(h.Valid); took != len(outcomes) {
		tb.Errorf("%d concurrent Sends made the provider take %d messages", len(outcomes), took)
	}
}
