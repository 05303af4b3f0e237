package checker_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/integration/checker"
	"revere/subscribers"
	"revere/subscribers/areas"
)

var start = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)

func at(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }

const (
	phone  = "+16175560001"
	mail   = "clerk@boston.example"
	number = "+16175560002"
)

var (
	smsID    = alerting.NewDeliveryID("a1", "sms", phone)
	signalID = alerting.NewDeliveryID("a1", "signal", number)
)

// sound is a history in which everything is right: a clerk who got a text on the second attempt, the
// first having gone out too, and a chief who was reached by Signal.
func sound() checker.History {
	text := tracking.DeliveryView{
		ID: smsID, Channel: "sms", Address: phone, Subscribers: []string{"clerk"}, State: alerting.Delivered, Attempts: 2,
		History: []tracking.Entry{
			{At: at(0), State: alerting.Queued},
			{At: at(5), State: alerting.Attempting, Attempt: 1},
			{At: at(50), State: alerting.Unknown, Attempt: 1, RetryAt: at(1000)},
			{At: at(1000), State: alerting.Attempting, Attempt: 2, PossibleDuplicate: true},
			{At: at(1050), State: alerting.Accepted, Attempt: 2, ProviderID: "SM2"},
			{At: at(1100), State: alerting.Delivered, Attempt: 2, Receipt: true},
		},
	}
	chat := tracking.DeliveryView{
		ID: signalID, Index: 1, Channel: "signal", Address: number, Subscribers: []string{"chief"}, State: alerting.Accepted, Attempts: 1,
		History: []tracking.Entry{
			{At: at(0), State: alerting.Queued},
			{At: at(5), State: alerting.Attempting, Attempt: 1},
			{At: at(50), State: alerting.Accepted, Attempt: 1, ProviderID: "1700"},
		},
	}
	return checker.History{
		Accepted: []string{"a1"}, Atlas: areas.New(), FallbackAfter: time.Minute, Settled: true,
		Directory: []subscribers.Subscriber{
			{ID: "clerk", Areas: []alerting.Area{"ma.boston"}, Contacts: []subscribers.Contact{{Channel: "sms", Address: phone}, {Channel: "email", Address: mail}}},
			{ID: "chief", Areas: []alerting.Area{"ma.statewide"}, Contacts: []subscribers.Contact{{Channel: "signal", Address: number}}},
			{ID: "elsewhere", Areas: []alerting.Area{"ny.albany"}, Contacts: []subscribers.Contact{{Channel: "sms", Address: "+15185560001"}}},
		},
		Provided: []checker.Message{
			{Channel: "sms", To: phone, Ref: alerting.Ref{Alert: "a1", Delivery: smsID, Attempt: 1}.String(), At: at(20)},
			{Channel: "sms", To: phone, Ref: alerting.Ref{Alert: "a1", Delivery: smsID, Attempt: 2}.String(), At: at(1020), Arrived: true},
			{Channel: "signal", To: number, ID: "1700", At: at(20), Text: "Phishing. React or reply ACK K7Q"},
		},
		Alerts: []checker.Alert{{
			Acknowledged: []string{"chief"},
			Deliveries:   []tracking.DeliveryView{text, chat},
			People:       []tracking.PersonView{{Subscriber: "clerk"}, {Subscriber: "chief", Answer: &tracking.AnswerView{}}},
			Summary: tracking.Summary{
				Key: "a1", Phase: tracking.Open, Code: "K7Q", People: 2, Reached: 2, Delivered: 1, Acknowledged: 1, Deliveries: 2,
				States:   tracking.Counts{alerting.Delivered: 1, alerting.Accepted: 1},
				Channels: map[string]tracking.Counts{"sms": {alerting.Delivered: 1}, "signal": {alerting.Accepted: 1}},
				Alert:    alerting.Alert{Status: alerting.StatusActual, Severity: alerting.Severe, Areas: []alerting.Area{"ma.boston"}},
			},
		}},
	}
}

func TestASoundHistoryHasNoViolations(t *testing.T) {
	assert.Empty(t, checker.Check(sound()))
}

// A planted is one thing made wrong in a sound history.
type planted struct {
	name string
	rule checker.Rule
	do   func(h *checker.History, a *checker.Alert)
}

func text(a *checker.Alert) *tracking.DeliveryView { return &a.Deliveries[0] }

