package tracking_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
)

// desk is three people in two towns: Ada and Bo share a phone, Cy has a mail in reserve.
func desk(t testing.TB) (ground, alerting.Key) {
	t.Helper()
	b := empty()
	both := []alerting.Area{"ma.boston", "ma.chelsea"}
	return b, b.ledger.Open(alert(),
		trackingtest.Person{Name: "Ada", Contacts: []string{"sms:+1"}, Teams: []string{"emc"}},
		trackingtest.Person{Name: "Bo", Areas: both, Contacts: []string{"sms:+1"}, Teams: []string{"emc"}},
		trackingtest.Person{Name: "Cy", Areas: both[1:], Contacts: []string{"sms:+2", "email:cy@x.org"}})
}

func TestSummaryCountsPeopleAndDeliveries(t *testing.T) {
	b, key := desk(t)
	write(t, b.ledger,
		alerting.Record{Alert: key, At: start, Attempts: []alerting.Attempt{{Attempt: 1}, {Delivery: 1, Attempt: 1}}},
		alerting.Record{Alert: key, At: start, Results: []alerting.Result{{Attempt: 1, State: alerting.Delivered, Receipt: true}, {Delivery: 1, Attempt: 1, State: alerting.Accepted}}},
		alerting.Record{Alert: key, At: soon, Answers: []alerting.Answer{{Recipients: []uint32{0, 1}, Channel: "sms", Address: "+1", Via: alerting.ViaReply, Response: "2"}}},
		alerting.Record{Alert: key, At: late, Answers: []alerting.Answer{{Recipients: []uint32{2}, Via: alerting.ViaAPI, By: "desk"}}})
	s := summary(t, b.Board, key)
	assert.Equal(t, 3, s.People)
	assert.Equal(t, 3, s.Reached)
	assert.Equal(t, 2, s.Delivered, "accepted is not delivered")
	assert.Equal(t, 3, s.Acknowledged)
	assert.Equal(t, 2, s.Deliveries, "a shared address is one delivery, a contact in reserve none")
	assert.Equal(t, tracking.Counts{alerting.Delivered: 1, alerting.Accepted: 1}, s.States)
	assert.Equal(t, map[string]tracking.Counts{"sms": s.States}, s.Channels)
	assert.Equal(t, map[string]int{"2": 2, "ack": 1}, s.Responses)
	assert.True(t, s.Finished)

	require.Len(t, s.Areas, 2)
	boston, chelsea := s.Areas[0], s.Areas[1]
	assert.Equal(t, [4]int{2, 2, 2, 2}, [4]int{boston.People, boston.Reached, boston.Delivered, boston.Acknowledged})
	assert.Equal(t, [4]int{2, 2, 1, 2}, [4]int{chelsea.People, chelsea.Reached, chelsea.Delivered, chelsea.Acknowledged})
	assert.Equal(t, "Bo", chelsea.First.Name)
	assert.Equal(t, time.Minute, chelsea.First.After)
	assert.Equal(t, "Got it too", chelsea.First.Label)
	assert.Equal(t, []tracking.TeamSummary{{Team: "emc", People: 2, Reached: 2, Acknowledged: 2, First: boston.First}}, s.Teams)
}

func TestFinishedIsDerivedFromTheStates(t *testing.T) {
	board, ledger, key := opened(t, alert())
	finished := func() bool { return summary(t, board, key).Finished }
	for _, s := range []struct {
		step step
		want bool
	}{
		{func(*alerting.Record) {}, false}, {attempt(1), false}, {again(1, alerting.Failed), false}, {attempt(2), false},
		{again(2, alerting.Unknown), false}, {result(2, alerting.Unknown), true}, {attempt(3), false}, {result(3, alerting.Accepted), true},
		{func(r *alerting.Record) { r.Activated = []alerting.Activation{{Delivery: 1}} }, false}, {canceled, true},
	} {
		play(t, ledger, key, s.step)
		assert.Equal(t, s.want, finished())
	}
}

