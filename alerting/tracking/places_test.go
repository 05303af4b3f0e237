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

func TestAddressedIsEveryAddressThatWasTried(t *testing.T) {
	b := empty()
	key := b.ledger.Open(alert(),
		trackingtest.Person{Name: "Ada", Contacts: []string{"sms:+1", "email:a@x.org", "!signal:+1"}},
		trackingtest.Person{Name: "Bo", Contacts: []string{"sms:+2"}})
	assert.Empty(t, addressed(t, b.Board, key))
	play(t, b.ledger, key, attempt(1)) // no outcome: it may have reached her
	assert.Equal(t, []tracking.Addressed{{
		Recipient: alerting.Recipient{Subscriber: "ada", Name: "Ada", Areas: []alerting.Area{"ma.boston"}},
		Attempted: []alerting.Planned{{Channel: "sms", Address: "+1", Active: true}},
		Reserve:   []alerting.Planned{{Channel: "email", Address: "a@x.org"}, {Channel: "signal", Address: "+1", Suppressed: "opted out"}},
	}}, addressed(t, b.Board, key))
}

func TestEnvelopeNamesWhatTheAddressWasSent(t *testing.T) {
	b := empty()
	ada := trackingtest.Person{Name: "Ada", Contacts: []string{"sms:+1"}}
	bo := trackingtest.Person{Name: "Bo", Areas: []alerting.Area{"ma.chelsea"}, Contacts: []string{"sms:+2"}}
	exercise := b.ledger.Open(alert(func(a *alerting.Alert) { a.Status = alerting.StatusExercise }), ada)
	first := b.ledger.Open(alert(), ada, bo)
	play(t, b.ledger, first, attempt(1), again(1, alerting.Unknown))
	e, ok := b.Envelope(first, 0)
	require.True(t, ok)
	assert.True(t, e.ExerciseOpen)
	assert.Equal(t, []alerting.Area{"ma.boston"}, e.Areas)
	assert.Equal(t, alerting.NewDeliveryID(first, "sms", "+1"), e.Delivery)

	play(t, b.ledger, exercise, expired)
	e, _ = b.Envelope(first, 0)
	assert.True(t, e.ExerciseOpen, "every attempt has the words of the first")

	update := b.ledger.Open(alert(), ada, bo)
	write(t, b.ledger, alerting.Record{Alert: "a9", Opened: &alerting.Opened{Alert: alert(), Code: "Z", Identity: "z", Corrects: []alerting.Key{first, update}},
		Manifest: &alerting.Manifest{Parts: 1, Deliveries: []alerting.Planned{{Channel: "sms", Address: "+1"}, {Channel: "sms", Address: "+2"}}}})
	e, _ = b.Envelope("a9", 0)
	require.Len(t, e.Corrects, 1, "the second never went out")
	assert.Equal(t, trackingtest.Codes[1], e.Corrects[0].Code)
	e, _ = b.Envelope("a9", 1)
	assert.Empty(t, e.Corrects, "Bo was sent neither")
}

func TestBlockedTellsWhatForbidsTheCall(t *testing.T) {
	tests := map[string]struct {
		steps []step
		now   time.Duration
		want  alerting.State
	}{
		"withdrawn":                    {[]step{attempt(1), canceled}, 0, alerting.Canceled},
		"replaced":                     {[]step{attempt(1), updated}, 0, alerting.Canceled},
		"expiry on record":             {[]step{attempt(1), expired}, 0, alerting.Expired},
		"expired by the clock":         {[]step{attempt(1)}, 24 * time.Hour, alerting.Expired},
		"answered":                     {[]step{attempt(1), reacted}, 0, alerting.Canceled},
		"the first attempt was taken":  {[]step{attempt(1), again(1, alerting.Unknown), receipt(1, alerting.Sent), attempt(2)}, 0, alerting.Canceled},
		"the first attempt is unknown": {[]step{attempt(1), again(1, alerting.Unknown), attempt(2)}, 0, 0},
		"nothing":                      {[]step{attempt(1)}, 24*time.Hour - 1, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			board, ledger, key := opened(t, alert())
			play(t, ledger, key, test.steps...)
			state, reason := board.Blocked(key, 0, start.Add(test.now))
			assert.Equal(t, test.want, state)
			assert.Equal(t, test.want != 0, reason != "")
		})
	}
	_, reason := tracking.NewBoard().Blocked("a1", 0, start)
	assert.NotEmpty(t, reason, "what is not known is not sent")
}

func TestPlacesOfAnAddressTheNewestFirst(t *testing.T) {
	b := empty()
	ada := trackingtest.Person{Name: "Ada", Contacts: []string{"sms:+1", "email:a@x.org"}}
	first := b.ledger.Open(alert(), ada)
	second := b.ledger.Open(alert(), ada)
	b.ledger.Open(alert(), trackingtest.Person{Name: "Bo", Contacts: []string{"sms:+2"}})
	play(t, b.ledger, first, attempt(1), outcome(alerting.Result{Attempt: 1, State: alerting.Accepted, ProviderID: "SM1"}), updated)
	places := b.PlacesOf("sms", "+1")
	require.Len(t, places, 2)
	assert.Equal(t, second, places[0].Key)
	assert.False(t, places[0].WentOut)
	assert.Equal(t, tracking.Updated, places[1].Phase)
	assert.EqualValues(t, "a9", places[1].ReplacedBy)
	assert.True(t, places[1].WentOut)
	assert.Equal(t, []string{"SM1"}, places[1].Sent)
	assert.Empty(t, b.PlacesOf("sms", "a@x.org"))
}

func TestPersonOf(t *testing.T) {
	board, ledger, key := opened(t, alert())
	play(t, ledger, key, reacted)
	p, ok := board.PersonOf(key, "ada")
	require.True(t, ok)
	assert.Equal(t, alerting.ViaReaction, p.Answered.Via)
	_, ok = board.PersonOf(key, "bo")
	assert.False(t, ok)
	assert.Equal(t, map[string]bool{"ada": true}, board.Subscribers(key))
}

// What escalation sees of a recipient.
func TestLaddersShowHowFarEachContactHasCome(t *testing.T) {
	board, ledger, key := opened(t, alert())
	play(t, ledger, key, attempt(1), result(1, alerting.Failed))
	var ladders []tracking.Ladder
	board.Ladders(key, func(l tracking.Ladder) {
		l.Rungs = append([]tracking.Rung{}, l.Rungs...)
		ladders = append(ladders, l)
	})
	assert.Equal(t, []tracking.Ladder{{Name: "Ada", Rungs: []tracking.Rung{
		{Delivery: 0, Channel: "sms", State: alerting.Failed, Lost: true, Active: true, ActivatedAt: start},
		{Delivery: 1, Channel: "email", State: alerting.Queued},
	}}}, ladders)
}
