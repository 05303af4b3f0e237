package tracking_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
)

// crowded is an alert to many people, each of whom was sent a confirmation.
func crowded(t testing.TB, people int) (*tracking.Board, alerting.Key) {
	t.Helper()
	board := tracking.NewBoard()
	l := trackingtest.NewLedger(board)
	all, record := make([]trackingtest.Person, people), alerting.Record{At: now}
	for i := range all {
		all[i] = trackingtest.Person{Name: fmt.Sprint("clerk ", i), Contacts: []string{fmt.Sprint("sms:+1", i)}}
		record.Notices = append(record.Notices, alerting.Notice{Channel: "sms", Address: fmt.Sprint("+1", i), Kind: alerting.NoticeConfirmation})
	}
	record.Alert = l.Open(trackingtest.Alert(), all...)
	_, err := l.Append(t.Context(), record)
	require.NoError(t, err)
	help := alerting.Notice{Channel: "sms", Address: "+17", Kind: alerting.NoticeHelp}
	_, err = l.Append(t.Context(), alerting.Record{Alert: record.Alert, At: now.Add(time.Second), Notices: []alerting.Notice{help}})
	require.NoError(t, err)
	return board, record.Alert
}

func TestNoticesToAnAddress(t *testing.T) {
	board, key := crowded(t, 20)
	views := board.NoticesTo(key, "sms", "+17")
	require.Len(t, views, 2)
	for i, kind := range []alerting.NoticeKind{alerting.NoticeConfirmation, alerting.NoticeHelp} {
		assert.Equal(t, kind, views[i].Notice)
		assert.Equal(t, "+17", views[i].Address)
	}
	assert.Len(t, board.NoticesTo(key, "sms", "+18"), 1)
	assert.Empty(t, board.NoticesTo(key, "signal", "+17"))
	assert.Empty(t, board.NoticesTo("a77", "sms", "+17"))
	place := board.PlacesOf("sms", "+17")
	require.Len(t, place, 1)
	assert.Equal(t, 2, place[0].Noticed)
}

// Every event of a notice asks for those to its address: to look at all deliveries would hold up whoever writes.
func TestNoticesToAnAddressCostTheSameInACrowd(t *testing.T) {
	cost := func(people int) float64 {
		board, key := crowded(t, people)
		return testing.AllocsPerRun(100, func() { board.NoticesTo(key, "sms", "+17") })
	}
	assert.LessOrEqual(t, cost(5000), cost(200))
}
