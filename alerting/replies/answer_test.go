package replies_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/tracking/trackingtest"
)

func TestEveryWayToAcknowledge(t *testing.T) {
	const message = "a1 signal " + clerkPhone
	tests := map[string]struct {
		fact     alerting.Inbound
		via      alerting.Via
		response string
		note     string
		confirms string
	}{
		"ACK and code":    {says(clerkPhone, "ACK K7Q"), alerting.ViaReply, "", "", "MA State SOC: K7Q acknowledged for Boston Clerk at 07:14. Reply 1 K7Q: On it, 2 K7Q: Got it too."},
		"plain ack":       {says(clerkPhone, " ack "), alerting.ViaReply, "", "", "MA State SOC: K7Q acknowledged for Boston Clerk at 07:14. Reply 1 K7Q: On it, 2 K7Q: Got it too."},
		"a response":      {says(clerkPhone, "2 k7q"), alerting.ViaReply, "2", "", "MA State SOC: K7Q acknowledged for Boston Clerk at 07:14. Answer 2 recorded: Got it too."},
		"with a note":     {says(clerkPhone, "1 K7Q mail server is off"), alerting.ViaReply, "1", "mail server is off", "MA State SOC: K7Q acknowledged for Boston Clerk at 07:14. Answer 1 recorded: On it. Note recorded."},
		"thumb up":        {signals(alerting.InboundReaction, "👍🏽", message), alerting.ViaReaction, "", "", "MA State SOC: K7Q acknowledged for Boston Clerk at 07:14. Reply 1 K7Q: On it, 2 K7Q: Got it too."},
		"quote, any word": {signals(alerting.InboundQuote, "we have it", message), alerting.ViaQuote, "", "we have it", "MA State SOC: K7Q acknowledged for Boston Clerk at 07:14. Note recorded. Reply 1 K7Q: On it, 2 K7Q: Got it too."},
		"quote, response": {signals(alerting.InboundQuote, "2", message), alerting.ViaQuote, "2", "", "MA State SOC: K7Q acknowledged for Boston Clerk at 07:14. Answer 2 recorded: Got it too."},
		"quote with code": {signals(alerting.InboundQuote, "ACK K7Q", "another message"), alerting.ViaReply, "", "", "MA State SOC: K7Q acknowledged for Boston Clerk at 07:14. Reply 1 K7Q: On it, 2 K7Q: Got it too."},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			key := w.openAs(trackingtest.Alert(trackingtest.With(alerting.Extreme)), clerk) // extreme: on both channels
			require.Equal(t, "acknowledged", w.arrive(test.fact))
			got := w.answer(key, "boston clerk")
			require.NotNil(t, got)
			assert.Equal(t, [5]string{string(test.via), test.fact.Channel, clerkPhone, test.response, test.note},
				[5]string{string(got.Via), got.Channel, got.Address, got.Response, got.Note})
			assert.Equal(t, at, got.At)
			assert.Equal(t, []string{test.confirms}, w.notices(key))
		})
	}
}

func TestConfirmationInAnExerciseSaysSo(t *testing.T) {
	w := newWorld(t)
	key := w.openAs(trackingtest.Alert(func(a *alerting.Alert) {
		a.Status, a.Responses = alerting.StatusExercise, []alerting.Response{{Key: "2", Label: "Got it too"}}
	}), clerk)
	w.arrive(says(clerkPhone, "ack"))
	assert.Equal(t, []string{"EXERCISE MA State SOC: K7Q acknowledged for Boston Clerk at 07:14. Reply 2 K7Q: Got it too. EXERCISE"}, w.notices(key))
}