func TestAnswersCountForEveryoneWhoSharesTheAddress(t *testing.T) {
	b, key := desk(t)
	only := func(i uint32) alerting.Record {
		return alerting.Record{Alert: key, At: soon, Answers: []alerting.Answer{{Recipients: []uint32{i}, Via: alerting.ViaAPI}}}
	}
	write(t, b.ledger, only(0))
	assert.Equal(t, alerting.Queued, b.State(key, 0), "Bo, who has not answered, still gets the message on the shared phone")
	place, ok := b.PlaceOf(key, alerting.NewDeliveryID(key, "sms", "+1"))
	require.True(t, ok)
	assert.Nil(t, place.Answered)
	assert.Equal(t, []string{"Ada", "Bo"}, place.Names)
	assert.Equal(t, []alerting.Area{"ma.boston", "ma.chelsea"}, place.Areas)
	write(t, b.ledger, only(1))
	assert.Equal(t, alerting.Canceled, b.State(key, 0))
}

func TestCorrectionIsNotSparedByAnAcknowledgement(t *testing.T) {
	b := empty()
	first := b.ledger.Open(alert(), trackingtest.Person{Name: "Ada", Contacts: []string{"sms:+1"}})
	cancel := b.ledger.Correct(first, alerting.TypeCancel, trackingtest.Person{Name: "Ada", Contacts: []string{"sms:+1"}})
	play(t, b.ledger, cancel, reacted)
	assert.Equal(t, alerting.Queued, b.State(cancel, 0))
	_, reason := b.Blocked(cancel, 0, soon)
	assert.Empty(t, reason)
}

func TestRetractionTakesBackThatWayOnly(t *testing.T) {
	board, ledger, key := opened(t, alert())
	replied := func(r *alerting.Record) {
		r.Answers = []alerting.Answer{{Recipients: []uint32{0}, Channel: "sms", Address: "+1", Via: alerting.ViaReply, Response: "1"}}
	}
	play(t, ledger, key, reacted, replied)
	place, _ := board.PlaceOf(key, alerting.NewDeliveryID(key, "sms", "+1"))
	assert.True(t, place.Reacted)
	assert.False(t, place.OnlyReacted)
	play(t, ledger, key, unreacted)
	p := people(board, key)[0]
	require.NotNil(t, p.Answer)
	assert.Equal(t, alerting.ViaReply, p.Answer.Via)
	require.Len(t, p.Answers, 2, "what was taken back stays on record")
	assert.True(t, p.Answers[0].Retracted)
	place, _ = board.PlaceOf(key, alerting.NewDeliveryID(key, "sms", "+1"))
	assert.False(t, place.Reacted)
	assert.Equal(t, map[string]int{"1": 1}, summary(t, board, key).Responses)
}

func TestNoticesAreNoDeliveriesOfTheAlert(t *testing.T) {
	board, ledger, key := opened(t, alert())
	confirm := func(r *alerting.Record) {
		r.Notices = []alerting.Notice{{Channel: "sms", Address: "+1", Kind: alerting.NoticeConfirmation, Text: "confirmed"}}
	}
	play(t, ledger, key, confirm, confirm, expired)
	due := board.Take(nil, "sms", alerting.PlacesFor(10), late)
	require.Len(t, due, 2, "the person waits for them although the alert is over")
	assert.Equal(t, alerting.LaneNotices, due[0].Lane)
	_, reason := board.Blocked(key, due[0].Delivery, start.Add(48*time.Hour))
	assert.Empty(t, reason)
	e, ok := board.Envelope(key, due[0].Delivery)
	require.True(t, ok)
	assert.Equal(t, "confirmed", e.Notice.Text)
	other, _ := board.Envelope(key, due[1].Delivery)
	assert.NotEqual(t, e.Delivery, other.Delivery)
	assert.Equal(t, 1, summary(t, board, key).Deliveries)
	assert.Equal(t, alerting.NoticeConfirmation, deliveries(board, key)[1].Notice)
	assert.Len(t, board.PlacesOf("sms", "+1"), 1)
	assert.Equal(t, 2, board.PlacesOf("sms", "+1")[0].Noticed)
	assert.False(t, board.PlacesOf("sms", "+1")[0].Helped)
}

