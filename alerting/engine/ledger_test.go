package engine_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/engine"
)

func TestAppendComparesBeforeItWrites(t *testing.T) {
	t.Parallel()
	e := open(t)
	ctx := t.Context()
	first, err := e.Append(ctx, engine.LedgerAlerts, 0, record("a1", "1"))
	require.NoError(t, err)
	_, err = e.Append(ctx, engine.LedgerInbound, 0, record("a1", "another subject"))
	require.NoError(t, err, "each subject is compared by itself")
	_, err = e.Append(ctx, engine.LedgerAlerts, 0, record("a2", "late"))
	assert.ErrorIs(t, err, alerting.ErrOvertaken)
	second, err := e.Append(ctx, engine.LedgerAlerts, first, record("a2", "2"))
	require.NoError(t, err)
	third, err := e.Append(ctx, engine.LedgerAlerts, engine.Anywhere, record("a3", "3"))
	require.NoError(t, err)
	assert.Equal(t, []uint64{1, 3, 4}, []uint64{first, second, third})
	assert.EqualValues(t, 4, ledgerEnd(t, e), "what was refused was not written")
}

// A large manifest takes several messages: all of them or none.
func TestLargeAppendIsAllOrNothing(t *testing.T) {
	t.Parallel()
	e := open(t)
	ctx := t.Context()
	large := make([]alerting.Record, 40)
	for i := range large {
		large[i] = record(alerting.KeyOf(uint64(i)), strings.Repeat("x", 100_000))
	}
	last, err := e.Append(ctx, engine.LedgerAlerts, 0, large...)
	require.NoError(t, err)
	assert.Greater(t, last, uint64(4))

	_, err = e.Append(ctx, engine.LedgerAlerts, 0, large...)
	assert.ErrorIs(t, err, alerting.ErrOvertaken)
	tooLarge := slices.Concat(large, []alerting.Record{record("a99", strings.Repeat("x", engine.MaxPayload))})
	_, err = e.Append(ctx, engine.LedgerAlerts, last, tooLarge...)
	assert.Equal(t, alerting.CodeUnavailable, alerting.CodeOf(err))
	assert.Equal(t, last, ledgerEnd(t, e), "nothing of a refused append is visible")

	next, err := e.Append(ctx, engine.LedgerAlerts, last, large...)
	require.NoError(t, err, "what failed before stands in nobody's way")
	var got []alerting.Record
	for _, m := range followLedger(t, e, last).until(t, next) {
		got = append(got, m.records...)
	}
	assert.Equal(t, large, got, "whole and in order")
}

func TestFollowLedgerSeesOldAndNewInOrder(t *testing.T) {
	t.Parallel()
	e := open(t)
	var want []seen
	add := func(n int) {
		for range n {
			r := record("a1", "x")
			sequence, err := e.Append(t.Context(), engine.LedgerDesk, engine.Anywhere, r)
			require.NoError(t, err)
			want = append(want, seen{sequence, engine.LedgerDesk, []alerting.Record{r}})
		}
	}
	add(10)
	f := followLedger(t, e, 3)
	add(10)
	assert.Equal(t, want[3:], f.until(t, 20))
}

func TestFollowLedgerEndsWithItsContext(t *testing.T) {
	t.Parallel()
	e := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	reached, err := e.FollowLedger(ctx, 0, func(sequence uint64, _ string, _ []alerting.Record) {
		if sequence > 1 {
			t.Errorf("message %d came after the end", sequence)
		}
	})
	require.NoError(t, err)
	assert.Zero(t, reached)
	cancel()
	other := followLedger(t, e, 0)
	for range 5 {
		_, err := e.Append(t.Context(), engine.LedgerDesk, engine.Anywhere, record("a1", "x"))
		require.NoError(t, err)
	}
	other.until(t, 5)
}

// One bad message hides nothing that comes after it, and keeps nobody waiting for its sequence.
func TestUnreadableMessageOfTheLedgerIsPassedOver(t *testing.T) {
	t.Parallel()
	e := open(t)
	bad, err := e.PublishRaw(t.Context(), engine.LedgerAlerts, []byte("no CBOR"))
	require.NoError(t, err)
	f := followLedger(t, e, 0)
	assert.Equal(t, []seen{{bad, engine.LedgerAlerts, nil}}, f.until(t, bad))
	_, err = e.Append(t.Context(), engine.LedgerAlerts, bad, record("a1", "x"))
	require.NoError(t, err)
	assert.Len(t, f.until(t, bad+1)[1].records, 1)
}