// plantedViolations has at least one for every rule.
var plantedViolations = []planted{
	{"a recipient without a delivery", checker.Missing, func(_ *checker.History, a *checker.Alert) { a.Deliveries = a.Deliveries[:1] }},
	{"an extreme alert that left a contact out", checker.Missing, func(_ *checker.History, a *checker.Alert) { a.Summary.Alert.Severity = alerting.Extreme }},
	{"a delivery to somebody in another state", checker.Unexpected, func(h *checker.History, _ *checker.Alert) { h.Directory[0].Areas = []alerting.Area{"ny.albany"} }},
	{"an exercise that is a draft and went out", checker.Unexpected, func(_ *checker.History, a *checker.Alert) { a.Summary.Alert.Status = alerting.StatusDraft }},
	{"somebody whose floor is higher", checker.Unexpected, func(h *checker.History, _ *checker.Alert) { h.Directory[1].MinSeverity = alerting.Extreme }},
	{"two deliveries to one address", checker.Repeated, func(_ *checker.History, a *checker.Alert) { a.Deliveries = append(a.Deliveries, a.Deliveries[0]) }},
	{"a contact in reserve at once", checker.Early, func(_ *checker.History, a *checker.Alert) {
		a.Deliveries = append(a.Deliveries, tracking.DeliveryView{Channel: "email", Address: mail, Subscribers: []string{"clerk"}, History: []tracking.Entry{{At: at(100)}}})
	}},
	{"a message of no alert", checker.Unrecorded, func(h *checker.History, _ *checker.Alert) {
		h.Provided = append(h.Provided, checker.Message{Channel: "sms", To: "+16175569999", Ref: alerting.Ref{Alert: "a9", Delivery: smsID, Attempt: 1}.String()})
	}},
	{"a message of an unknown code", checker.Unrecorded, func(h *checker.History, _ *checker.Alert) {
		h.Provided = append(h.Provided, checker.Message{Channel: "signal", To: number, ID: "1800", Text: "Reply ACK C8C"})
	}},
	{"more messages than attempts", checker.Unrecorded, func(h *checker.History, _ *checker.Alert) { h.Provided = append(h.Provided, h.Provided[2]) }},
	{"a message before its attempt", checker.Unrecorded, func(h *checker.History, _ *checker.Alert) { h.Provided[1].At = at(999) }},
	{"a message of an attempt that is not on record", checker.Unrecorded, func(h *checker.History, _ *checker.Alert) {
		h.Provided[1].Ref = alerting.Ref{Alert: "a1", Delivery: smsID, Attempt: 3}.String()
	}},
	{"two messages and no unknown attempt", checker.Doubled, func(_ *checker.History, a *checker.Alert) {
		text(a).History[2].State, text(a).History[3].PossibleDuplicate = alerting.Failed, false
	}},
	{"two messages where the provider could be asked", checker.Doubled, func(h *checker.History, _ *checker.Alert) { h.Askable = map[string]bool{"sms": true} }},
	{"a resend that is not marked", checker.Unmarked, func(_ *checker.History, a *checker.Alert) { text(a).History[3].PossibleDuplicate = false }},
	{"a mark without a reason", checker.Unmarked, func(_ *checker.History, a *checker.Alert) { text(a).History[1].PossibleDuplicate = true }},
	{"delivered without a receipt", checker.Overclaim, func(_ *checker.History, a *checker.Alert) { text(a).History = text(a).History[:5] }},
	{"delivered by a word of our own", checker.Overclaim, func(_ *checker.History, a *checker.Alert) { text(a).History[5].Receipt = false }},
	{"delivered, says nobody at the provider", checker.Overclaim, func(h *checker.History, _ *checker.Alert) { h.Provided[1].Arrived = false }},
	{"accepted without a word from the provider", checker.Overclaim, func(_ *checker.History, a *checker.Alert) { a.Deliveries[1].History[2].State = alerting.Unknown }},
	{"failed, and it went out", checker.Underclaim, func(_ *checker.History, a *checker.Alert) { text(a).State = alerting.Failed }},
	{"attempts that are not in the history", checker.Miscounted, func(_ *checker.History, a *checker.Alert) { text(a).Attempts = 3 }},
	{"one delivery too many counted", checker.Miscounted, func(_ *checker.History, a *checker.Alert) { a.Summary.Deliveries++ }},
	{"a wrong count by state", checker.Miscounted, func(_ *checker.History, a *checker.Alert) { a.Summary.States[alerting.Read]++ }},
	{"a wrong count by channel", checker.Miscounted, func(_ *checker.History, a *checker.Alert) { a.Summary.Channels["sms"][alerting.Read]++ }},
	{"a wrong count of people", checker.Miscounted, func(_ *checker.History, a *checker.Alert) { a.Summary.People++ }},
	{"a wrong count of those reached", checker.Miscounted, func(_ *checker.History, a *checker.Alert) { a.Summary.Reached++ }},
	{"a wrong count of those who have it", checker.Miscounted, func(_ *checker.History, a *checker.Alert) { a.Summary.Delivered++ }},
	{"a wrong count of answers", checker.Miscounted, func(_ *checker.History, a *checker.Alert) { a.Summary.Acknowledged++ }},
	{"a delivery that is still due", checker.Open, func(_ *checker.History, a *checker.Alert) { a.Deliveries[1].State = alerting.Queued }},
	{"an unknown one that is to be looked into", checker.Open, func(_ *checker.History, a *checker.Alert) {
		text(a).State, text(a).History[5].State, text(a).History[5].RetryAt = alerting.Unknown, alerting.Unknown, at(9000)
	}},
	{"an alert that is gone", checker.Lost, func(h *checker.History, _ *checker.Alert) { h.Accepted = append(h.Accepted, "a2") }},
	{"a contact that the person closed after it was used", checker.Early, func(_ *checker.History, a *checker.Alert) {
		a.Deliveries = append(a.Deliveries, mailed(at(100)))
		a.Summary.Remarks = []tracking.RemarkView{{At: at(101), Kind: alerting.RemarkOptOut, Channel: "sms", Detail: "clerk sent STOP"}}
		text(a).Names = []string{"clerk"}
	}},
	{"a withdrawal that leaves somebody out", checker.Untold, func(h *checker.History, a *checker.Alert) {
		h.Alerts = append(h.Alerts, withdrawal(phone))
	}},
	{"a withdrawal to somebody who had heard nothing", checker.Unexpected, func(h *checker.History, a *checker.Alert) {
		h.Alerts = append(h.Alerts, withdrawal(phone, number, "+16175560003"))
	}},
	{"an answer that is gone", checker.Forgotten, func(_ *checker.History, a *checker.Alert) { a.People[1].Answer = nil }},
}