func TestGapsAreWhomNothingCanReach(t *testing.T) {
	optOut := func(kind alerting.RemarkKind) step {
		return func(r *alerting.Record) {
			r.Remarks = []alerting.Remark{{Kind: kind, Recipients: []uint32{0}, Channel: "sms", Address: "+1", Detail: "STOP"}}
		}
	}
	tests := map[string]struct {
		steps []step
		want  bool
	}{
		"waiting":               {nil, false},
		"failed":                {[]step{attempt(1), result(1, alerting.Failed)}, true},
		"failed for now":        {[]step{attempt(1), again(1, alerting.Failed)}, false},
		"undelivered":           {[]step{attempt(1), receipt(1, alerting.Undelivered)}, true},
		"nobody will ever know": {[]step{attempt(1), result(1, alerting.Unknown)}, true},
		"being looked into":     {[]step{attempt(1), again(1, alerting.Unknown)}, false},
		"accepted":              {[]step{attempt(1), result(1, alerting.Accepted)}, false},
		"STOP":                  {[]step{attempt(1), result(1, alerting.Delivered), optOut(alerting.RemarkOptOut)}, true},
		"STOP, then START":      {[]step{attempt(1), result(1, alerting.Delivered), optOut(alerting.RemarkOptOut), optOut(alerting.RemarkOptIn)}, false},
		"failed, but answered":  {[]step{attempt(1), result(1, alerting.Failed), reacted}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := empty()
			key := b.ledger.Open(alert(), trackingtest.Person{Name: "Ada", Contacts: []string{"sms:+1"}})
			play(t, b.ledger, key, test.steps...)
			assert.Equal(t, test.want, len(summary(t, b.Board, key).Gaps) == 1)
		})
	}
}

func TestFindTakesAKeyOrAnIDThatOneAlertHas(t *testing.T) {
	b := empty()
	first := b.ledger.Open(alert(func(a *alerting.Alert) { a.ID = "x" }))
	second := b.ledger.Open(alert(func(a *alerting.Alert) { a.ID = "twice" }))
	b.ledger.Open(alert(func(a *alerting.Alert) { a.ID = "twice" }))
	b.ledger.Open(alert(func(a *alerting.Alert) { a.ID = "a1" })) // some producer's id is another alert's key
	for name, want := range map[string]alerting.Key{"x": first, "a2": second} {
		key, err := b.Find(name)
		require.NoError(t, err)
		assert.Equal(t, want, key)
	}
	for name, want := range map[string]string{"twice": alerting.CodeAmbiguous, "a1": alerting.CodeAmbiguous, "none": alerting.CodeNotFound} {
		_, err := b.Find(name)
		assert.Equal(t, want, alerting.CodeOf(err), name)
	}
}

func TestKeysAndCodes(t *testing.T) {
	b := empty()
	old := b.ledger.Open(alert(func(a *alerting.Alert) { a.Expires = soon }))
	withdrawn := b.ledger.Open(alert())
	open := b.ledger.Open(alert())
	play(t, b.ledger, old, expired)
	play(t, b.ledger, withdrawn, canceled)
	assert.Equal(t, []alerting.Key{open, withdrawn, old}, b.Keys(nil))
	assert.Equal(t, []alerting.Key{withdrawn}, b.Keys(func(s tracking.Summary) bool { return s.Phase == tracking.Canceled }))
	assert.Equal(t, []alerting.Key{open}, b.OpenKeys())
	assert.Equal(t, trackingtest.Codes[1:3], b.CodesInUse(soon), "people may still answer what was withdrawn")
	assert.Empty(t, b.CodesInUse(start.Add(25*time.Hour)))
}

func TestPages(t *testing.T) {
	b := empty()
	key := b.ledger.Open(alert(), trackingtest.Crowd(5)...)
	odd := func(v tracking.DeliveryView) bool { return v.Index%2 == 1 }
	page, next := b.Deliveries(key, 0, 1, odd)
	require.Len(t, page, 1)
	assert.EqualValues(t, 1, page[0].Index)
	page, next = b.Deliveries(key, next, 1, odd)
	require.Len(t, page, 1)
	assert.EqualValues(t, 3, page[0].Index)
	assert.Equal(t, -1, next)
	found, next := b.People(key, 3, 1, nil)
	require.Len(t, found, 1)
	assert.Equal(t, "P3", found[0].Name)
	assert.Equal(t, 4, next)
}
