package audit_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/audit"
	"revere/alerting/fanout"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
)

// A ledger in memory: a record a message.
type ledger []alerting.Record

func (l ledger) FollowLedger(_ context.Context, after uint64, apply func(uint64, string, []alerting.Record)) (uint64, error) {
	for i, r := range l[after:] {
		apply(after+uint64(i)+1, "ledger.test", []alerting.Record{r})
	}
	return uint64(len(l)), nil
}

// board is what a process shows that has read the ledger.
func (l ledger) board() *tracking.Board {
	b := tracking.NewBoard()
	_, _ = l.FollowLedger(context.Background(), 0, b.Apply) // never fails
	return b
}

// carrier is a provider's memory, by address.
type carrier map[string][]alerting.Carried

func (c carrier) Carried(_ context.Context, to string, _ time.Time) ([]alerting.Carried, error) {
	if c == nil {
		return nil, errors.New("Twilio did not answer")
	}
	return c[to], nil
}

const (
	key    = alerting.Key("a1")
	boston = "+16175550001"
	salem  = "+16175550002"
	mail   = "clerk@salem.example"
	text   = "MA State SOC, SEVERE, Boston: Phishing. Reply ACK K7Q."
)

// sound is an alert whose parts agree: two texts, one of which was tried twice, a mail in reserve that
// was used, and an answer.
func sound() ledger {
	deliveries := []alerting.Planned{{Channel: "sms", Address: boston, Active: true}, {Channel: "sms", Address: salem, Active: true}, {Channel: "email", Address: mail}}
	recipients := []alerting.Recipient{
		{Subscriber: "boston", Name: "Boston", Areas: []alerting.Area{"ma.boston"}, Contacts: []uint32{0}},
		{Subscriber: "salem", Name: "Salem", Areas: []alerting.Area{"ma.boston"}, Contacts: []uint32{1, 2}},
	}
	at := func(n int) time.Time { return trackingtest.Start.Add(time.Duration(n) * time.Second) }
	manifest := alerting.Manifest{Revision: 1, Hash: fanout.Digest(deliveries, recipients), Parts: 2}
	first, second := manifest, manifest
	first.Deliveries, second.Part, second.Recipients = deliveries, 1, recipients
	return ledger{
		{Alert: key, At: at(0), Manifest: &first, Opened: &alerting.Opened{Alert: trackingtest.Alert(), Producer: "nats", Code: "K7Q", Identity: "i", Content: "c", Received: at(0), Sequence: 1}},
		{Alert: key, At: at(0), Manifest: &second},
		{Alert: "a2", At: at(0), Opened: &alerting.Opened{Alert: trackingtest.Alert(), Code: "M4T", Identity: "j", Sequence: 2}},
		{Alert: key, At: at(1), Attempts: []alerting.Attempt{{Delivery: 0, Attempt: 1}, {Delivery: 1, Attempt: 1}}},
		{Alert: key, At: at(2), Results: []alerting.Result{
			{Delivery: 0, Attempt: 1, State: alerting.Accepted, ProviderID: "SM1"}, {Delivery: 1, Attempt: 1, State: alerting.Failed, RetryAt: at(3), Code: "20429"},
		}},
		{Alert: key, At: at(3), Attempts: []alerting.Attempt{{Delivery: 1, Attempt: 2}}},
		{Alert: key, At: at(4), Results: []alerting.Result{{Delivery: 1, Attempt: 2, State: alerting.Accepted, ProviderID: "SM2"}}},
		{Alert: key, At: at(5), Results: []alerting.Result{{Delivery: 0, Attempt: 1, State: alerting.Delivered, ProviderID: "SM1", Receipt: true}}},
		{Alert: key, At: at(6), Activated: []alerting.Activation{{Delivery: 2, Reason: "not delivered within 1m"}}},
		{Alert: key, At: at(7), Attempts: []alerting.Attempt{{Delivery: 2, Attempt: 1}}},
		{Alert: key, At: at(8), Results: []alerting.Result{{Delivery: 2, Attempt: 1, State: alerting.Accepted, ProviderID: "<1@x>"}}},
		{Alert: key, At: at(9), Answers: []alerting.Answer{{Recipients: []uint32{0}, Via: alerting.ViaReply, Channel: "sms", Address: boston}}},
	}
}

