package tracking_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
)

func TestWaitReturnsWhenTheBoardHasReadSoFar(t *testing.T) {
	b := empty()
	waited := make(chan error, 1)
	go func() { waited <- b.Wait(t.Context(), 2) }()
	b.ledger.Open(alert())
	select {
	case err := <-waited:
		t.Fatalf("returned at sequence 1: %v", err)
	default:
	}
	b.ledger.Open(alert())
	require.NoError(t, <-waited)
	assert.EqualValues(t, 2, b.Reached())
	assert.EqualValues(t, 2, b.Last("ledger.test"))

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	assert.Equal(t, alerting.CodeUnavailable, alerting.CodeOf(b.Wait(ended, 3)))
}

func TestUpdatedIsClosedAtTheNextChange(t *testing.T) {
	b := empty()
	updated := b.Updated()
	write(t, b.ledger, alerting.Record{Inbound: 7})
	<-updated
	assert.EqualValues(t, 7, b.Inbound())
	write(t, b.ledger, alerting.Record{Inbound: 5})
	assert.EqualValues(t, 7, b.Inbound(), "a cursor never goes back")
}

// shown is everything that a board shows of its alerts.
func shown(t testing.TB, b *tracking.Board) string {
	t.Helper()
	var all []any
	for _, key := range b.Keys(nil) {
		s, _ := b.Summary(key)
		all = append(all, s, deliveries(b, key), people(b, key))
	}
	text, err := json.Marshal(all)
	require.NoError(t, err)
	return string(text)
}

func TestTwoBoardsThatReadTheSameAreEqual(t *testing.T) {
	for seed := range uint64(5) {
		random := rand.New(rand.NewPCG(seed, 1))
		b := empty()
		openRandom(b.ledger, random)
		for range 300 {
			write(t, b.ledger, anyRecord(random))
			if due := b.Take(nil, "sms", alerting.PlacesFor(random.IntN(4)), start.Add(time.Duration(random.IntN(100))*time.Second)); random.IntN(2) == 0 {
				b.GiveBack(due) // what a dispatcher has in hand is not part of what the board shows
			}
		}
		require.Equal(t, shown(t, b.Board), shown(t, b.ledger.Replayed()), "seed %d", seed)
	}
}

// Whatever the ledger holds, and in whatever order: the board does not panic, counts every delivery
// once, and claims nothing without a record that says so.
func TestAnyRecordsKeepTheBoardTrue(t *testing.T) {
	for seed := range uint64(10) {
		random := rand.New(rand.NewPCG(seed, 2))
		b := empty()
		openRandom(b.ledger, random)
		for range 200 {
			before := states(b.Board)
			r := anyRecord(random)
			write(t, b.ledger, r)
			for id, after := range states(b.Board) {
				require.False(t, fell(before[id], after, r), "seed %d: delivery %s fell from %s to %s by %+v", seed, id, before[id], after, r)
			}
		}
		for _, key := range b.Keys(nil) {
			checkCounts(t, b.Board, key)
		}
	}
}

// fell reports whether evidence that the provider has the message was lost for no reason: only a new
// attempt, or the provider's word that it gave up, may take it back.
func fell(before, after alerting.State, r alerting.Record) bool {
	taken := before == alerting.Accepted || before == alerting.Sent || before.Arrived()
	if !taken || !before.Outranks(after) || len(r.Attempts) > 0 {
		return false
	}
	gaveUp := slices.ContainsFunc(r.Results, func(x alerting.Result) bool { return x.Receipt && x.State == alerting.Failed })
	return before.Arrived() || !gaveUp || after != alerting.Failed
}

func states(b *tracking.Board) map[string]alerting.State {
	all := map[string]alerting.State{}
	for _, key := range b.Keys(nil) {
		for _, d := range deliveries(b, key) {
			all[fmt.Sprint(key, "/", d.Index)] = d.State
		}
	}
	return all
}

