package tracking_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bits-and-blooms/bloom/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
)

var never = start.Add(1000 * time.Hour)

// shelf is a board whose ledger is its archive, and one beside it that never files anything.
func shelf() (filing, plain *tracking.Board, ledger *trackingtest.Ledger) {
	filing, plain = tracking.NewBoard(), tracking.NewBoard()
	ledger = trackingtest.NewLedger(filing, plain)
	filing.Archive = ledger
	return filing, plain, ledger
}

// What an alert leaves in memory when it is filed are its traces, once.
func TestWhatAFiledAlertLeavesInMemory(t *testing.T) {
	const alerts, bits = 50, 1 << 21
	traces, err := bloom.New(bits, 7).MarshalBinary()
	require.NoError(t, err)
	for name, take := range map[string]func(*tracking.Board, []alerting.Filed){
		"at a start": func(b *tracking.Board, filed []alerting.Filed) {
			assert.NoError(t, b.Begin(filed, alerting.Checkpoint{Resume: 1}))
		},
		"while it runs": func(b *tracking.Board, filed []alerting.Filed) {
			for _, f := range filed {
				b.File(f)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			filed := make([]alerting.Filed, alerts)
			for i := range filed {
				filed[i] = alerting.Filed{Key: alerting.KeyOf(uint64(i + 1)), Traces: slices.Clone(traces)}
			}
			b := tracking.NewBoard()
			before := inUse()
			take(b, filed)
			assert.Less(t, inUse()-before, int64(alerts*bits/8/10), "beside the traces, which were there before")
			assert.Len(t, b.Keys(nil), alerts)
		})
	}
}

// inUse is how many bytes of the heap are in use.
func inUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// file puts away what can be.
func file(b *tracking.Board) (filed []alerting.Filed) {
	filed = b.Fileable(never, 100)
	for _, f := range filed {
		b.File(f)
	}
	return filed
}

// recalled recalls what the board asks for, as a service does.
func recalled(b *tracking.Board) {
	for _, key := range b.Stale() {
		_ = b.Recall(key) // it is asked for again
	}
}

// sameAlerts asserts that two boards show the same of every alert.
func sameAlerts(t *testing.T, want, got *tracking.Board) {
	t.Helper()
	require.Equal(t, want.Keys(nil), got.Keys(nil))
	for _, key := range want.Keys(nil) {
		wanted, _ := want.Head(key)
		head, _ := got.Head(key)
		require.Equal(t, wanted, head)
		require.Equal(t, summary(t, want, key), summary(t, got, key))
		deliveries, _ := want.Deliveries(key, 0, 1000, nil)
		found, _ := got.Deliveries(key, 0, 1000, nil)
		require.Equal(t, deliveries, found)
		people, _ := want.People(key, 0, 1000, nil)
		them, _ := got.People(key, 0, 1000, nil)
		require.Equal(t, people, them)
	}
	require.Equal(t, want.Backlog("sms"), got.Backlog("sms"))
	require.Equal(t, want.Inbound(), got.Inbound())
	sameAsides(t, want, got)
	require.Equal(t, want.Last("ledger.test"), got.Last("ledger.test"))
}

