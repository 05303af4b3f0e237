package channelstest

import (
	"math"
	"regexp"
	"strings"
	"testing"

	"revere/alerting"
)

// A channel's name is a token of NATS subjects, a key of the configuration and a column of the CSV.
var nameForm = regexp.MustCompile(`^[a-z][a-z0-9]{1,15}$`)

func kindIsSane(tb testing.TB, h Harness) {
	if !nameForm.MatchString(h.Kind.Name) {
		tb.Errorf("Kind.Name %q is not 2 to 16 lower-case letters and digits; it is a token of subjects and a key of the configuration", h.Kind.Name)
	}
	f := h.Open(tb)
	if got := f.Channel.Name(); got != h.Kind.Name {
		tb.Errorf("Channel.Name() is %q and Kind.Name %q; both must be the one name of the channel", got, h.Kind.Name)
	}
	switch f.Channel.Format() {
	case alerting.Short, alerting.Chat, alerting.Mail:
	default:
		tb.Errorf("Format() %d is none of Short, Chat and Mail; wording doesn't know it", f.Channel.Format())
	}
	switch config := h.Kind.Defaults(); {
	case config == nil:
		tb.Errorf("Kind.Defaults() is nil; return a pointer to the configuration before anything is set")
	case config.On():
		tb.Errorf("the channel is on by its defaults alone; one that nobody configured must be off")
	}
}

func limitsAreSane(tb testing.TB, h Harness) {
	limits := h.Open(tb).Channel.Limits()
	if !(limits.Rate > 0) || math.IsInf(limits.Rate, 0) {
		tb.Errorf("Limits().Rate is %v; it must be a finite number of messages a second above 0, or nothing is ever sent", limits.Rate)
	}
	if limits.Concurrency < 1 {
		tb.Errorf("Limits().Concurrency is %d; at least one Send must be allowed, or nothing is ever sent", limits.Concurrency)
	}
	if limits.ReconcileAfter <= 0 {
		tb.Errorf("Limits().ReconcileAfter is %s; an unknown outcome needs a wait above 0 before the provider is asked or the message repeated", limits.ReconcileAfter)
	}
}

func addressHasOneForm(tb testing.TB, h Harness) {
	for _, spelling := range append([]string{h.Valid, " " + h.Valid + " "}, h.Spellings...) {
		got, err := h.Kind.ParseAddress(spelling)
		switch {
		case err != nil:
			tb.Errorf("ParseAddress(%q) failed: %v; it names the valid address %q", spelling, err, h.Valid)
		case got != h.Valid:
			tb.Errorf("ParseAddress(%q) is %q, not %q; one address must have one form, or one person gets two messages", spelling, got, h.Valid)
		}
	}
}

// junkAddresses are no address of any channel.
var junkAddresses = []string{
	"", " ", ".", "@", "+", "\x00", "\xff\xfe", "not an address", "+1617555", "mailto:", "group.aGVsbG8=",
	"a@b@c@example.org", strings.Repeat("9", 5000), strings.Repeat("a", 5000),
}

func junkAddressIsRefused(tb testing.TB, h Harness) {
	junk := append([]string{h.Invalid, h.Valid + "\r\nBcc: everyone@example.org", h.Valid + "," + h.Valid}, junkAddresses...)
	for _, address := range junk {
		got, err := h.Kind.ParseAddress(address)
		switch {
		case err == nil:
			tb.Errorf("ParseAddress(%.60q) took it as %.60q; refuse what is no address, or an alert goes to nobody or to somebody else", address, got)
		case strings.TrimSpace(err.Error()) == "":
			tb.Errorf("ParseAddress(%.60q) refused without a word; say what is wrong with the address", address)
		}
	}
}

func costIsAtLeastOne(tb testing.TB, h Harness) {
	f := h.Open(tb)
	for _, text := range []string{"", "ACK", strings.Repeat("long ", 500), "👍", "naïve façade"} {
		m := newMessage(h, "K7Q")
		m.Text = text
		if cost := f.Channel.Cost(m); cost < 1 {
			tb.Errorf("Cost of a text of %d bytes is %d; it must be at least 1, or the rate does not hold", len(text), cost)
		}
	}
}
