package replies_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"revere/alerting"
	"revere/alerting/tracking/trackingtest"
)

// became is what an attempt at the message to the clerk on Signal came to; again is for now.
func became(attempt int, state alerting.State, id string) alerting.Record {
	return alerting.Record{Alert: "a1", At: start, Results: []alerting.Result{{Attempt: attempt, State: state, ProviderID: id}}}
}

func again(attempt int, state alerting.State) alerting.Record {
	r := became(attempt, state, "")
	r.Results[0].RetryAt = start
	return r
}

func tried(attempt int) alerting.Record {
	return alerting.Record{Alert: "a1", At: start, Attempts: []alerting.Attempt{{Attempt: attempt}}}
}

// Only a message that may have gone out, and whose name nobody ever told, can be what a reaction to an unknown one
// is to: an attempt that the bridge refused sent nothing.
func TestWhichAttemptsAReactionMayBeTo(t *testing.T) {
	for name, tt := range map[string]struct {
		records []alerting.Record
		told    bool
	}{
		"refused, then taken":              {[]alerting.Record{tried(1), again(1, alerting.Failed), tried(2), became(2, alerting.Accepted, "17")}, false},
		"refused twice, then taken":        {[]alerting.Record{tried(1), again(1, alerting.Failed), tried(2), again(2, alerting.Failed), tried(3), became(3, alerting.Accepted, "17")}, false},
		"refused":                          {[]alerting.Record{tried(1), became(1, alerting.Failed, "")}, false},
		"under way":                        {[]alerting.Record{tried(1)}, true},
		"unknown":                          {[]alerting.Record{tried(1), again(1, alerting.Unknown)}, true},
		"unknown, then taken":              {[]alerting.Record{tried(1), again(1, alerting.Unknown), tried(2), became(2, alerting.Accepted, "17")}, true},
		"unknown, then refused":            {[]alerting.Record{tried(1), again(1, alerting.Unknown), tried(2), became(2, alerting.Failed, "")}, true},
		"unknown, and not sent after all":  {[]alerting.Record{tried(1), again(1, alerting.Unknown), again(1, alerting.Failed), tried(2), became(2, alerting.Accepted, "17")}, false},
		"unknown, and found":               {[]alerting.Record{tried(1), again(1, alerting.Unknown), became(1, alerting.Sent, "16")}, false},
		"arrived, and then refused":        {[]alerting.Record{tried(1), became(1, alerting.Delivered, ""), again(1, alerting.Failed)}, true},
		"no word of the first":             {[]alerting.Record{tried(1), tried(2), became(2, alerting.Accepted, "17")}, true},
		"taken, and its receipt says more": {[]alerting.Record{tried(1), became(1, alerting.Accepted, "17"), became(1, alerting.Delivered, "")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			signal := trackingtest.Person{Name: "Boston Clerk", Contacts: []string{"signal:" + clerkPhone}}
			key := w.ledger.Open(trackingtest.Alert(), signal, trackingtest.Person{Name: "Deputy", Contacts: []string{"sms:" + clerkPhone}})
			w.write(tt.records...)
			outcome := w.arrive(signals(alerting.InboundReaction, "👍", "999"))
			assert.Nil(t, w.answer(key, "boston clerk"))
			if tt.told {
				assert.Equal(t, "not understood", outcome)
				assert.Len(t, w.remarks(key), 1)
				return
			}
			assert.Equal(t, "ignored", outcome)
			assert.Empty(t, w.remarks(key))
			assert.Empty(t, w.notices(key))
		})
	}
}

// A reaction to a confirmation or a help text of ours is a courtesy, whatever else is not known.
func TestAReactionToOurOwnAnswerIsNoAnswer(t *testing.T) {
	for name, text := range map[string]string{"to a confirmation": "ACK K7Q", "to a help text": "what is this"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			key := w.doubted()
			said := signals(alerting.InboundReply, text, "")
			w.arrive(said)
			remarks := len(w.remarks(key))
			const notice = 1 // the delivery behind the alert's own
			w.write(alerting.Record{Alert: key, At: start, Attempts: []alerting.Attempt{{Delivery: notice, Attempt: 1}}},
				alerting.Record{Alert: key, At: start, Results: []alerting.Result{{Delivery: notice, Attempt: 1, State: alerting.Accepted, ProviderID: "18"}}})
			assert.Equal(t, "ignored", w.arrive(signals(alerting.InboundReaction, "👍", "18")))
			assert.Len(t, w.notices(key), 1)
			assert.Len(t, w.remarks(key), remarks)
		})
	}
}

// Nobody who has answered for all is told that nothing was recorded.
func TestWhoHasAnsweredIsNotAskedToAgain(t *testing.T) {
	w := newWorld(t)
	key := w.doubted()
	w.arrive(signals(alerting.InboundReply, "ACK K7Q", ""))
	assert.Equal(t, "ignored", w.arrive(signals(alerting.InboundReaction, "👍", "999")))
	assert.Empty(t, w.remarks(key))
	assert.Len(t, w.notices(key), 1, "the confirmation")
}
