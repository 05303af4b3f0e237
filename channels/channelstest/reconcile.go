package channelstest

import (
	"context"
	"testing"
	"time"

	"revere/alerting"
	"revere/channels"
)

func reconcileFindsTaken(tb testing.TB, h Harness) {
	f := h.Open(tb)
	reconciler := needReconciler(tb, f)
	if f.CutAfter != nil {
		f.CutAfter()
	}
	m, attempted := newMessage(h, "K7Q"), time.Now()
	attempt(tb, h, f, m, ample)
	out, found, err := reconcile(reconciler, m, attempted)
	switch {
	case err != nil:
		tb.Errorf("Reconcile could not ask the provider: %v", err)
	case !found:
		tb.Errorf("Reconcile did not find a message that the provider took; it would be sent a second time")
	case !out.State.WentOut() || out.State == alerting.Unknown || out.State == alerting.Attempting:
		tb.Errorf("Reconcile found the message and says %s; say what the provider says of it", out.State)
	}
}

func reconcileFindsNothing(tb testing.TB, h Harness) {
	f := h.Open(tb)
	reconciler := needReconciler(tb, f)
	attempted := time.Now()
	attempt(tb, h, f, newMessage(h, "K7Q"), ample)
	_, found, err := reconcile(reconciler, newMessage(h, "M4X"), attempted)
	switch {
	case err != nil:
		tb.Errorf("Reconcile could not ask the provider: %v", err)
	case found:
		tb.Errorf("Reconcile took another alert's message to the same address for this one; match the alert's code, or this alert is never sent")
	}
}

func reconcileSaysWhenItCannotAsk(tb testing.TB, h Harness) {
	f := h.Open(tb)
	reconciler := needReconciler(tb, f)
	need(tb, f.Down != nil, "Down knob")
	m, attempted := newMessage(h, "K7Q"), time.Now()
	attempt(tb, h, f, m, ample)
	f.Down()
	if _, found, err := reconcile(reconciler, m, attempted); err == nil {
		tb.Errorf("Reconcile answered found=%t while the provider was down; return an error, since not knowing is not the same as not there", found)
	}
}

func needReconciler(tb testing.TB, f *Fixture) channels.Reconciler {
	tb.Helper()
	reconciler, ok := f.Channel.(channels.Reconciler)
	need(tb, ok, "channel that is a Reconciler")
	return reconciler
}

func reconcile(r channels.Reconciler, m alerting.Message, attempted time.Time) (alerting.Outcome, bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), ample)
	defer cancel()
	return r.Reconcile(ctx, m, attempted)
}