func TestAFiledAlertIsShownAsBefore(t *testing.T) {
	filing, plain, ledger := shelf()
	key := ledger.Open(alert(), trackingtest.Person{Name: "Ada", Contacts: []string{"sms:+1"}}, trackingtest.Person{Name: "Bo", Contacts: []string{"sms:+1", "email:b@x.org"}})
	play(t, ledger, key, attempt(1), result(1, alerting.Accepted), receipt(1, alerting.Delivered))
	assert.Empty(t, file(filing), "it takes place")
	play(t, ledger, key, expired)
	assert.Empty(t, filing.Fileable(start, 10), "something was heard of it since")
	require.Len(t, file(filing), 1)
	assert.Empty(t, file(filing), "it is filed")
	assert.Empty(t, filing.PlacesOf("sms", "+1"), "its addresses are not in memory")
	sameAlerts(t, plain, filing)
	assert.Len(t, filing.PlacesOf("sms", "+1"), 1, "somebody asked for it, so they are again")

	filing.Tidy(time.Now().Add(time.Hour))
	assert.Empty(t, filing.PlacesOf("sms", "+1"))
	place, ok := filing.PlaceOf(key, alerting.NewDeliveryID(key, "sms", "+1"))
	require.True(t, ok)
	assert.Equal(t, []string{"Ada", "Bo"}, place.Names)
	filing.Tidy(time.Now().Add(time.Hour))
	assert.Equal(t, addressed(t, plain, key), addressed(t, filing, key))
	filing.Tidy(time.Now().Add(time.Hour))
	person, ok := filing.PersonOf(key, "bo")
	require.True(t, ok)
	assert.Equal(t, "Bo", person.Name)
}

func TestWhatIsHeardOfAFiledAlertCounts(t *testing.T) {
	filing, plain, ledger := shelf()
	key := ledger.Open(alert(), trackingtest.Person{Name: "Ada", Contacts: []string{"sms:+1"}})
	play(t, ledger, key, attempt(1), result(1, alerting.Accepted), expired)
	require.Len(t, file(filing), 1)
	write(t, ledger, alerting.Record{Alert: key, At: late, Answers: []alerting.Answer{{Recipients: []uint32{0}, Channel: "sms", Address: "+1", Via: alerting.ViaReply}},
		Notices: []alerting.Notice{{Channel: "sms", Address: "+1", Kind: alerting.NoticeConfirmation, Text: "thanks"}}})
	recalled(filing)
	sameAlerts(t, plain, filing)
	due := filing.Take(nil, "sms", alerting.PlacesFor(10), late)
	require.Len(t, due, 1, "the confirmation goes out")
	assert.Empty(t, filing.Take(nil, "sms", alerting.PlacesFor(10), late), "once")
	assert.Empty(t, filing.Fileable(never, 10), "it is not quiet")
	filing.Tidy(time.Now().Add(time.Hour))
	assert.Equal(t, plain.State(key, due[0].Delivery), filing.State(key, due[0].Delivery), "and what is under way is not forgotten")
}

func TestAnAlertThatCannotBeReadAgainIsSaid(t *testing.T) {
	filing, _, ledger := shelf()
	key := ledger.Open(alert(), trackingtest.Person{Name: "Ada", Contacts: []string{"sms:+1"}})
	play(t, ledger, key, attempt(1), result(1, alerting.Accepted), expired)
	require.Len(t, file(filing), 1)
	var failed error
	filing.Archive, filing.Recalled = broken{}, func(_ alerting.Key, err error) { failed = err }
	_, ok := filing.PlaceOf(key, alerting.NewDeliveryID(key, "sms", "+1"))
	assert.False(t, ok)
	assert.ErrorIs(t, failed, errBroken)
	assert.NotErrorIs(t, failed, tracking.ErrLost, "who can't read it does not know that it is lost")
	filing.Archive = ledger
	_, ok = filing.PlaceOf(key, alerting.NewDeliveryID(key, "sms", "+1"))
	assert.True(t, ok, "it is tried again")
}

var errBroken = errors.New("no quorum")

type broken struct{}

func (broken) Records(alerting.Key, uint64, uint64, func(uint64, *alerting.Record)) error {
	return errBroken
}

func (broken) WrittenOn(string, uint64, uint64, func(uint64, []alerting.Record) bool) error {
	return errBroken
}

