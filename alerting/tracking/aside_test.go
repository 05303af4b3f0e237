package tracking_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
)

// sameAsides asserts that the same waits on two boards, of which one may hold more of it.
func sameAsides(t *testing.T, want, got *tracking.Board) {
	t.Helper()
	wanted, _ := want.CountAside()
	waiting, _ := got.CountAside()
	require.Equal(t, wanted, waiting)
	require.ElementsMatch(t, want.Asides(), got.Asides())
}

func setAside(t testing.TB, ledger *trackingtest.Ledger, key alerting.Key, arrival uint64, text string) {
	t.Helper()
	write(t, ledger, alerting.Record{Inbound: arrival, Awaits: key, Aside: []alerting.Inbound{{Text: text}}})
}

// drain deals with what waits for an alert as a tracker does whose board this is, some at most, and lists it.
func drain(t testing.TB, b *tracking.Board, ledger *trackingtest.Ledger, key alerting.Key, most int) (arrivals []uint64) {
	t.Helper()
	for len(arrivals) < most {
		waiting, err := b.Aside(key)
		require.NoError(t, err)
		if len(waiting) == 0 {
			return arrivals
		}
		for _, x := range waiting[:min(len(waiting), most-len(arrivals))] {
			require.Equal(t, fmt.Sprint(x.Arrival), strings.TrimSpace(x.Facts[0].Text))
			arrivals = append(arrivals, x.Arrival)
			write(t, ledger, alerting.Record{Awaits: key, Settled: x.Arrival})
		}
	}
	return arrivals
}

// What waits for an alert that can't be read is in memory up to a bound, and all of it is dealt with in its
// order, whichever process goes on: one that followed, or one that starts from a checkpoint.
func TestWhatWaitsIsHeldUpToABoundAndNotLost(t *testing.T) {
	const all = 2000
	b, standby := tracking.NewBoard(), tracking.NewBoard()
	ledger := trackingtest.NewLedger(b, standby)
	b.Archive, standby.Archive = ledger, ledger
	for n := range uint64(all) {
		setAside(t, ledger, "a1", n+1, fmt.Sprint(n+1))
	}
	waiting, held := b.CountAside()
	assert.Equal(t, all, waiting)
	assert.LessOrEqual(t, held, 256)

	dealt := drain(t, b, ledger, "a1", 700)
	setAside(t, ledger, "a1", all+1, fmt.Sprint(all+1)) // which comes while others wait behind
	started := tracking.NewBoard()
	started.Archive = ledger
	checkpoint := b.Checkpoint()
	require.NoError(t, started.Begin(nil, checkpoint))
	assert.Greater(t, started.Reached(), uint64(600), "what has been dealt with is not read")
	ledger.ReadOn(started, func() {})
	sameAsides(t, b, standby)
	sameAsides(t, b, started)
	one := ledger.Following(b, standby, started)
	standby.Archive, started.Archive = one, one
	dealt = append(dealt, drain(t, standby, one, "a1", 700)...)
	dealt = append(dealt, drain(t, started, one, "a1", all)...)
	require.Len(t, dealt, all+1)
	for i, arrival := range dealt {
		require.EqualValues(t, i+1, arrival)
	}
	for _, board := range []*tracking.Board{b, standby, started} {
		waiting, held = board.CountAside()
		assert.Zero(t, waiting+held)
		assert.Empty(t, board.Asides())
	}
}

// Neither long texts nor many alerts take more.
func TestWhatWaitsIsBoundedInBytes(t *testing.T) {
	const alerts, texts, long = 200, 5, 60_000
	b := tracking.NewBoard()
	ledger := trackingtest.NewLedger(b)
	b.Archive = ledger
	arrival := uint64(0)
	for range texts {
		for n := range alerts {
			arrival++
			setAside(t, ledger, alerting.KeyOf(uint64(n+1)), arrival, fmt.Sprint(arrival, strings.Repeat(" ", long)))
		}
	}
	waiting, held := b.CountAside()
	assert.Equal(t, alerts*texts, waiting)
	assert.LessOrEqual(t, held*long, 4<<20)
	assert.Len(t, b.Asides(), alerts, "each has its turn")
	n := 0
	for _, key := range b.Asides() {
		n += len(drain(t, b, ledger, key, texts))
	}
	assert.Equal(t, alerts*texts, n)
	assert.Empty(t, b.Asides())
}

// A meter counts what is read of a ledger.
type meter struct {
	*trackingtest.Ledger
	messages int
}

func (m *meter) WrittenOn(subject string, first, last uint64, visit func(uint64, []alerting.Record) bool) error {
	return m.Ledger.WrittenOn(subject, first, last, func(sequence uint64, records []alerting.Record) bool {
		m.messages++
		return visit(sequence, records)
	})
}

// To fill a shelf reads what stands there, and not all that came behind, again and again.
func TestAShelfIsFilledFromWhatIsReadOnce(t *testing.T) {
	const all = 20_000
	b := tracking.NewBoard()
	ledger := trackingtest.NewLedger(b)
	archive := &meter{Ledger: ledger}
	b.Archive = archive
	for n := range uint64(all) {
		setAside(t, ledger, "a1", n+1, fmt.Sprint(n+1))
	}
	assert.Len(t, drain(t, b, ledger, "a1", all), all)
	assert.Empty(t, b.Asides())
	assert.Less(t, archive.messages, 3*all, "what was set aside, and at the end what ended its wait")
}