func TestAnswersThatAreNotTaken(t *testing.T) {
	cancel := alerting.Record{Withdrawn: &alerting.Withdrawn{By: "a9", Type: alerting.TypeCancel}}
	update := alerting.Record{Withdrawn: &alerting.Withdrawn{By: "a9", Type: alerting.TypeUpdate}}
	expiry := alerting.Record{Expired: true}
	const call = " To talk to a person call 617-555-0100."
	tests := map[string]struct {
		end     *alerting.Record
		text    string
		outcome string
		helps   string // "" for no text at all
	}{
		"something else":         {nil, "what is this", "not understood", "MA State SOC: not understood, nothing recorded. Reply ACK K7Q." + call},
		"yes":                    {nil, "YES", "not understood", "MA State SOC: not understood, nothing recorded. Reply ACK K7Q." + call},
		"another code":           {nil, "ACK M4T", "not understood", "MA State SOC: no alert M4T for you, nothing recorded. Reply ACK K7Q." + call},
		"a code with a slip":     {nil, "ACK K70", "not understood", "MA State SOC: no alert K70 for you, nothing recorded. Reply ACK K7Q." + call},
		"response not offered":   {nil, "3 K7Q", "not understood", "MA State SOC: K7Q has no answer 3, nothing recorded. Reply ACK K7Q, or 1 K7Q: On it, 2 K7Q: Got it too." + call},
		"withdrawn":              {&cancel, "ACK K7Q", "not understood", "MA State SOC: K7Q was withdrawn, nothing recorded. No alert is open for you." + call},
		"replaced":               {&update, "ACK K7Q", "not understood", "MA State SOC: K7Q was replaced, nothing recorded. No alert is open for you." + call},
		"over":                   {&expiry, "ACK K7Q", "not understood", "MA State SOC: K7Q is over, nothing recorded. No alert is open for you." + call},
		"plain, none open":       {&expiry, "ACK", "not understood", "MA State SOC: nothing to acknowledge, nothing recorded. No alert is open for you." + call},
		"a tapback":              {nil, "Liked “MA State SOC, SEVERE, Boston: Phishing. Reply ACK K7Q”", "ignored", ""},
		"nothing that is to see": {nil, " \u200b", "ignored", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			key := w.open(clerk)
			if test.end != nil {
				w.end(key, *test.end)
			}
			assert.Equal(t, test.outcome, w.arrive(says(clerkPhone, test.text)))
			assert.Nil(t, w.answer(key, "boston clerk"))
			if test.helps == "" {
				assert.Empty(t, w.notices(key))
				assert.Empty(t, w.remarks(key))
				return
			}
			assert.Equal(t, []string{test.helps}, w.notices(key))
			assert.Equal(t, []alerting.RemarkKind{alerting.RemarkNotUnderstood}, w.remarks(key), "the desk sees it")
		})
	}
}

func TestPlainAckWithTwoAlertsOpenIsForNeither(t *testing.T) {
	w := newWorld(t)
	first, second := w.open(clerk), w.open(clerk)
	assert.Equal(t, "not understood", w.arrive(says(clerkPhone, "ACK")))
	assert.Nil(t, w.answer(first, "boston clerk"))
	assert.Nil(t, w.answer(second, "boston clerk"))
	require.Len(t, w.notices(second), 1)
	assert.Contains(t, w.notices(second)[0], "several alerts are open, nothing recorded. Reply ACK M4T")

	assert.Equal(t, "acknowledged", w.arrive(says(clerkPhone, "ACK K7Q")))
	assert.NotNil(t, w.answer(first, "boston clerk"))
	assert.Nil(t, w.answer(second, "boston clerk"))
	w.end(first, alerting.Record{Expired: true})
	assert.Equal(t, "acknowledged", w.arrive(says(clerkPhone, "ACK")))
	assert.NotNil(t, w.answer(second, "boston clerk"), "only the second was open")
}

// An alert that has not gone out to an address yet is not what its plain ACK means.
func TestPlainAckMeansAnAlertThatWentOut(t *testing.T) {
	w := newWorld(t)
	sent := w.open(clerk)
	waiting := w.ledger.Open(trackingtest.Alert(), clerk)
	assert.Equal(t, "acknowledged", w.arrive(says(clerkPhone, "ACK")))
	assert.NotNil(t, w.answer(sent, "boston clerk"))
	assert.Nil(t, w.answer(waiting, "boston clerk"))
}

