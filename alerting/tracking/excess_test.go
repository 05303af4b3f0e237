package tracking_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
)

// pair opens an alert to two people.
func pair(l *trackingtest.Ledger) alerting.Key {
	return l.Open(alert(), trackingtest.Person{Name: "Ada", Contacts: []string{"sms:+1"}}, trackingtest.Person{Name: "Bo", Contacts: []string{"sms:+2"}})
}

// over ends an alert that was sent, so long after the start.
func over(t *testing.T, l *trackingtest.Ledger, key alerting.Key, after time.Duration) {
	t.Helper()
	both := func(x alerting.Result) (all []alerting.Result) {
		for i := range uint32(2) {
			x.Delivery = i
			all = append(all, x)
		}
		return all
	}
	write(t, l,
		alerting.Record{Alert: key, At: start, Attempts: []alerting.Attempt{{Delivery: 0, Attempt: 1}, {Delivery: 1, Attempt: 1}}},
		alerting.Record{Alert: key, At: start, Results: both(alerting.Result{Attempt: 1, State: alerting.Accepted})},
		alerting.Record{Alert: key, At: start.Add(after), Expired: true})
}

// early files what is too much for a board, as a clerk does.
func early(b *tracking.Board, most int) (keys []alerting.Key) {
	for _, f := range b.ToFile(b.Excess(most, time.Now().Add(-time.Minute))) {
		b.File(f)
		keys = append(keys, f.Key)
	}
	return keys
}

func TestTheLongestQuietAreInExcess(t *testing.T) {
	board, plain, ledger := shelf()
	var keys []alerting.Key
	for range 6 {
		keys = append(keys, pair(ledger))
	}
	for i, minutes := range []time.Duration{3, 1, 2, 4} { // the last two are open
		over(t, ledger, keys[i], minutes*time.Minute)
	}
	assert.Empty(t, early(board, 12), "so many deliveries are there")
	assert.Equal(t, []alerting.Key{keys[1]}, early(board, 11), "the longest quiet, though not the oldest")
	assert.Equal(t, []alerting.Key{keys[2], keys[0]}, early(board, 6))
	assert.False(t, board.Away(keys[3]), "the newest stays")
	assert.Equal(t, []alerting.Key{keys[3]}, early(board, 5), "but for one that is too large alone")
	assert.Empty(t, early(board, 0), "those that are open stay whatever their number")
	assert.False(t, board.Away(keys[4]))
	sameAlerts(t, plain, board)
}

// However much is open, a tenth is left to what is over.
func TestSomethingThatIsOverStaysBesideAnyBacklog(t *testing.T) {
	board, _, ledger := shelf()
	var keys []alerting.Key
	for range 10 {
		pair(ledger)
		keys = append(keys, pair(ledger))
	}
	for _, key := range keys {
		over(t, ledger, key, time.Minute)
	}
	assert.Equal(t, keys[:9], early(board, 20))
	assert.Empty(t, board.Excess(20, time.Time{}))
}

func TestWhatIsUnderWayOrQuotedIsNotInExcess(t *testing.T) {
	board, _, ledger := shelf()
	busy, quoted, other := pair(ledger), pair(ledger), pair(ledger)
	write(t, ledger, alerting.Record{Alert: busy, At: start, Attempts: []alerting.Attempt{{Attempt: 1}}}, alerting.Record{Alert: busy, At: start, Expired: true})
	over(t, ledger, quoted, time.Minute)
	write(t, ledger, alerting.Record{Alert: "a9", At: late,
		Opened:   &alerting.Opened{Alert: alert(func(a *alerting.Alert) { a.Type = alerting.TypeCancel }), Code: "Z", Identity: "z", Corrects: []alerting.Key{quoted}},
		Manifest: &alerting.Manifest{Parts: 1, Deliveries: []alerting.Planned{{Channel: "sms", Address: "+1", Active: true}}}})
	over(t, ledger, other, time.Hour)
	assert.Equal(t, []alerting.Key{other}, board.Excess(5, time.Time{}), "they count, since they take room")
	write(t, ledger, alerting.Record{Alert: busy, At: late.Add(time.Minute), Results: []alerting.Result{{Attempt: 1, State: alerting.Accepted}}})
	assert.Equal(t, []alerting.Key{other, busy}, board.Excess(0, time.Time{}), "it was heard of last")
}