// Where another process has drawn from what this one does not hold, it finds out before it goes on.
func TestWhatAnotherProcessDrewFromIsNotDrawnFromAgain(t *testing.T) {
	const all = 2000
	active, standby := tracking.NewBoard(), tracking.NewBoard()
	ledger := trackingtest.NewLedger(active, standby)
	active.Archive, standby.Archive = ledger, ledger
	for n := range uint64(all) {
		setAside(t, ledger, "a1", n+1, fmt.Sprint(n+1))
	}
	rest := map[uint64]bool{}
	for n := range uint64(all) {
		rest[n+1] = true
	}
	for n := uint64(3); n <= all; n += 7 { // not in their order: some wait for others
		write(t, ledger, alerting.Record{Awaits: "a1", Settled: n})
		delete(rest, n)
	}
	for turn := 0; len(rest) > 0; turn++ {
		board := []*tracking.Board{active, standby}[turn%2]
		for _, arrival := range drain(t, board, ledger, "a1", 111) {
			require.True(t, rest[arrival], "%d", arrival)
			delete(rest, arrival)
		}
		require.Less(t, turn, all)
	}
	for _, board := range []*tracking.Board{active, standby} {
		waiting, held := board.CountAside()
		assert.Zero(t, waiting+held)
		assert.Empty(t, board.Asides())
	}
}

// What can't be read from the ledger again goes on waiting.
func TestWhatWaitsBehindAnUnreadableLedgerWaits(t *testing.T) {
	b := tracking.NewBoard()
	ledger := trackingtest.NewLedger(b)
	b.Archive = broken{}
	for n := range uint64(300) {
		setAside(t, ledger, "a1", n+1, fmt.Sprint(n+1))
	}
	assert.Len(t, drain(t, b, ledger, "a1", 256), 256)
	_, err := b.Aside("a1")
	require.ErrorIs(t, err, errBroken)
	assert.Equal(t, []alerting.Key{"a1"}, b.Asides())
	b.Archive = ledger
	assert.Len(t, drain(t, b, ledger, "a1", 300), 44)
}

// What waits is read again on the tracker's subject, whatever is written on others.
func TestAShelfIsFilledFromTheTrackersSubject(t *testing.T) {
	const all = 600
	b := tracking.NewBoard()
	ledger := trackingtest.NewLedger(b)
	archive := &meter{Ledger: ledger}
	b.Archive = archive
	other := func() {
		t.Helper()
		_, err := ledger.AppendOn("ledger.other", alerting.Record{Alert: "a9"})
		require.NoError(t, err)
	}
	for n := range uint64(all) {
		other()
		setAside(t, ledger, "a1", n+1, fmt.Sprint(n+1))
		other()
	}
	assert.Len(t, drain(t, b, ledger, "a1", 256), 256)
	other()
	assert.Len(t, drain(t, b, ledger, "a1", all), all-256)
	assert.Empty(t, b.Asides())
	assert.Less(t, archive.messages, 3*all, "of what was written on others nothing is read")
}

// An overtaken archive lets others write about what waits while it is read.
type overtaken struct {
	*trackingtest.Ledger
	meanwhile func()
}

func (o *overtaken) WrittenOn(subject string, first, last uint64, visit func(uint64, []alerting.Record) bool) error {
	err := o.Ledger.WrittenOn(subject, first, last, visit)
	if meanwhile := o.meanwhile; meanwhile != nil {
		o.meanwhile = nil
		meanwhile()
	}
	return err
}

// While a shelf is filled another process may have drawn from all that waits, and somebody have set more aside.
func TestAShelfThatIsGoneMeanwhileIsNotFilled(t *testing.T) {
	const all = 900 // more than a shelf holds and is filled with
	for name, more := range map[string]bool{"nothing waits any more": false, "something else waits": true} {
		t.Run(name, func(t *testing.T) {
			b := tracking.NewBoard()
			ledger := trackingtest.NewLedger(b)
			archive := &overtaken{Ledger: ledger}
			b.Archive = archive
			for n := range uint64(all) {
				setAside(t, ledger, "a1", n+1, fmt.Sprint(n+1))
			}
			held := drain(t, b, ledger, "a1", 256)
			require.Len(t, held, 256)
			archive.meanwhile = func() {
				for n := uint64(len(held)) + 1; n <= all; n++ {
					write(t, ledger, alerting.Record{Awaits: "a1", Settled: n})
				}
				if more {
					setAside(t, ledger, "a1", all+1, fmt.Sprint(all+1))
				}
			}
			waiting, err := b.Aside("a1")
			require.NoError(t, err)
			require.Nil(t, archive.meanwhile, "the shelf was read")
			if !more {
				assert.Empty(t, waiting)
				assert.Empty(t, b.Asides())
				return
			}
			require.Len(t, waiting, 1)
			assert.EqualValues(t, all+1, waiting[0].Arrival)
		})
	}
}

// A forgetful archive has lost what was set aside.
type forgetful struct{ *trackingtest.Ledger }

func (f forgetful) WrittenOn(subject string, first, last uint64, visit func(uint64, []alerting.Record) bool) error {
	return f.Ledger.WrittenOn(subject, first, last, func(sequence uint64, _ []alerting.Record) bool { return visit(sequence, nil) })
}

// What the ledger has lost of what waits is waited for no more.
func TestWhatIsLostOfWhatWaitsIsNotWaitedFor(t *testing.T) {
	b := tracking.NewBoard()
	ledger := trackingtest.NewLedger(b)
	b.Archive = forgetful{ledger}
	for n := range uint64(300) {
		setAside(t, ledger, "a1", n+1, fmt.Sprint(n+1))
	}
	assert.Len(t, drain(t, b, ledger, "a1", 300), 256)
	assert.Empty(t, b.Asides())
	assert.Equal(t, b.Reached()+1, b.Checkpoint().Resume)
}
