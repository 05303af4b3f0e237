package checker_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"revere/alerting"
	"revere/integration/checker"
)

// recorded is what the ledger of the sound history holds of its alert.
func recorded() []alerting.Record {
	return []alerting.Record{
		{Alert: "a1", Manifest: &alerting.Manifest{
			Parts: 1, Deliveries: []alerting.Planned{{Channel: "sms", Address: phone}, {Channel: "signal", Address: number}, {Channel: "email", Address: mail}},
			Recipients: []alerting.Recipient{{Subscriber: "clerk"}, {Subscriber: "chief"}},
		}},
		{Alert: "a1", Attempts: []alerting.Attempt{{Delivery: 0, Attempt: 1}, {Delivery: 1, Attempt: 1}}},
		{Alert: "a1", Results: []alerting.Result{{Delivery: 0, Attempt: 1, State: alerting.Unknown}, {Delivery: 1, Attempt: 1, State: alerting.Accepted}}},
		{Alert: "a1", Attempts: []alerting.Attempt{{Delivery: 0, Attempt: 2, PossibleDuplicate: true}}},
		{Alert: "a1", Results: []alerting.Result{{Delivery: 0, Attempt: 2, State: alerting.Accepted}, {Delivery: 0, Attempt: 2, State: alerting.Delivered, Receipt: true}}},
		{Alert: "a1", Answers: []alerting.Answer{{Recipients: []uint32{1}, Via: alerting.ViaReply}}},
	}
}

// recordedHistory is the sound history with its ledger.
func recordedHistory() checker.History {
	h := sound()
	h.Alerts[0].Records = recorded()
	return h
}

// plantedInLedger are things in which what is shown and what is on record differ.
var plantedInLedger = []planted{
	{"a person who is not on record", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Records[0].Manifest.Recipients = nil }},
	{"a delivery that is not on record", checker.Unfolded, func(_ *checker.History, a *checker.Alert) {
		a.Records[0].Manifest.Deliveries = a.Records[0].Manifest.Deliveries[:1]
	}},
	{"a delivery to another address", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Records[0].Manifest.Deliveries[0].Address = mail }},
	{"an attempt that is not on record", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Records[3].Attempts = nil }},
	{"an attempt whose delivery is not shown", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Deliveries = a.Deliveries[:1] }},
	{"a mark that is not on record", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Records[3].Attempts[0].PossibleDuplicate = false }},
	{"a result that is not shown", checker.Unfolded, func(_ *checker.History, a *checker.Alert) {
		a.Records[2].Results = append(a.Records[2].Results, alerting.Result{Delivery: 1, Attempt: 1, State: alerting.Sent})
	}},
	{"an arrival that is not on record", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Records[4].Results = a.Records[4].Results[:1] }},
	{"an arrival that is not shown", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Records[2].Results[1].State = alerting.Read }},
	{"an answer that is not shown", checker.Forgotten, func(_ *checker.History, a *checker.Alert) { a.People[1].Answer = nil }},
}

func TestLedgerAndWhatIsShownAgree(t *testing.T) {
	assert.Empty(t, checker.Check(recordedHistory()))
}

func TestDifferencesFromTheLedgerAreFound(t *testing.T) {
	for _, p := range plantedInLedger {
		t.Run(p.name, func(t *testing.T) {
			h := recordedHistory()
			p.do(&h, &h.Alerts[0])
			var rules []checker.Rule
			for _, v := range checker.Check(h) {
				rules = append(rules, v.Rule)
			}
			assert.Contains(t, rules, p.rule)
		})
	}
}

// A confirmation on Signal carries nothing by which to know it but its words.
func TestANoticeIsKnownByItsWords(t *testing.T) {
	h := recordedHistory()
	a := &h.Alerts[0]
	notice := a.Deliveries[1]
	notice.ID, notice.Index, notice.Notice = smsID, 3, alerting.NoticeConfirmation
	notice.History = append(notice.History[:2:2], notice.History[2])
	notice.History[2].ProviderID = ""
	a.Deliveries = append(a.Deliveries, notice)
	a.Records = append(a.Records, alerting.Record{
		Notices:  []alerting.Notice{{Channel: "signal", Address: number, Kind: alerting.NoticeConfirmation, Text: "K7Q acknowledged."}},
		Attempts: []alerting.Attempt{{Delivery: 3, Attempt: 1}}, Results: []alerting.Result{{Delivery: 3, Attempt: 1, State: alerting.Accepted}},
	})
	a.Deliveries[2].ID = alerting.NewDeliveryID("a1", "signal", "a notice")
	h.Provided = append(h.Provided, checker.Message{Channel: "signal", To: number, ID: "1900", At: at(30), Text: "K7Q acknowledged."})
	assert.Empty(t, checker.Check(h))
	h.Provided[3].Text = "Something else."
	assert.NotEmpty(t, checker.Check(h))
}

// What a system before a restore may have sent counts as an attempt.
func TestAttemptsMayBeImpliedAfterARestore(t *testing.T) {
	h := recordedHistory()
	a := &h.Alerts[0]
	a.Records[0].Manifest.Deliveries[0].Active = true
	a.Records[0].InDoubt = at(0)
	a.Records[1].Attempts = a.Records[1].Attempts[1:] // the first one's is implied, and its unknown end
	a.Records[2].Results = a.Records[2].Results[1:]
	assert.Empty(t, checker.Check(h))
	a.Records[0].Manifest.Deliveries[2].Active = true // so that the mail is in doubt, too, and is not shown
	assert.NotEmpty(t, checker.Check(h))
}