func checkCounts(t *testing.T, b *tracking.Board, key alerting.Key) {
	t.Helper()
	s := summary(t, b, key)
	total, byChannel := 0, 0
	for _, n := range s.States {
		total += n
	}
	for _, counts := range s.Channels {
		for _, n := range counts {
			byChannel += n
		}
	}
	assert.Equal(t, s.Deliveries, total)
	assert.Equal(t, s.Deliveries, byChannel)
	assert.LessOrEqual(t, s.Delivered, s.Reached)
	assert.LessOrEqual(t, s.Reached, s.People)
	answers := 0
	for _, n := range s.Responses {
		answers += n
	}
	assert.Equal(t, s.Acknowledged, answers)
	for _, d := range deliveries(b, key) {
		claimed := slices.ContainsFunc(d.History, func(e tracking.Entry) bool {
			return e.State == d.State || e.State == alerting.Attempting && d.State == alerting.Unknown
		})
		assert.True(t, claimed || len(d.History) == 0, "%s is not in the history %v", d.State, d.History)
	}
}

// openRandom opens three alerts whose people share some addresses.
func openRandom(l *trackingtest.Ledger, random *rand.Rand) {
	severities := []alerting.Severity{alerting.Extreme, alerting.Severe, alerting.Minor}
	for _, s := range severities {
		var all []trackingtest.Person
		for i := range 6 {
			all = append(all, trackingtest.Person{
				Name: fmt.Sprint("P", i), Areas: []alerting.Area{"ma.boston", alerting.Area(fmt.Sprint("ma.town-", random.IntN(3)))}[random.IntN(2):],
				Contacts: []string{fmt.Sprint("sms:+", random.IntN(4)), fmt.Sprint("email:", i), fmt.Sprint("!signal:", i)}[random.IntN(3):],
			})
		}
		l.Open(alert(trackingtest.With(s)), all...)
	}
}

// anyRecord makes a record about one of a few alerts, one of which does not exist, and about
// deliveries and recipients of which some do not.
func anyRecord(random *rand.Rand) alerting.Record {
	r := alerting.Record{Alert: alerting.KeyOf(uint64(random.IntN(4) + 1)), At: start.Add(time.Duration(random.IntN(1000)) * time.Second)}
	i := uint32(random.IntN(14))
	answer := alerting.Answer{Recipients: []uint32{uint32(random.IntN(7)), uint32(random.IntN(7))}[random.IntN(2):], Channel: "sms", Address: "+1", Via: alerting.ViaReaction}
	switch random.IntN(16) {
	case 0, 1, 2, 3:
		r.Attempts = []alerting.Attempt{{Delivery: i, Attempt: random.IntN(4) + 1}}
	case 4, 5, 6, 7, 8, 9:
		r.Results = []alerting.Result{{Delivery: i, Attempt: random.IntN(4), State: alerting.States()[random.IntN(12)], Receipt: random.IntN(2) == 0}}
		if random.IntN(3) == 0 {
			r.Results[0].RetryAt = r.At.Add(time.Minute)
		}
	case 10, 11:
		r.Activated = []alerting.Activation{{Delivery: i, Reason: "any"}}
	case 12:
		r.Answers = []alerting.Answer{answer}
	case 13:
		answer.Retracted = true
		r.Answers = []alerting.Answer{answer}
	case 14:
		r.Notices = []alerting.Notice{{Channel: "sms", Address: "+1", Kind: alerting.NoticeConfirmation, Text: "any"}}
		r.Remarks = []alerting.Remark{{Kind: alerting.RemarkGap, Recipients: []uint32{i}}, {Kind: alerting.RemarkOptOut, Channel: "sms", Address: "+1"}}
	default:
		seldom(&r, random)
	}
	r.InDoubt = sometimes(random)
	return r
}

// seldom ends the alert, or widens it by a manifest that need not be complete.
func seldom(r *alerting.Record, random *rand.Rand) {
	switch random.IntN(8) {
	case 0:
		r.Expired = true
	case 1:
		r.Withdrawn = &alerting.Withdrawn{By: "a9", Type: []alerting.MessageType{alerting.TypeCancel, alerting.TypeUpdate}[random.IntN(2)]}
	case 2:
		r.Manifest = &alerting.Manifest{Part: random.IntN(2), Parts: random.IntN(3), Deliveries: []alerting.Planned{{Channel: "sms", Address: "+9", Active: true}},
			Recipients: []alerting.Recipient{{Subscriber: "late", Contacts: []uint32{0, 5}}}}
	}
}