func TestPlantedViolationsAreFound(t *testing.T) {
	for _, p := range plantedViolations {
		t.Run(p.name, func(t *testing.T) {
			h := sound()
			p.do(&h, &h.Alerts[0])
			var rules []checker.Rule
			for _, v := range checker.Check(h) {
				rules = append(rules, v.Rule)
			}
			assert.Contains(t, rules, p.rule)
		})
	}
}

// What is no violation must not be taken for one.
func TestWhatIsRightIsLeftAlone(t *testing.T) {
	for name, do := range map[string]func(h *checker.History, a *checker.Alert){
		"a reserve contact after the first failed": func(h *checker.History, a *checker.Alert) {
			failed := text(a)
			failed.State, failed.Attempts = alerting.Failed, 1
			failed.History = []tracking.Entry{{At: at(0)}, {At: at(1), State: alerting.Attempting, Attempt: 1}, {At: at(2), State: alerting.Failed, Attempt: 1}}
			h.Provided = h.Provided[2:]
			a.Deliveries = append(a.Deliveries, mailed(at(30)))
			recount(a)
		},
		"a reserve contact after its time": func(_ *checker.History, a *checker.Alert) {
			a.Deliveries = append(a.Deliveries, mailed(at(60000)))
			recount(a)
		},
		"a reserve contact after STOP": func(_ *checker.History, a *checker.Alert) {
			a.Deliveries = append(a.Deliveries, mailed(at(100)))
			a.Summary.Remarks = []tracking.RemarkView{{At: at(99), Kind: alerting.RemarkOptOut, Channel: "sms", Detail: "clerk sent STOP"}}
			text(a).Names = []string{"clerk"}
			recount(a)
		},
		"a reserve contact that was closed before it was used": func(_ *checker.History, a *checker.Alert) {
			closed := mailed(at(100))
			closed.History = closed.History[1:]
			a.Deliveries = append(a.Deliveries, closed)
			recount(a)
		},
		"a contact that was closed when the alert came, and opened since": func(h *checker.History, a *checker.Alert) {
			h.Directory[0].Name = "clerk"
			a.Deliveries, h.Provided = a.Deliveries[1:], h.Provided[2:]
			a.Summary.Remarks = []tracking.RemarkView{{At: at(99), Kind: alerting.RemarkOptIn, Channel: "sms", Detail: "clerk sent START"}}
			recount(a)
		},
		"a withdrawal to everyone who was attempted": func(h *checker.History, _ *checker.Alert) { h.Alerts = append(h.Alerts, withdrawal(phone, number)) },
		"an unknown one whose person has answered": func(_ *checker.History, a *checker.Alert) {
			chat := &a.Deliveries[1]
			chat.State, chat.History[2].State, chat.History[2].RetryAt = alerting.Unknown, alerting.Unknown, at(9000)
			recount(a)
		},
		"an unknown one whose person has sent STOP": func(h *checker.History, a *checker.Alert) {
			text(a).State, text(a).History, text(a).Names = alerting.Unknown, text(a).History[:3], []string{"clerk"}
			text(a).Attempts, h.Provided = 1, h.Provided[2:]
			a.Summary.Remarks = []tracking.RemarkView{{At: at(60), Kind: alerting.RemarkOptOut, Channel: "sms", Detail: "clerk sent STOP"}}
			recount(a)
		},
		"an unknown one of an alert that is over": func(_ *checker.History, a *checker.Alert) {
			a.Summary.Phase, a.People[1].Answer, a.Acknowledged = tracking.Expired, nil, nil
			a.Deliveries[1].State, a.Deliveries[1].History[2].State, a.Deliveries[1].History[2].RetryAt = alerting.Unknown, alerting.Unknown, at(9000)
			recount(a)
			a.Summary.Acknowledged = 0
		},
		"a confirmation": func(_ *checker.History, a *checker.Alert) {
			notice := mailed(at(30))
			notice.Notice = alerting.NoticeConfirmation
			a.Deliveries = append(a.Deliveries, notice)
		},
		"a code that an alert had before": func(h *checker.History, a *checker.Alert) {
			again := *a
			again.Summary.Key = "a2"
			texted, chat := a.Deliveries[0], a.Deliveries[1]
			texted.ID, chat.ID = alerting.NewDeliveryID("a2", "sms", phone), alerting.NewDeliveryID("a2", "signal", number)
			texted.Attempts, chat.Attempts = 1, 2
			texted.History = []tracking.Entry{
				{At: at(5000), State: alerting.Queued},
				{At: at(5005), State: alerting.Attempting, Attempt: 1},
				{At: at(5050), State: alerting.Delivered, Attempt: 1, ProviderID: "SM5", Receipt: true},
			}
			chat.History = []tracking.Entry{
				{At: at(5000), State: alerting.Queued},
				{At: at(5005), State: alerting.Attempting, Attempt: 1},
				{At: at(5050), State: alerting.Unknown, Attempt: 1, RetryAt: at(6000)},
				{At: at(6000), State: alerting.Attempting, Attempt: 2, PossibleDuplicate: true},
				{At: at(6050), State: alerting.Accepted, Attempt: 2, ProviderID: "1800"},
			}
			again.Deliveries = []tracking.DeliveryView{texted, chat}
			h.Accepted, h.Alerts = append(h.Accepted, "a2"), append(h.Alerts, again)
			h.Provided = append(h.Provided,
				checker.Message{Channel: "sms", To: phone, Ref: alerting.Ref{Alert: "a2", Delivery: texted.ID, Attempt: 1}.String(), At: at(5020), Arrived: true},
				checker.Message{Channel: "signal", To: number, ID: "1750", At: at(5020), Text: "Phishing. React or reply ACK K7Q"},
				checker.Message{Channel: "signal", To: number, ID: "1800", At: at(6020), Text: "Phishing. React or reply ACK K7Q"})
		},
		"what is due while the run is on": func(h *checker.History, a *checker.Alert) {
			h.Settled, a.Deliveries[1].State, h.Provided = false, alerting.Attempting, h.Provided[:2]
			a.Deliveries[1].History = a.Deliveries[1].History[:2]
			recount(a)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := sound()
			do(&h, &h.Alerts[0])
			assert.Empty(t, checker.Check(h))
		})
	}
}