// Whatever happens, a board that files shows what one shows that does not, and so does one that
// starts with what is filed and reads the rest of the ledger.
func TestFilingChangesNothingThatIsShown(t *testing.T) {
	apart := 0
	defer func() { assert.Positive(t, apart, "no alert was read by itself") }()
	for seed := range uint64(40) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			filing, plain, ledger := shelf()
			shelved := map[alerting.Key]alerting.Filed{}
			var checkpoint alerting.Checkpoint
			var keys []alerting.Key
			for n := range 200 {
				if len(keys) == 0 || random.IntN(20) == 0 {
					keys = append(keys, ledger.Open(alert(func(a *alerting.Alert) {
						if random.IntN(3) == 0 {
							a.Status = alerting.StatusExercise
						}
					}), town(random)...))
				}
				r := happening(random, keys[random.IntN(len(keys))])
				if random.IntN(25) == 0 {
					r = alerting.Record{Alert: r.Alert, Expired: true}
				}
				r.At, r.Inbound = start.Add(time.Duration(n)*time.Second), uint64(n)
				switch random.IntN(8) {
				case 0: // of a length of which a few fill a shelf
					text := strings.Repeat(fmt.Sprint(n), random.IntN(20_000))
					r = alerting.Record{Inbound: r.Inbound, Aside: []alerting.Inbound{{Text: text}}, Awaits: []alerting.Key{"", "a1", "a2"}[random.IntN(3)]}
				case 1:
					if keys := filing.Asides(); len(keys) > 0 {
						key := keys[random.IntN(len(keys))]
						aside, err := filing.Aside(key)
						require.NoError(t, err)
						r = alerting.Record{Inbound: r.Inbound, Settled: aside[random.IntN(len(aside))].Arrival, Awaits: key}
					}
				}
				write(t, ledger, r)
				recalled(filing)
				if random.IntN(10) == 0 {
					for _, f := range file(filing) {
						shelved[f.Key] = f
					}
					checkpoint = filing.Checkpoint()
				}
				if random.IntN(10) == 0 { // some, as where there are too many, and much is written beside them
					for _, f := range filing.ToFile(filing.Excess(random.IntN(40), time.Now())) {
						require.True(t, filing.File(f))
						shelved[f.Key] = f
					}
					checkpoint = filing.Checkpoint()
					for range random.IntN(100) {
						write(t, ledger, alerting.Record{})
					}
				}
				if random.IntN(30) == 0 {
					filing.Tidy(time.Now().Add(time.Hour))
				}
			}
			apart += len(checkpoint.Apart)
			sameAlerts(t, plain, filing)
			sameAlerts(t, plain, restarted(ledger, shelved, checkpoint))
			again := restarted(ledger, shelved, checkpoint)
			due := names(plain.Take(nil, "sms", alerting.PlacesFor(1000), late))
			assert.ElementsMatch(t, due, names(filing.Take(nil, "sms", alerting.PlacesFor(1000), late)))
			for _, key := range keys {
				require.NoError(t, again.Recall(key))
			}
			assert.ElementsMatch(t, due, names(again.Take(nil, "sms", alerting.PlacesFor(1000), late)))
			for _, key := range keys {
				e, _ := plain.Envelope(key, 0)
				require.NoError(t, filing.Recall(key))
				f, _ := filing.Envelope(key, 0)
				assert.Equal(t, e, f)
			}
		})
	}
}

// restarted is a board that begins with what is filed.
func restarted(ledger *trackingtest.Ledger, shelved map[alerting.Key]alerting.Filed, c alerting.Checkpoint) *tracking.Board {
	b := tracking.NewBoard()
	b.Archive = ledger
	var filed []alerting.Filed
	for _, f := range shelved {
		filed = append(filed, f)
	}
	if err := b.Begin(filed, c); err != nil {
		panic(err) // the ledger in memory can be read
	}
	ledger.ReadOn(b, func() { recalled(b) })
	return b
}

