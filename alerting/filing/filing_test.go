package filing_test

import (
	"context"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/engine"
	"revere/alerting/filing"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
)

var start = trackingtest.Start

// A process is one that follows a real ledger, from what is filed on.
type process struct {
	*tracking.Board
	read uint64 // the ledger's sequence that it began behind
}

func begin(t *testing.T, e *engine.Engine) process {
	b := tracking.NewBoard()
	b.Archive = engine.Archive{Context: t.Context(), Engine: e}
	b.Recalled = func(_ alerting.Key, err error) { assert.NoError(t, err) }
	filed, checkpoint, _, err := e.Filed(t.Context())
	require.NoError(t, err)
	b.Begin(filed, checkpoint)
	read := b.Reached()
	reached, err := e.FollowLedger(t.Context(), read, b.Apply)
	require.NoError(t, err)
	require.NoError(t, b.Wait(t.Context(), reached))
	return process{b, read}
}

func startEngine(t *testing.T) *engine.Engine {
	server, err := engine.StartServer(engine.ServerConfig{Dir: t.TempDir(), Log: zerolog.Nop()})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Stop()) })
	e, err := engine.Embedded(t.Context(), server, zerolog.Nop())
	require.NoError(t, err)
	t.Cleanup(e.Close)
	return e
}

// history writes alerts to one person each; those but the last are over.
func history(t *testing.T, e *engine.Engine, n int) (keys []alerting.Key) {
	samples := trackingtest.NewLedger(tracking.NewBoard())
	for range n {
		keys = append(keys, samples.Open(trackingtest.Alert(), trackingtest.Person{Name: "Ada", Contacts: []string{"sms:+1"}}))
	}
	records := samples.Written()
	for _, key := range keys[:n-1] {
		records = append(records,
			alerting.Record{Alert: key, At: start, Attempts: []alerting.Attempt{{Attempt: 1}}},
			alerting.Record{Alert: key, At: start, Results: []alerting.Result{{Attempt: 1, State: alerting.Accepted, ProviderID: "SM1"}}},
			alerting.Record{Alert: key, At: start, Expired: true})
	}
	for i := range records { // each in a message of its own
		_, err := e.Append(t.Context(), engine.LedgerAlerts, engine.Anywhere, records[i])
		require.NoError(t, err)
	}
	return keys
}

func TestWhatIsOverIsFiledAndAStartDoesNotReadIt(t *testing.T) {
	e := startEngine(t)
	keys := history(t, e, 6)
	first := begin(t, e)
	assert.Zero(t, first.read)

	ctx, stop := context.WithCancel(t.Context())
	clerk := &filing.Clerk{Board: first.Board, Store: e, After: time.Second, Now: func() time.Time { return start.Add(time.Hour) }, Log: zerolog.Nop()}
	done := make(chan struct{})
	go func() { defer close(done); clerk.Run(ctx) }()
	require.Eventually(t, func() bool {
		_, checkpoint, _, err := e.Filed(t.Context())
		return err == nil && checkpoint.Resume > 1
	}, 10*time.Second, 10*time.Millisecond)
	stop()
	<-done

	second := begin(t, e)
	assert.EqualValues(t, 5, second.read, "it reads from the alert on that takes place")
	for _, b := range []process{first, second} {
		assert.Equal(t, []alerting.Key{keys[5], keys[4], keys[3], keys[2], keys[1], keys[0]}, b.Keys(nil))
		assert.Len(t, b.PlacesOf("sms", "+1"), 1, "the others' people are not in memory")
		deliveries, _ := b.Deliveries(keys[2], 0, 10, nil)
		require.Len(t, deliveries, 1)
		assert.Equal(t, "SM1", deliveries[0].History[2].ProviderID)
		assert.Len(t, b.PlacesOf("sms", "+1"), 2)
	}
	assert.Equal(t, first.Last(engine.LedgerAlerts), second.Last(engine.LedgerAlerts), "a journal can begin there")
}

// More than may stay in memory is filed before its time, the longest quiet first, and the next start reads less.
func TestTooMuchThatIsOverIsFiledEarly(t *testing.T) {
	e := startEngine(t)
	keys := history(t, e, 6) // of one delivery each, and the last takes place
	first := begin(t, e)
	ctx, stop := context.WithCancel(t.Context())
	now := func() time.Time { return start.Add(time.Minute) }
	clerk := &filing.Clerk{Board: first.Board, Store: e, After: time.Hour, Most: 3, Now: now, Log: zerolog.Nop()}
	done := make(chan struct{})
	go func() { defer close(done); clerk.Run(ctx) }()
	require.Eventually(t, func() bool {
		_, checkpoint, _, err := e.Filed(t.Context())
		return err == nil && checkpoint.Resume > 1
	}, 10*time.Second, 10*time.Millisecond)
	stop()
	<-done

	second := begin(t, e)
	assert.NotZero(t, second.read, "a start does not read those that are filed")
	for _, b := range []process{first, second} {
		for i, key := range keys {
			assert.Equal(t, i < 3, b.Away(key), "%s: three are too many, the newest two and the one that is open stay", key)
		}
		deliveries, _ := b.Deliveries(keys[0], 0, 10, nil)
		require.Len(t, deliveries, 1, "they are read again when somebody asks")
		assert.False(t, b.Away(keys[0]))
	}
}