func mailed(when time.Time) tracking.DeliveryView {
	return tracking.DeliveryView{
		ID: alerting.NewDeliveryID("a1", "email", mail), Channel: "email", Address: mail, Subscribers: []string{"clerk"}, State: alerting.Suppressed,
		History: []tracking.Entry{{At: when, State: alerting.Queued}, {At: when, State: alerting.Suppressed}},
	}
}

// recount sets the counters to what the deliveries are.
func recount(a *checker.Alert) {
	s := &a.Summary
	s.Deliveries, s.States, s.Channels = len(a.Deliveries), tracking.Counts{}, map[string]tracking.Counts{}
	reached, delivered := map[string]bool{}, map[string]bool{}
	for _, d := range a.Deliveries {
		s.States[d.State]++
		if s.Channels[d.Channel] == nil {
			s.Channels[d.Channel] = tracking.Counts{}
		}
		s.Channels[d.Channel][d.State]++
		for _, who := range d.Subscribers {
			if d.State == alerting.Accepted || d.State.Arrived() {
				reached[who] = true
			}
			if d.State.Arrived() {
				delivered[who] = true
			}
		}
	}
	s.Reached, s.Delivered = len(reached), len(delivered)
}

func TestEveryRuleIsPlanted(t *testing.T) {
	planted := map[checker.Rule]bool{}
	for _, p := range slices.Concat(plantedViolations, plantedInLedger) {
		planted[p.rule] = true
	}
	for _, rule := range checker.Rules {
		require.True(t, planted[rule], rule)
	}
}

func ExampleCheck() {
	h := sound()
	h.Alerts[0].Summary.Reached = 7
	for _, v := range checker.Check(h) {
		fmt.Println(v)
	}
	// Output: a counter differs from the deliveries: alert a1, reached: 7 are counted, and there are 2
}