// An alert that was filed early takes what is heard of it as before, and is not put away again while people
// go on answering it.
func TestWhatIsHeardOfAnAlertFiledEarlyCountsAsBefore(t *testing.T) {
	board, plain, ledger := shelf()
	old, newer := pair(ledger), pair(ledger)
	over(t, ledger, old, time.Minute)
	over(t, ledger, newer, 2*time.Minute)
	require.Equal(t, []alerting.Key{old}, early(board, 2))
	found, _ := board.AwayAt("sms", "+2", "")
	assert.Equal(t, old, found)

	answer := func(i uint32, at time.Time, response string) {
		write(t, ledger, alerting.Record{Alert: old, At: at, Answers: []alerting.Answer{{Recipients: []uint32{i}, Via: alerting.ViaAPI, Response: response}}})
		recalled(board)
	}
	answer(1, late, "1")
	answer(0, late.Add(time.Minute), "")
	sameAlerts(t, plain, board)
	people, _ := board.People(old, 0, 10, nil)
	require.NotNil(t, people[1].Answer)
	assert.Equal(t, "1", people[1].Answer.Response)
	assert.Equal(t, 2, summary(t, board, old).Acknowledged)
	assert.Equal(t, "Bo", summary(t, board, old).Areas[0].First.Name)

	assert.Equal(t, []alerting.Key{newer}, early(board, 1), "it was read a moment ago")
	assert.Equal(t, []alerting.Key{old}, board.Excess(1, time.Now()), "which does not hold for ever")
	for _, f := range board.ToFile([]alerting.Key{old}) {
		require.True(t, board.File(f))
	}
	board.Tidy(time.Now().Add(time.Hour))
	assert.True(t, board.Away(old))
	sameAlerts(t, plain, board)
}

// A reading archive counts what is read of it.
type reading struct {
	*trackingtest.Ledger
	read *uint64
}

func (r reading) Records(key alerting.Key, first, last uint64, visit func(uint64, *alerting.Record)) error {
	*r.read += last - first + 1
	return r.Ledger.Records(key, first, last, visit)
}

// However much was written since, an alert that was filed and answered is read where its records are.
func TestALateAnswerDoesNotHaveAllReadThatWasWrittenSince(t *testing.T) {
	const others, answers = 2000, 20
	board, plain, ledger := shelf()
	old := pair(ledger)
	over(t, ledger, old, time.Minute)
	require.Equal(t, []alerting.Key{old}, early(board, 1))
	var read uint64
	board.Archive = reading{ledger, &read}
	for i := range answers {
		for range others {
			write(t, ledger, alerting.Record{})
		}
		write(t, ledger, alerting.Record{Alert: old, At: late, Answers: []alerting.Answer{{Recipients: []uint32{0}, Via: alerting.ViaAPI, Note: fmt.Sprint(i)}}})
		if i == 0 {
			recalled(board)
			assert.Less(t, read, uint64(100))
			filed := board.ToFile([]alerting.Key{old})
			require.Len(t, filed, 1)
			require.True(t, board.File(filed[0]))
			board.Tidy(time.Now().Add(time.Hour))
			read = 0
			require.NoError(t, board.Recall(old))
			assert.Less(t, read, uint64(100), "nor another time")
		}
	}
	filed := board.ToFile([]alerting.Key{old})
	require.Len(t, filed, 1)
	assert.LessOrEqual(t, len(filed[0].Spans), 8, "what is noted of where they are is bounded")
	started := tracking.NewBoard()
	started.Archive = ledger
	require.NoError(t, started.Begin(slices.Clone(filed), board.Checkpoint()))
	people, _ := started.People(old, 0, 10, nil)
	assert.Equal(t, fmt.Sprint(answers-1), people[0].Answer.Note)

	filed[0].Spans = nil // by an earlier version
	started = tracking.NewBoard()
	started.Archive = ledger
	require.NoError(t, started.Begin(filed, board.Checkpoint()))
	assert.Equal(t, summary(t, plain, old), summary(t, started, old))
}
