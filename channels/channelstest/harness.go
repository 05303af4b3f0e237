// Package channelstest tells the author of a channel when it is right. A channel's tests wire it to
// a stand-in of its provider, describe that in a Harness, and call Run; each promise that the
// dispatcher builds on is then a subtest of its own, and a broken one fails with a sentence that
// says what to mend.
package channelstest

import (
	"net/http"
	"testing"
	"time"

	"revere/channels"
)

// A Harness is what the suite must know about a channel.
type Harness struct {
	// Kind is what the channel's room exports.
	Kind channels.Kind
	// Valid is an address in the form that the directory keeps, which the stand-in accepts.
	Valid string
	// Spellings are other ways to write Valid; ParseAddress must bring each to it. May be empty.
	Spellings []string
	// Invalid is something that looks like an address of the channel and is none.
	Invalid string
	// Secrets are the credentials that Open configures. None may appear in an outcome or a finding.
	Secrets []string
	// Open makes a fresh channel, wired to a fresh stand-in that accepts every message. It is called
	// at least once a subtest, and cleans up after itself with testing.TB.Cleanup.
	Open func(testing.TB) *Fixture
}

// A Fixture is one channel wired to one stand-in of its provider.
//
// Each knob changes what the stand-in does with every message from then on. A knob that is nil says
// that the provider can't do that: the cases that need it are skipped, by name.
type Fixture struct {
	Channel channels.Channel
	// Taken says how many messages the stand-in has taken for an address. Required.
	Taken func(address string) int

	Refuse           func()              // for good: the address gets nothing, ever
	FailTemporarily  func()              // say plainly that it was not taken, and may be later
	RateLimit        func(time.Duration) // refuse, and ask for at least this wait
	Hang             func()              // take the request and never answer
	CutBefore        func()              // drop the connection, the message not taken
	CutAfter         func()              // take the message, then drop the connection unanswered
	Down             func()              // refuse connections
	WrongCredentials func()              // refuse the account

	// Reply returns the provider's authentic request for a person's text from an address, as the
	// provider would post it. Nil where replies don't come over HTTP.
	Reply func(from, text string) *http.Request
	// Receipt returns the provider's authentic request that tells what became of a message whose
	// ProviderID is given. Nil where there are no receipts over HTTP.
	Receipt func(providerID string) *http.Request
	// Forged returns a request that looks like the provider's and is not: a wrong signature or token.
	Forged func() *http.Request
	// RetryStatus is the status that makes the provider post again, where that is not a 5xx.
	RetryStatus int
}

// Run holds the channel that h describes to everything that Revere promises of a channel. A stand-in
// that can't do what a case needs has it skipped.
func Run(t *testing.T, h Harness) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, h) })
	}
}

// A testCase takes testing.TB, not *testing.T, so that the suite's own tests can watch it fail.
type testCase struct {
	name string
	run  func(testing.TB, Harness)
}

var cases = []testCase{
	{"kind is sane", kindIsSane},
	{"limits are sane", limitsAreSane},
	{"address is parsed to one form", addressHasOneForm},
	{"junk address is refused", junkAddressIsRefused},
	{"cost is at least one", costIsAtLeastOne},

	{"accepted message is accepted", acceptedIsAccepted},
	{"permanent refusal fails for good", refusalFailsForGood},
	{"temporary failure is retried", temporaryFailureIsRetried},
	{"rate limit is waited for", rateLimitIsWaitedFor},
	{"hanging provider is unknown", hangIsUnknown},
	{"cut before acceptance is not accepted", cutBeforeIsNotAccepted},
	{"cut after acceptance is unknown", cutAfterIsUnknown},
	{"provider that is down is retried", downIsRetried},
	{"wrong credentials pause the channel", wrongCredentialsPause},
	{"canceled context makes no call", canceledContextMakesNoCall},
	{"concurrent sends are safe", concurrentSendsAreSafe},

	{"check sends nothing and tells", checkTells},
	{"check finds wrong credentials", checkFindsWrongCredentials},
	{"check finds provider that is down", checkFindsDown},

	{"reconcile finds what was taken", reconcileFindsTaken},
	{"reconcile does not find what was not taken", reconcileFindsNothing},
	{"reconcile says when it can't ask", reconcileSaysWhenItCannotAsk},

	{"inquiry tells what a receipt would", inquiryTellsWhatAReceiptWould},
	{"inquiry knows no message that was not taken", inquiryKnowsNoOther},
	{"inquiry says when it can't ask", inquirySaysWhenItCannotAsk},

	{"reply is put before it is answered", replyIsPutFirst},
	{"receipt is put before it is answered", receiptIsPutFirst},
	{"the same reply twice has the same id", sameReplySameID},
	{"failing inbox makes the provider retry", failingInboxIsNotAnsweredWithSuccess},
	{"forged request is refused", forgedIsRefused},
	{"junk request puts nothing", junkRequestPutsNothing},
	{"listener stops when told", listenerStops},
}

// need skips the case unless the stand-in has what it takes.
func need(tb testing.TB, has bool, what string) {
	tb.Helper()
	if !has {
		tb.Skipf("skipped: the harness has no %s", what)
	}
}
