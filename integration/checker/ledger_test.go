package checker_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/integration/checker"
)

// recorded is what the ledger of the sound history holds of its alert.
func recorded() []alerting.Record {
	return []alerting.Record{
		{Alert: "a1", At: at(0), Opened: &alerting.Opened{Alert: alerting.Alert{Type: alerting.TypeAlert}}, Manifest: &alerting.Manifest{
			Parts: 1, Deliveries: []alerting.Planned{{Channel: "sms", Address: phone, Active: true}, {Channel: "signal", Address: number, Active: true}, {Channel: "email", Address: mail}},
			Recipients: []alerting.Recipient{
				{Subscriber: "clerk", Areas: []alerting.Area{"ma.boston"}, Contacts: []uint32{0, 2}, Teams: []string{"desk"}},
				{Subscriber: "chief", Areas: []alerting.Area{"ma.boston"}, Contacts: []uint32{1}, Teams: []string{"desk"}},
			},
		}},
		{Alert: "a1", At: at(5), Attempts: []alerting.Attempt{{Delivery: 0, Attempt: 1}, {Delivery: 1, Attempt: 1}}},
		{Alert: "a1", At: at(50), Results: []alerting.Result{
			{Delivery: 0, Attempt: 1, State: alerting.Unknown, RetryAt: at(1000)}, {Delivery: 1, Attempt: 1, State: alerting.Accepted, ProviderID: "1700"},
		}},
		{Alert: "a1", At: at(1000), Attempts: []alerting.Attempt{{Delivery: 0, Attempt: 2, PossibleDuplicate: true}}},
		{Alert: "a1", At: at(1050), Results: []alerting.Result{{Delivery: 0, Attempt: 2, State: alerting.Accepted, ProviderID: "SM2"}}},
		{Alert: "a1", At: at(1100), Results: []alerting.Result{{Delivery: 0, Attempt: 2, State: alerting.Delivered, Receipt: true}}},
		{Alert: "a1", At: at(2000), Answers: []alerting.Answer{{Recipients: []uint32{1}, Via: alerting.ViaReply, Channel: "signal", Address: number}}},
		{Alert: "a1", At: at(2100), Remarks: []alerting.Remark{{Kind: alerting.RemarkHelp, Channel: "sms", Address: phone, Detail: "clerk wants help"}}},
	}
}

// recordedHistory is the sound history with its ledger, and with all that is shown of it.
func recordedHistory() checker.History {
	h := sound()
	a := &h.Alerts[0]
	a.Records = recorded()
	answer, first, team := new(tracking.AnswerView), new(tracking.AnswerView), new(tracking.AnswerView)
	*answer = tracking.AnswerView{Subscriber: "chief", At: at(2000), After: 2 * time.Second, Via: alerting.ViaReply, Channel: "signal", Address: number}
	*first, *team = *answer, *answer
	a.People = []tracking.PersonView{
		{Subscriber: "clerk", Reached: true, Delivered: true, Contacts: []tracking.ContactView{
			{Channel: "sms", Address: phone, State: alerting.Delivered}, {Channel: "email", Address: mail, Reserve: true},
		}},
		{Subscriber: "chief", Reached: true, Contacts: []tracking.ContactView{{Channel: "signal", Address: number, State: alerting.Accepted}},
			Answer: answer, Answers: []tracking.AnswerView{*answer}},
	}
	s := &a.Summary
	s.Opened, s.Expanded, s.Finished, s.Responses = at(0), true, true, map[string]int{"ack": 1}
	s.Areas = []tracking.AreaSummary{{Area: "ma.boston", People: 2, Reached: 2, Delivered: 1, Acknowledged: 1, First: first}}
	s.Teams = []tracking.TeamSummary{{Team: "desk", People: 2, Reached: 2, Acknowledged: 1, First: team}}
	s.Remarks = []tracking.RemarkView{{At: at(2100), Kind: alerting.RemarkHelp, Channel: "sms", Detail: "clerk wants help"}}
	return h
}