func TestFilingDoneTwiceChangesNothing(t *testing.T) {
	e := startEngine(t)
	newer := alerting.Filed{Key: "a1", Latest: 9, People: 2}
	require.NoError(t, e.File(t.Context(), newer))
	require.NoError(t, e.File(t.Context(), alerting.Filed{Key: "a1", Latest: 7}), "a process that was stopped for long")
	filed, _, _, err := e.Filed(t.Context())
	require.NoError(t, err)
	require.Len(t, filed, 1)
	assert.Equal(t, newer.Latest, filed[0].Latest)
	assert.Equal(t, newer.People, filed[0].People)
}

// What a process knows beside the alerts that are filed is there after a start that does not read their
// part of the ledger: where they went, and what came in about them and waits.
func TestAStartKnowsWhereFiledAlertsWentAndWhatWaits(t *testing.T) {
	e := startEngine(t)
	keys := history(t, e, 3)
	waits := alerting.Inbound{Channel: "sms", Kind: alerting.InboundReply, At: start, From: "+1", Text: "ACK"}
	_, err := e.Append(t.Context(), engine.LedgerInbound, engine.Anywhere, alerting.Record{Inbound: 7, Aside: []alerting.Inbound{waits}})
	require.NoError(t, err)
	first := begin(t, e)
	for _, f := range first.Fileable(start.Add(time.Hour), 10) {
		require.NoError(t, e.File(t.Context(), f))
		first.File(f)
	}
	require.NoError(t, e.KeepCheckpoint(t.Context(), first.Checkpoint()))

	second := begin(t, e)
	assert.NotZero(t, second.read)
	for _, b := range []process{first, second} {
		key, ok := b.AwaySent("sms", "+1", "SM1")
		assert.True(t, ok)
		assert.Equal(t, keys[1], key, "the newest")
		waiting, err := b.Aside("")
		require.NoError(t, err)
		require.Len(t, waiting, 1)
		assert.Equal(t, []alerting.Inbound{waits}, waiting[0].Facts)
	}
	_, err = e.Append(t.Context(), engine.LedgerInbound, engine.Anywhere, alerting.Record{Settled: 7})
	require.NoError(t, err)
	assert.Empty(t, begin(t, e).Asides())
}

// A counting store keeps nothing, and counts what it is asked.
type counting struct{ filed, checkpoints int }

func (c *counting) File(context.Context, alerting.Filed) error { c.filed++; return nil }

func (c *counting) KeepCheckpoint(context.Context, alerting.Checkpoint) error {
	c.checkpoints++
	return nil
}

// A stuck board offers the same alert again and again.
type stuck struct{ *tracking.Board }

func (stuck) Fileable(time.Time, int) []alerting.Filed {
	return []alerting.Filed{{Key: "a1", Latest: 1}}
}
func (stuck) File(alerting.Filed) (filed bool) { return false }

// A round that changes nothing is the last until the next tick: the clerk does not spin.
func TestTheClerkDoesNotSpin(t *testing.T) {
	store := &counting{}
	ctx, stop := context.WithTimeout(t.Context(), time.Second)
	defer stop()
	clerk := &filing.Clerk{Board: stuck{tracking.NewBoard()}, Store: store, After: time.Hour, Now: time.Now, Log: zerolog.Nop()}
	clerk.Run(ctx)
	assert.Equal(t, counting{filed: 1}, *store)
}

// Where memory is short, what is over is filed a minute later, the oldest first, and only until there is room.
func TestWhatIsOverIsFiledSoonWhereMemoryIsShort(t *testing.T) {
	e := startEngine(t)
	keys := history(t, e, 6)
	p := begin(t, e)
	away := func() (n int) {
		for _, key := range keys {
			if p.Away(key) {
				n++
			}
		}
		return n
	}
	ctx, stop := context.WithCancel(t.Context())
	clerk := &filing.Clerk{Board: p.Board, Store: e, Crowded: func() bool { return away() == 0 }, Now: func() time.Time { return start.Add(2 * time.Minute) }, Log: zerolog.Nop()}
	done := make(chan struct{})
	go func() { defer close(done); clerk.Run(ctx) }()
	require.Eventually(t, func() bool { return away() == 5 }, 10*time.Second, 10*time.Millisecond, "a batch of them")
	stop()
	<-done
	assert.False(t, p.Away(keys[5]), "it takes place")
}