func carried() carrier {
	return carrier{
		boston: {{ProviderID: "SM1", Text: text, State: alerting.Delivered}, {ProviderID: "SM8", Text: "K7Q acknowledged for Boston.", State: alerting.Sent}},
		salem:  {{ProviderID: "SM2", Text: text, State: alerting.Accepted}, {ProviderID: "SM9", Text: "FALSE ALARM. MA State SOC withdraws K7Q. Reply ACK M4T.", State: alerting.Sent}},
	}
}

func auditor(l ledger, board *tracking.Board, c carrier) *audit.Auditor {
	return &audit.Auditor{Board: board, Ledger: l, Channels: map[string]audit.Lister{"sms": c, "email": nil}, Now: func() time.Time { return trackingtest.Start }}
}

func TestAnAlertWhosePartsAgree(t *testing.T) {
	l := sound()
	report, err := auditor(l, l.board(), carried()).Verify(t.Context(), key, true)
	require.NoError(t, err)
	assert.True(t, report.Agrees, "%v", report.Differences)
	assert.Equal(t, 11, report.Records)
	assert.Equal(t, 1, report.Manifests)
	assert.Equal(t, 3, report.Deliveries)
	assert.Equal(t, 4, report.Attempts)
	assert.Equal(t, []audit.Provider{
		{Channel: "email", Answer: audit.Mute, Detail: report.Providers[0].Detail}, {Channel: "sms", Answer: audit.Asked, Addresses: 2},
	}, report.Providers)
}

// planted are ledgers, boards and providers of which one does not fit the others.
func planted() map[string]struct {
	kind  audit.Kind
	plant func() (ledger, *tracking.Board, carrier)
} {
	// inLedger changes what is stored; the board has read it as it is.
	inLedger := func(change func(l ledger) ledger) func() (ledger, *tracking.Board, carrier) {
		return func() (ledger, *tracking.Board, carrier) {
			l := change(sound())
			return l, l.board(), nil
		}
	}
	// onBoard has the board read something else than is stored.
	onBoard := func(change func(l ledger) ledger) func() (ledger, *tracking.Board, carrier) {
		return func() (ledger, *tracking.Board, carrier) { return sound(), change(sound()).board(), nil }
	}
	atProvider := func(change func(c carrier)) func() (ledger, *tracking.Board, carrier) {
		return func() (ledger, *tracking.Board, carrier) {
			c := carried()
			change(c)
			return sound(), sound().board(), c
		}
	}
	without := func(i int) func(ledger) ledger { return func(l ledger) ledger { return slices.Delete(l, i, i+1) } }
	return map[string]struct {
		kind  audit.Kind
		plant func() (ledger, *tracking.Board, carrier)
	}{
		"an address in the manifest is another": {audit.BrokenManifest, inLedger(func(l ledger) ledger {
			l[0].Manifest.Deliveries[1].Address = "+16175559999"
			return l
		})},
		"the order in the manifest is another": {audit.BrokenManifest, inLedger(func(l ledger) ledger {
			slices.Reverse(l[1].Manifest.Recipients)
			return l
		})},
		"the first part of the manifest is missing": {audit.BrokenManifest, inLedger(func(l ledger) ledger {
			l[0].Manifest = nil
			return l
		})},
		"the last part of the manifest is missing":      {audit.BrokenManifest, inLedger(without(1))},
		"an outcome without an attempt":                 {audit.Disorder, inLedger(without(3))},
		"an attempt without an outcome before the next": {audit.Disorder, inLedger(without(4))},
		"attempts that skip a number": {audit.Disorder, inLedger(func(l ledger) ledger {
			l[5].Attempts[0].Attempt = 4
			return l
		})},
		"an outcome before its attempt": {audit.Disorder, inLedger(func(l ledger) ledger {
			l[5], l[6] = l[6], l[5]
			return l
		})},
		"an attempt at a delivery that was never planned": {audit.Foreign, inLedger(func(l ledger) ledger {
			l[9].Attempts[0].Delivery = 7
			return l
		})},
		"an answer of somebody who was never planned": {audit.Foreign, inLedger(func(l ledger) ledger {
			l[11].Answers[0].Recipients = []uint32{5}
			return l
		})},
		"the board has missed a receipt": {audit.Shown, onBoard(func(l ledger) ledger {
			l[7].Results = nil
			return l
		})},
		"the board has missed an answer": {audit.Shown, onBoard(func(l ledger) ledger {
			l[11].Answers = nil
			return l
		})},
		"the board shows what is not stored": {audit.Shown, onBoard(func(l ledger) ledger {
			return append(l, alerting.Record{Alert: key, At: trackingtest.Start, Expired: true})
		})},
		"the provider delivered what only was accepted": {audit.Unheard, atProvider(func(c carrier) { c[salem][0].State = alerting.Delivered })},
		"the provider never delivered it":               {audit.Overclaimed, atProvider(func(c carrier) { c[boston][0].State = alerting.Sent })},
		"the provider does not have it":                 {audit.Missing, atProvider(func(c carrier) { c[salem] = nil })},
		"the provider has one more": {audit.Stray, atProvider(func(c carrier) {
			c[salem] = append(c[salem], alerting.Carried{ProviderID: "SM3", Text: text, State: alerting.Sent})
		})},
		"the provider has other words": {audit.OtherWords, atProvider(func(c carrier) { c[boston][0].Text = "Reply ACK K7O." })},
	}
}

