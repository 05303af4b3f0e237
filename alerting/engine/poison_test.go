package engine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/engine"
)

// A message that makes its reader panic costs itself: whoever waits for it goes on, what comes behind
// it is read, and it is counted.
func TestAMessageThatMakesItsReaderPanicIsPassedOver(t *testing.T) {
	t.Parallel()
	e := open(t)
	bad, err := e.Append(t.Context(), engine.LedgerDesk, engine.Anywhere, record("a1", "bad"))
	require.NoError(t, err)
	good, err := e.Append(t.Context(), engine.LedgerDesk, engine.Anywhere, record("a2", "good"))
	require.NoError(t, err)
	read := make(chan seen, 10)
	_, err = e.FollowLedger(t.Context(), 0, func(sequence uint64, subject string, records []alerting.Record) {
		if len(records) > 0 && records[0].Alert == "a1" {
			panic("a fault of the reader")
		}
		read <- seen{sequence, subject, records}
	})
	require.NoError(t, err)
	assert.Equal(t, seen{bad, engine.LedgerDesk, nil}, next(t, read))
	assert.Equal(t, good, next(t, read).sequence)
	assert.Equal(t, map[string]int{"LEDGER": 1}, e.PassedOver())
}

func TestACommitThatMakesItsReaderPanicIsPassedOver(t *testing.T) {
	t.Parallel()
	e := open(t)
	bad, err := e.Commit(t.Context(), 0, changes("bad", 1200))
	require.NoError(t, err)
	good, err := e.Commit(t.Context(), bad, changes("good", 1))
	require.NoError(t, err)
	read := make(chan commit, 10)
	_, err = e.FollowDirectory(t.Context(), 0, func(revision uint64, changes []alerting.Change) {
		if len(changes) > 0 && changes[0].Kind == "bad" {
			panic("a fault of the reader")
		}
		read <- commit{revision, changes}
	})
	require.NoError(t, err)
	assert.Equal(t, commit{revision: bad}, next(t, read))
	assert.Equal(t, commit{good, changes("good", 1)}, next(t, read))
	assert.Equal(t, map[string]int{"DIRECTORY": 1}, e.PassedOver())
}

// What can't be read on any of the streams that are followed hides nothing behind it.
func TestAnInboundMessageThatCantBeReadIsPassedOver(t *testing.T) {
	t.Parallel()
	e := open(t)
	_, err := e.PublishRaw(t.Context(), "inbound.sms", []byte("no CBOR"))
	require.NoError(t, err)
	require.NoError(t, e.Put(t.Context(), alerting.Inbound{Channel: "sms", Text: "bad"}))
	require.NoError(t, e.Put(t.Context(), alerting.Inbound{Channel: "sms", Text: "good"}))
	read := make(chan string, 10)
	err = e.FollowInbound(t.Context(), 0, func(_ uint64, facts []alerting.Inbound) {
		if facts[0].Text == "bad" {
			panic("a fault of the reader")
		}
		read <- facts[0].Text
	})
	require.NoError(t, err)
	assert.Equal(t, "good", next(t, read))
	assert.Equal(t, map[string]int{"INBOUND": 2}, e.PassedOver())
}