func TestOnlyTheAddressThatAnAlertWentToAnswersForIt(t *testing.T) {
	w := newWorld(t)
	key := w.open(clerk)
	other := w.open(emc)
	assert.Equal(t, "stranger", w.arrive(says(strange, "ACK K7Q")))
	assert.Equal(t, "not understood", w.arrive(says(otherPhone, "ACK K7Q")))
	assert.Equal(t, "ignored", w.arrive(alerting.Inbound{Channel: "signal", Kind: alerting.InboundReaction, From: otherPhone, Text: "👍", About: []string{"a1 sms " + clerkPhone}}))
	assert.Nil(t, w.answer(key, "boston clerk"))
	assert.Nil(t, w.answer(other, "boston emc"))
	assert.Empty(t, w.notices(key))
	assert.Equal(t, []alerting.RemarkKind{alerting.RemarkNotUnderstood}, w.remarks(other))
}

func TestSharedAddressAnswersForAll(t *testing.T) {
	w := newWorld(t)
	deputy := trackingtest.Person{Name: "Deputy", Areas: []alerting.Area{"ma.chelsea"}, Contacts: []string{"sms:" + clerkPhone}}
	key := w.open(clerk, deputy)
	w.arrive(says(clerkPhone, "ACK"))
	assert.NotNil(t, w.answer(key, "boston clerk"))
	assert.NotNil(t, w.answer(key, "deputy"))
	assert.Contains(t, w.notices(key)[0], "acknowledged for Boston Clerk and 1 more at 07:14")
}

func TestHelpIsSentOnceForANumberAndAnAlert(t *testing.T) {
	w := newWorld(t)
	key := w.open(clerk, emc)
	for range 4 {
		w.arrive(says(clerkPhone, "who is this"))
	}
	assert.Len(t, w.notices(key), 1)
	assert.Len(t, w.remarks(key), 4, "the desk sees each")
	w.arrive(says(otherPhone, "who is this"))
	assert.Len(t, w.notices(key), 2, "another number has its own")
	second := w.open(clerk)
	w.arrive(says(clerkPhone, "who is this"))
	assert.Len(t, w.notices(second), 1, "another alert too")
}

func TestNoNumberMakesUsWriteForEver(t *testing.T) {
	w := newWorld(t)
	key := w.open(clerk)
	for range 40 { // an automatic reply that quotes us
		w.arrive(says(clerkPhone, "ACK K7Q"))
	}
	assert.Len(t, w.notices(key), 6)
	assert.Contains(t, w.notices(key)[1], "K7Q already acknowledged for Boston Clerk at 07:14")
}

func TestChangedAnswerCountsAndIsConfirmed(t *testing.T) {
	w := newWorld(t)
	key := w.open(clerk)
	w.arrive(says(clerkPhone, "ACK"))
	w.arrive(says(clerkPhone, "2 K7Q"))
	assert.Equal(t, "2", w.answer(key, "boston clerk").Response)
	assert.Equal(t, "MA State SOC: K7Q acknowledged for Boston Clerk at 07:14. Answer 2 recorded: Got it too.", w.notices(key)[1])
	p, _ := w.board.People(key, 0, 1, nil)
	assert.Len(t, p[0].Answers, 2)
}

func TestRemovedReactionTakesItsAnswerBack(t *testing.T) {
	const message = "a1 signal " + clerkPhone
	w := newWorld(t)
	key := w.openAs(trackingtest.Alert(trackingtest.With(alerting.Extreme)), clerk)
	assert.Equal(t, "ignored", w.arrive(signals(alerting.InboundUnreact, "👍", message)), "there was none")
	w.arrive(signals(alerting.InboundReaction, "👍", message))
	assert.Equal(t, "ignored", w.arrive(signals(alerting.InboundUnreact, "😂", message)))
	assert.NotNil(t, w.answer(key, "boston clerk"))
	assert.Equal(t, "retracted", w.arrive(signals(alerting.InboundUnreact, "👍", message)))
	assert.Nil(t, w.answer(key, "boston clerk"))
	assert.Equal(t, "MA State SOC: K7Q no longer acknowledged for Boston Clerk. Reply ACK K7Q.", w.notices(key)[1])

	w.arrive(signals(alerting.InboundReaction, "👍", message))
	w.arrive(says(clerkPhone, "ACK"))
	before := len(w.notices(key))
	assert.Equal(t, "retracted", w.arrive(signals(alerting.InboundUnreact, "👍", message)))
	assert.NotNil(t, w.answer(key, "boston clerk"), "the reply stands")
	assert.Len(t, w.notices(key), before, "nobody is told that it does not")
}