// Of one subject only its own messages are read again, and no more than are wanted.
func TestWhatIsWrittenOnOneSubjectIsReadAgain(t *testing.T) {
	t.Parallel()
	e := open(t)
	for range 3 {
		for _, subject := range []string{engine.LedgerDesk, engine.LedgerInbound} {
			_, err := e.Append(t.Context(), subject, engine.Anywhere, record("a1", subject))
			require.NoError(t, err)
		}
	}
	bad, err := e.PublishRaw(t.Context(), engine.LedgerInbound, []byte("no CBOR"))
	require.NoError(t, err)
	read := func(first uint64, most int) (sequences []uint64) {
		require.NoError(t, engine.Archive{Context: t.Context(), Engine: e}.WrittenOn(engine.LedgerInbound, first, bad, func(sequence uint64, records []alerting.Record) bool {
			sequences = append(sequences, sequence)
			if sequence != bad {
				assert.Equal(t, []alerting.Record{record("a1", engine.LedgerInbound)}, records)
			} else {
				assert.Empty(t, records)
			}
			return len(sequences) < most
		}))
		return sequences
	}
	assert.Equal(t, []uint64{2, 4, 6, bad}, read(1, 100))
	assert.Equal(t, []uint64{4, 6, bad}, read(3, 100))
	assert.Equal(t, []uint64{2, 4}, read(1, 2))
	assert.Empty(t, read(bad+1, 100))
}

// What a provider says is kept as it said it, UTF-8 or not.
func TestRecordsMayHoldAnyBytes(t *testing.T) {
	t.Parallel()
	e := open(t)
	r := record("a1", "caf\xe9 \x00 \xff\xfe")
	last, err := e.Append(t.Context(), engine.LedgerAlerts, 0, r)
	require.NoError(t, err)
	assert.Equal(t, []alerting.Record{r}, followLedger(t, e, 0).until(t, last)[0].records)
}

func TestJournalLetsConcurrentAppendsShareAMessage(t *testing.T) {
	t.Parallel()
	e := open(t)
	j := e.Journal(engine.LedgerChannel("sms"), 0)
	const appends = 400
	sequences := make([]uint64, appends)
	var all sync.WaitGroup
	for i := range appends {
		all.Go(func() {
			var err error
			sequences[i], err = j.Append(t.Context(), record(alerting.KeyOf(uint64(i)), "first"), record(alerting.KeyOf(uint64(i)), "second"))
			assert.NoError(t, err)
		})
	}
	all.Wait()
	messages := followLedger(t, e, 0).until(t, slices.Max(sequences))
	assert.Less(t, len(messages), appends/2, "many share one sync")
	where := map[alerting.Key]uint64{}
	for _, m := range messages {
		for i := 0; i < len(m.records); i += 2 {
			key := m.records[i].Alert
			assert.Zero(t, where[key], "%s was written twice", key)
			assert.Equal(t, []string{"first", "second"}, []string{m.records[i].Remarks[0].Detail, m.records[i+1].Remarks[0].Detail})
			assert.Equal(t, key, m.records[i+1].Alert, "the records of one call stand together")
			where[key] = m.sequence
		}
	}
	for i, sequence := range sequences {
		assert.Equal(t, where[alerting.KeyOf(uint64(i))], sequence)
	}
}

func TestJournalWritesWhatItsCallerGaveUpOn(t *testing.T) {
	t.Parallel()
	e := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	sequence, err := e.Journal(engine.LedgerTimers, 0).Append(ctx, record("a1", "x"))
	require.NoError(t, err)
	assert.Equal(t, sequence, ledgerEnd(t, e))
}

func TestJournalThatFailedStaysFailed(t *testing.T) {
	t.Parallel()
	e := open(t)
	ctx := t.Context()
	j := e.Journal(engine.LedgerAlerts, 0)
	first, err := j.Append(ctx, record("a1", "mine"))
	require.NoError(t, err)
	theirs, err := e.Append(ctx, engine.LedgerAlerts, first, record("a2", "another writer's"))
	require.NoError(t, err)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			_, err := j.Append(ctx, record("a3", "late"))
			assert.ErrorIs(t, err, alerting.ErrOvertaken)
		})
	}
	all.Wait()
	_, err = j.Append(ctx, record("a3", "later"))
	assert.ErrorIs(t, err, alerting.ErrOvertaken)
	assert.Equal(t, theirs, ledgerEnd(t, e), "nothing was written after the failure")

	fresh := e.Journal(engine.LedgerAlerts, theirs)
	_, err = fresh.Append(ctx, record("a3", "begun anew"))
	assert.NoError(t, err)
}

func TestUntilWhenAChannelIsHeldStandsBesideTheResult(t *testing.T) {
	t.Parallel()
	e := open(t)
	r := record("a1", "x")
	r.Results = []alerting.Result{{Delivery: 3, Attempt: 1, State: alerting.Failed, Code: "20429", RetryAt: r.At.Add(time.Minute)}}
	r.Held = &alerting.Held{Channel: "sms", Until: r.At.Add(30*time.Second + time.Nanosecond)}
	sequence, err := e.Append(t.Context(), engine.LedgerChannel("sms"), 0, r)
	require.NoError(t, err)
	got := followLedger(t, e, 0).until(t, sequence)
	assert.Equal(t, []alerting.Record{r}, got[0].records)
}