// A withdrawal quotes what it withdraws: its words are the same whether that is filed or not.
func TestACorrectionOfAFiledAlertHasTheSameWords(t *testing.T) {
	filing, plain, ledger := shelf()
	ada := trackingtest.Person{Name: "Ada", Contacts: []string{"sms:+1"}}
	original := ledger.Open(alert(), ada)
	play(t, ledger, original, attempt(1), result(1, alerting.Accepted), expired)
	require.Len(t, file(filing), 1)
	write(t, ledger, alerting.Record{Alert: "a9", At: late,
		Opened:   &alerting.Opened{Alert: alert(func(a *alerting.Alert) { a.Type = alerting.TypeCancel }), Code: "Z", Identity: "z", Corrects: []alerting.Key{original}},
		Manifest: &alerting.Manifest{Parts: 1, Deliveries: []alerting.Planned{{Channel: "sms", Address: "+1", Active: true}}}})
	want, _ := plain.Envelope("a9", 0)
	require.Len(t, want.Corrects, 1)
	got, _ := filing.Envelope("a9", 0)
	assert.Equal(t, want, got)
	filing.Tidy(time.Now().Add(time.Hour))
	got, _ = filing.Envelope("a9", 0)
	assert.Equal(t, want, got, "while the withdrawal is under way what it quotes stays")
}

// What a late record says of the alert itself is known at once, before anybody has read the rest.
func TestALateWithdrawalIsKnownAtOnce(t *testing.T) {
	filing, _, ledger := shelf()
	key := ledger.Open(alert(), trackingtest.Person{Name: "Ada", Contacts: []string{"sms:+1"}})
	play(t, ledger, key, attempt(1), result(1, alerting.Accepted), expired)
	require.Len(t, file(filing), 1)
	write(t, ledger, alerting.Record{Alert: key, At: late, Withdrawn: &alerting.Withdrawn{By: "a9", Type: alerting.TypeCancel}})
	head, _ := filing.Head(key)
	assert.Equal(t, alerting.Key("a9"), head.ReplacedBy)
	assert.Equal(t, tracking.Canceled, head.Phase)
}

// An alert of which not everything can be read must not be taken for one with fewer people.
func TestHalfAnAlertIsNotRecalled(t *testing.T) {
	filing, _, ledger := shelf()
	key := ledger.Open(alert(), trackingtest.Person{Name: "Ada", Contacts: []string{"sms:+1"}})
	play(t, ledger, key, attempt(1), result(1, alerting.Accepted), expired)
	require.Len(t, file(filing), 1)
	filing.Archive = half{ledger}
	require.ErrorIs(t, filing.Recall(key), tracking.ErrLost)
	_, err := filing.Addressed(key)
	require.Error(t, err, "nobody is not who can't be read")
	assert.Empty(t, filing.Take(nil, "sms", alerting.PlacesFor(10), late))
	filing.Archive = ledger
	require.NoError(t, filing.Recall(key))
	assert.Len(t, addressed(t, filing, key), 1)
}

// half is a ledger whose replica lags behind.
type half struct{ *trackingtest.Ledger }

func (h half) Records(key alerting.Key, first, last uint64, visit func(uint64, *alerting.Record)) error {
	return h.Ledger.Records(key, first, last-1, visit)
}

// Alerts of one pass share a message of the ledger.
func TestAnAlertBesideAnExerciseInOneMessageSaysThatItIsReal(t *testing.T) {
	b := tracking.NewBoard()
	exercise := alert(func(a *alerting.Alert) { a.Status = alerting.StatusExercise })
	manifest := &alerting.Manifest{Parts: 1, Deliveries: []alerting.Planned{{Channel: "sms", Address: "+1", Active: true}}}
	b.Apply(1, "ledger.alerts", []alerting.Record{
		{Alert: "a1", At: start, Opened: &alerting.Opened{Alert: exercise, Identity: "1"}, Manifest: manifest},
		{Alert: "a2", At: start, Opened: &alerting.Opened{Alert: alert(), Identity: "2"}, Manifest: manifest},
	})
	e, ok := b.Envelope("a2", 0)
	require.True(t, ok)
	assert.True(t, e.ExerciseOpen)
}

func addressed(t testing.TB, b *tracking.Board, key alerting.Key) []tracking.Addressed {
	t.Helper()
	all, err := b.Addressed(key)
	require.NoError(t, err)
	return all
}