func TestEveryPlantedDifferenceIsFound(t *testing.T) {
	for name, c := range planted() {
		t.Run(name, func(t *testing.T) {
			l, board, provider := c.plant()
			report, err := auditor(l, board, provider).Verify(t.Context(), key, provider != nil)
			require.NoError(t, err)
			assert.False(t, report.Agrees)
			assert.True(t, slices.ContainsFunc(report.Differences, func(d audit.Difference) bool { return d.Kind == c.kind && d.Detail != "" }),
				"%s is not among %v", c.kind, report.Differences)
		})
	}
}

// What a call left open and the provider knows is told as such, not as a message from nowhere.
func TestAnUnknownAttemptThatWentOut(t *testing.T) {
	l := sound()
	l[6].Results[0].State, l[6].Results[0].ProviderID = alerting.Unknown, ""
	report, err := auditor(l, l.board(), carried()).Verify(t.Context(), key, true)
	require.NoError(t, err)
	require.Len(t, report.Differences, 1)
	assert.Equal(t, audit.Unheard, report.Differences[0].Kind)
	assert.Equal(t, salem, report.Differences[0].Address)
}

func TestAnUnknownAlert(t *testing.T) {
	_, err := auditor(sound(), sound().board(), nil).Verify(t.Context(), "a9", false)
	assert.Equal(t, alerting.CodeNotFound, alerting.CodeOf(err))
}

// What a board shows follows from its records; here it is forged.
func TestWhatIsShownIsHeldAgainstItself(t *testing.T) {
	board := sound().board()
	found := audit.Forged(board, key, func(s *tracking.Summary, deliveries []tracking.DeliveryView) {
		s.States[alerting.Delivered]++
		s.Reached--
		deliveries[1].ID = deliveries[0].ID
	})
	kinds := map[audit.Kind]int{}
	for _, d := range found {
		kinds[d.Kind]++
	}
	assert.Equal(t, 2, kinds[audit.Miscounted], "%v", found)
	assert.Equal(t, 1, kinds[audit.Misnamed], "%v", found)
	assert.NotZero(t, kinds[audit.Shown])
}

// After a restore attempts may be implied: what becomes due may have been sent by the system before.
func TestAnAlertThatMayHaveBeenSentBeforeARestore(t *testing.T) {
	l := sound()
	l[0].InDoubt, l[1].InDoubt, l[8].InDoubt = trackingtest.Start, trackingtest.Start, trackingtest.Start
	l[9].Attempts[0] = alerting.Attempt{Delivery: 2, Attempt: 2, PossibleDuplicate: true}
	l[10].Results[0].Attempt = 2
	l = slices.Delete(l, 3, 4)
	report, err := auditor(l, l.board(), carried()).Verify(t.Context(), key, true)
	require.NoError(t, err)
	assert.True(t, report.Agrees, "%v", report.Differences)
	assert.Equal(t, 5, report.Attempts)
}
