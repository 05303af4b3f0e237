package channelstest

import (
	"context"
	"reflect"
	"testing"

	"revere/alerting"
	"revere/channels"
)

func inquiryTellsWhatAReceiptWould(tb testing.TB, h Harness) {
	f := h.Open(tb)
	inquirer := needInquirer(tb, f)
	x := taken(tb, h, f)
	facts, err := inquire(inquirer, x)
	if err != nil {
		tb.Errorf("Inquire could not ask the provider about a message that it took: %v", err)
		return
	}
	if len(facts) == 0 || facts[0].Kind != alerting.InboundReceipt {
		tb.Errorf("Inquire returned no receipt; say what a receipt would say, even that there is nothing new")
		return
	}
	if ref, err := alerting.ParseRef(facts[0].Ref); err != nil || ref != x.Ref {
		tb.Errorf("Inquire's receipt is about %q, another attempt than the one that was asked about", facts[0].Ref)
	}
	again, err := inquire(inquirer, x)
	for tries := 0; err == nil && !reflect.DeepEqual(ids(facts), ids(again)) && tries < courseSteps; tries++ {
		facts = again // the message may have come further meanwhile
		again, err = inquire(inquirer, x)
	}
	if err == nil && sameState(facts, again) && !reflect.DeepEqual(ids(facts), ids(again)) {
		tb.Errorf("Inquire told the same twice as %v and %v; it must have the same ids, so that it counts once", ids(facts), ids(again))
	}
}

// courseSteps is how often a message may come further at its provider, at most.
const courseSteps = 8

func inquiryKnowsNoOther(tb testing.TB, h Harness) {
	f := h.Open(tb)
	inquirer := needInquirer(tb, f)
	x := taken(tb, h, f)
	x.ProviderID = "SM00000000000000000000000000000000"
	if _, err := inquire(inquirer, x); alerting.CodeOf(err) != alerting.CodeNotFound {
		tb.Errorf("Inquire about a message that the provider never had returned the error %v; it must have the code alerting.CodeNotFound", err)
	}
}

func inquirySaysWhenItCannotAsk(tb testing.TB, h Harness) {
	f := h.Open(tb)
	inquirer := needInquirer(tb, f)
	need(tb, f.Down != nil, "Down knob")
	x := taken(tb, h, f)
	f.Down()
	switch facts, err := inquire(inquirer, x); {
	case err == nil:
		tb.Errorf("Inquire returned %d facts while the provider was down; return an error, since not knowing is not the same as nothing new", len(facts))
	case alerting.CodeOf(err) == alerting.CodeNotFound:
		tb.Errorf("Inquire said that the provider does not know the message while it was down: nobody would ask again soon")
	}
}

func needInquirer(tb testing.TB, f *Fixture) channels.Inquirer {
	tb.Helper()
	inquirer, ok := f.Channel.(channels.Inquirer)
	need(tb, ok, "channel that is an Inquirer")
	return inquirer
}

// taken has the provider take a message, of which it tells no end.
func taken(tb testing.TB, h Harness, f *Fixture) alerting.Silence {
	tb.Helper()
	m := newMessage(h, "K7Q")
	out := attempt(tb, h, f, m, ample)
	if out.ProviderID == "" {
		tb.Fatalf("the stand-in took no message, or gave it no name: %s", out.State)
	}
	return alerting.Silence{Ref: m.Ref, ProviderID: out.ProviderID, State: out.State}
}

func inquire(i channels.Inquirer, x alerting.Silence) ([]alerting.Inbound, error) {
	ctx, cancel := context.WithTimeout(context.Background(), ample)
	defer cancel()
	return i.Inquire(ctx, x)
}

// sameState reports whether the receipts say the same.
func sameState(a, b []alerting.Inbound) bool { return len(b) > 0 && a[0].State == b[0].State }

func ids(facts []alerting.Inbound) (all []string) {
	for _, f := range facts {
		all = append(all, f.ID)
	}
	return all
}