// plantedInLedger are things in which what is shown and what is on record differ. Where the record is the one
// that is made wrong, it is because the other rules would find it in what is shown.
var plantedInLedger = []planted{
	{"an alert that no record opens", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Records[0].Opened = nil }},
	{"a person who is not on record", checker.Unfolded, func(_ *checker.History, a *checker.Alert) {
		a.Records[0].Manifest.Recipients = a.Records[0].Manifest.Recipients[:1]
	}},
	{"a person in the place of another", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.People[0].Subscriber = "clark" }},
	{"a person too many", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.People = append(a.People, tracking.PersonView{}) }},
	{"a delivery that is not on record", checker.Unfolded, func(_ *checker.History, a *checker.Alert) {
		a.Records[0].Manifest.Deliveries = a.Records[0].Manifest.Deliveries[:1]
	}},
	{"a delivery to another address", checker.Unfolded, func(_ *checker.History, a *checker.Alert) {
		a.Records[0].Manifest.Deliveries[0].Address = "+16175560009"
	}},
	{"a delivery that is shown as another's", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { text(a).Subscribers = []string{"chief"} }},
	{"a delivery for somebody else", checker.Unfolded, func(_ *checker.History, a *checker.Alert) {
		a.Records[0].Manifest.Recipients[0].Contacts = []uint32{1, 2}
	}},
	{"a delivery that is shown and in reserve", checker.Unfolded, func(_ *checker.History, a *checker.Alert) {
		a.Deliveries = append(a.Deliveries, tracking.DeliveryView{Index: 2, Channel: "email", Address: mail})
	}},
	{"a notice that is not on record", checker.Unfolded, func(_ *checker.History, a *checker.Alert) {
		a.Deliveries = append(a.Deliveries, tracking.DeliveryView{Index: 9, Channel: "sms", Address: phone, Notice: alerting.NoticeHelp})
	}},
	{"an attempt that is not on record", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Records[3].Attempts = nil }},
	{"an attempt whose delivery is not shown", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Deliveries = a.Deliveries[:1] }},
	{"a mark that is not on record", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Records[3].Attempts[0].PossibleDuplicate = false }},
	{"a result that is not shown", checker.Unfolded, func(_ *checker.History, a *checker.Alert) {
		a.Records[2].Results = append(a.Records[2].Results, alerting.Result{Delivery: 1, Attempt: 1, State: alerting.Sent})
	}},
	{"an arrival that is not on record", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Records[5].Results = nil }},
	{"an arrival that is not shown", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Records[2].Results[1].State = alerting.Read }},
	{"a state that no arrival tells of", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Deliveries[1].State = alerting.Sent }},
	{"attempts that are not on record", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { text(a).Attempts = 3 }},
	{"a time in a history", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { text(a).History[4].At = at(1051) }},
	{"the time of a retry", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { text(a).History[2].RetryAt = at(1001) }},
	{"another name of the provider's", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { text(a).History[4].ProviderID = "SM3" }},
	{"another code of the provider's", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { text(a).History[2].Code = "30008" }},
	{"another reason", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { text(a).History[2].Reason = "nobody knows" }},
	{"a receipt that was none", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { text(a).History[4].Receipt = true }},
	{"a line too few", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { text(a).History = text(a).History[:5] }},
	{"an answer that is not shown", checker.Forgotten, func(_ *checker.History, a *checker.Alert) { a.People[1].Answer, a.Acknowledged = nil, nil }},
	{"an answer that was taken back", checker.Unfolded, func(_ *checker.History, a *checker.Alert) {
		a.Records = append(a.Records, alerting.Record{Answers: []alerting.Answer{{Recipients: []uint32{1}, Via: alerting.ViaReply, Channel: "signal", Address: number, Retracted: true}}})
	}},
	{"the time of an answer", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.People[1].Answer.At = at(2001) }},
	{"what an answer says", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.People[1].Answer.Response = "2" }},
	{"what one of all answers says", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.People[1].Answers[0].Note = "later" }},
	{"a team's first answer", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Summary.Teams[0].First = nil }},
	{"an answer among all", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.People[1].Answers = nil }},
	{"a person who was reached", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.People[0].Reached = false }},
	{"a person who has it", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.People[1].Delivered = true }},
	{"a person whom nothing reaches", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.People[0].Gap = true }},
	{"how far a contact came", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.People[0].Contacts[0].State = alerting.Sent }},
	{"a contact in reserve", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.People[0].Contacts[1].Reserve = false }},
	{"a contact too few", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.People[0].Contacts = a.People[0].Contacts[:1] }},
	{"the phase", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Summary.Phase = tracking.Expired }},
	{"what it was replaced by", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Summary.ReplacedBy = "a2" }},
	{"when it was opened", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Summary.Opened = at(1) }},
	{"whether it is expanded", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Summary.Expanded = false }},
	{"whether it is finished", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Summary.Finished = false }},
	{"a count of people", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Summary.People++ }},
	{"a count of those reached", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Summary.Reached++ }},
	{"a count of those who have it", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Summary.Delivered++ }},
	{"a count of answers", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Summary.Acknowledged++ }},
	{"a count of deliveries", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Summary.Deliveries++ }},
	{"a count by state", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Summary.States[alerting.Read]++ }},
	{"a count by channel", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Summary.Channels["sms"][alerting.Read]++ }},
	{"a count by response", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Summary.Responses["1"]++ }},
	{"a jurisdiction too few", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Summary.Areas = nil }},
	{"a count by jurisdiction", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Summary.Areas[0].Delivered++ }},
	{"a jurisdiction's first answer", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Summary.Areas[0].First = nil }},
	{"a team too few", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Summary.Teams = nil }},
	{"a count by team", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Summary.Teams[0].Reached++ }},
	{"a gap that is none", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Summary.Gaps = []tracking.Gap{{Subscriber: "clerk"}} }},
	{"a remark that is not shown", checker.Unfolded, func(_ *checker.History, a *checker.Alert) { a.Summary.Remarks = nil }},
}