func TestConfirmationsTakeTheLowestLane(t *testing.T) {
	w := newWorld(t)
	w.open(clerk)
	w.arrive(says(clerkPhone, "ACK"))
	w.ledger.Open(trackingtest.Alert(trackingtest.With(alerting.Minor)), emc)
	due := w.board.Take(nil, "sms", alerting.PlacesFor(10), at)
	require.Len(t, due, 2)
	assert.Equal(t, []int{3, alerting.LaneNotices}, []int{due[0].Lane, due[1].Lane})
}

// After a restore a reply may have been confirmed already, by the system before.
func TestAConfirmationMayHaveGoneOutBeforeARestore(t *testing.T) {
	w := newWorld(t)
	w.open(clerk)
	w.processor.Answered = 1
	for _, want := range []time.Time{at, {}} {
		w.arrive(alerting.Inbound{Channel: "sms", Kind: alerting.InboundReply, At: at, From: clerkPhone, Text: "ACK"})
		written := w.ledger.Written()
		last := written[len(written)-1]
		require.Len(t, last.Notices, 1)
		assert.Equal(t, want, last.InDoubt)
	}
}

// After a restore the name of a message that the system before sent is not known, and a reaction says nothing else:
// it is no answer to whatever is open, since it may be to another alert, which is lost. Its sender is told how to
// answer. Where each message that may have gone out is known, a reaction to another one is nobody's business.
func TestAReactionToAMessageThatIsNotKnownIsNoAnswer(t *testing.T) {
	for name, tt := range map[string]struct {
		prepare func(w *world) alerting.Key
		kind    alerting.InboundKind
		text    string
		told    bool
	}{
		"in doubt":                       {(*world).doubted, alerting.InboundReaction, "👍", true},
		"in doubt, and sent again since": {(*world).doubtedAndSent, alerting.InboundReaction, "👍", true},
		"in doubt, another emoji":        {(*world).doubted, alerting.InboundReaction, "😂", false},
		"in doubt, and taken back":       {(*world).doubted, alerting.InboundUnreact, "👍", false},
		"all is known that was sent them": {func(w *world) alerting.Key {
			return w.openAs(trackingtest.Alert(trackingtest.With(alerting.Extreme)), clerk)
		}, alerting.InboundReaction, "👍", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			key := tt.prepare(w)
			outcome := w.arrive(signals(tt.kind, tt.text, "1762153920123"))
			assert.Nil(t, w.answer(key, "boston clerk"))
			if !tt.told {
				assert.Equal(t, "ignored", outcome)
				assert.Empty(t, w.notices(key))
				return
			}
			assert.Equal(t, "not understood", outcome)
			require.Len(t, w.notices(key), 1)
			assert.Contains(t, w.notices(key)[0], "Reply ACK K7Q.")
			assert.Equal(t, []alerting.RemarkKind{alerting.RemarkNotUnderstood}, w.remarks(key))
		})
	}
}

// doubted is an alert to the clerk that the system before a restore may have sent.
func (w *world) doubted() alerting.Key {
	w.write(alerting.Record{
		Alert: "a1", At: start, InDoubt: start.Add(-time.Minute),
		Opened: &alerting.Opened{Alert: trackingtest.Alert(), Code: "K7Q", Identity: "i", Received: start.Add(-time.Minute), Sequence: 1},
		Manifest: &alerting.Manifest{Parts: 1, Deliveries: []alerting.Planned{{Channel: "signal", Address: clerkPhone, Active: true}}, Recipients: []alerting.Recipient{
			{Subscriber: "boston clerk", Name: "Boston Clerk", Areas: []alerting.Area{"ma.boston"}, Contacts: []uint32{0}},
		}},
	})
	return "a1"
}

func (w *world) doubtedAndSent() alerting.Key {
	key := w.doubted()
	w.write(
		alerting.Record{Alert: key, At: start, Attempts: []alerting.Attempt{{Attempt: 2, PossibleDuplicate: true}}},
		alerting.Record{Alert: key, At: start, Results: []alerting.Result{{Attempt: 2, State: alerting.Accepted, ProviderID: "17"}}})
	return key
}
