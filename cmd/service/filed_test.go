package service

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
)

// Whoever asks for an alert that can't be read has it tried again: the log says that it can't be when that begins,
// hourly, and when it ends.
func TestTheLogSaysSeldomThatDetailsCannotBeRead(t *testing.T) {
	var log bytes.Buffer
	r := readings{log: zerolog.New(&log)}
	now := time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)
	r.told("a2", nil, now)
	assert.Empty(t, log.String())
	for range 90 * 12 {
		r.told("a1", errors.New("lost"), now)
		now = now.Add(5 * time.Second)
	}
	assert.Equal(t, 2, strings.Count(log.String(), "can't be read"), "%s", log.String())
	r.told("a1", nil, now)
	r.told("a1", nil, now)
	assert.Equal(t, 1, strings.Count(log.String(), "can be read again"))
}

// That an alert can't be read is not over when it is filed anew without its details: they are tried no more unless
// somebody asks, and are said to be readable when they have been read.
func TestAnAlertThatIsFiledAnewStillCannotBeRead(t *testing.T) {
	var log bytes.Buffer
	r := readings{log: zerolog.New(&log)}
	now := trackingtest.Start
	board := tracking.NewBoard()
	ledger := trackingtest.NewLedger(board)
	board.Archive = unreadable{ledger}
	board.Recalled = func(key alerting.Key, err error) { r.told(key, err, now) }
	key := ledger.Open(trackingtest.Alert())
	file := func() {
		filed := board.Fileable(now.Add(time.Hour), 10)
		require.Len(t, filed, 1)
		require.True(t, board.File(filed[0]))
	}
	write := func(x alerting.Record) {
		x.Alert, x.At = key, now
		_, err := ledger.Append(t.Context(), x)
		require.NoError(t, err)
	}
	write(alerting.Record{Expired: true})
	file()
	write(alerting.Record{Remarks: []alerting.Remark{{Kind: alerting.RemarkHelp}}})
	require.Error(t, board.Recall(key))
	file()
	require.Empty(t, board.Stale(), "nobody tries any more")
	since := `"since":"` + now.Format(time.RFC3339) + `"`

	now = now.Add(30 * 24 * time.Hour)
	require.Error(t, board.Recall(key))
	assert.Equal(t, 2, strings.Count(log.String(), "can't be read"), "whoever asks has it said again")
	assert.Equal(t, 2, strings.Count(log.String(), since), "%s", log.String())
	board.Archive = ledger
	require.NoError(t, board.Recall(key), "whoever could read it")
	assert.Equal(t, 1, strings.Count(log.String(), "can be read again"))
	assert.Equal(t, 3, strings.Count(log.String(), since), "%s", log.String())
	_, goesOn := r.failed.Over(key)
	assert.False(t, goesOn, "nothing is kept of it")
}

// unreadable is a ledger that can't be read again.
type unreadable struct{ *trackingtest.Ledger }

func (unreadable) Records(alerting.Key, uint64, uint64, func(uint64, *alerting.Record)) error {
	return trackingtest.ErrBroken
}