func TestLedgerAndWhatIsShownAgree(t *testing.T) {
	assert.Empty(t, checker.Check(recordedHistory()))
}

func TestDifferencesFromTheLedgerAreFound(t *testing.T) {
	for _, p := range plantedInLedger {
		t.Run(p.name, func(t *testing.T) {
			h := recordedHistory()
			p.do(&h, &h.Alerts[0])
			assert.Contains(t, rulesOf(h), p.rule)
		})
	}
}

func rulesOf(h checker.History) (rules []checker.Rule) {
	for _, v := range checker.Check(h) {
		rules = append(rules, v.Rule)
	}
	return rules
}

// A confirmation on Signal carries nothing by which to know it but its words.
func TestANoticeIsKnownByItsWords(t *testing.T) {
	h := recordedHistory()
	a := &h.Alerts[0]
	a.Deliveries = append(a.Deliveries, tracking.DeliveryView{
		ID: alerting.NewDeliveryID("a1", "signal", "a notice"), Index: 3, Channel: "signal", Address: number, Notice: alerting.NoticeConfirmation,
		State: alerting.Accepted, Attempts: 1, History: []tracking.Entry{
			{At: at(2200), State: alerting.Queued}, {At: at(2200), State: alerting.Attempting, Attempt: 1}, {At: at(2200), State: alerting.Accepted, Attempt: 1},
		},
	})
	a.Records = append(a.Records, alerting.Record{
		At: at(2200), Notices: []alerting.Notice{{Channel: "signal", Address: number, Kind: alerting.NoticeConfirmation, Text: "K7Q acknowledged."}},
		Attempts: []alerting.Attempt{{Delivery: 3, Attempt: 1}}, Results: []alerting.Result{{Delivery: 3, Attempt: 1, State: alerting.Accepted}},
	})
	h.Provided = append(h.Provided, checker.Message{Channel: "signal", To: number, ID: "1900", At: at(2201), Text: "K7Q acknowledged."})
	assert.Empty(t, checker.Check(h))
	h.Provided[3].Text = "Something else."
	assert.NotEmpty(t, checker.Check(h))
}

// What a system before a restore may have sent counts as an attempt.
func TestAttemptsMayBeImpliedAfterARestore(t *testing.T) {
	h := recordedHistory()
	a := &h.Alerts[0]
	a.Records[0].InDoubt = at(0)
	a.Records[0].Manifest.Deliveries[1].Active = false            // only the text is in doubt
	a.Records[1].Activated = []alerting.Activation{{Delivery: 1}} // and the chief's is not from that list
	a.Records[1].Attempts = a.Records[1].Attempts[1:]
	a.Records[2].Results = a.Records[2].Results[1:]
	a.Deliveries[1].History[0].At = at(5)
	text(a).History = []tracking.Entry{
		text(a).History[0],
		{At: at(0), State: alerting.Attempting, Attempt: 1},
		{At: at(0), State: alerting.Unknown, Attempt: 1, RetryAt: at(0), Reason: alerting.ReasonRestored},
		text(a).History[3], text(a).History[4], text(a).History[5],
	}
	assert.Empty(t, checker.Check(h))
	a.Records[0].Manifest.Deliveries[2].Active = true // so that the mail is in doubt, too, and is not shown
	assert.NotEmpty(t, checker.Check(h))
}
