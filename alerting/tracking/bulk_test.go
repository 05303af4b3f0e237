package tracking_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
)

func saysMuch(a *alerting.Alert) { a.Description = strings.Repeat("x", 200_000) }

// What a filed alert says leaves memory but for its beginning, at a start as well, and is read again for who asks.
func TestAFiledAlertKeepsTheBeginningOfWhatItSays(t *testing.T) {
	filing, _, ledger := shelf()
	key := ledger.Open(trackingtest.Alert(saysMuch), trackingtest.Person{Name: "Ada", Contacts: []string{"sms:+1"}})
	ledger.Open(trackingtest.Alert())
	require.Greater(t, filing.Bytes(), 200_000)
	_, err := ledger.Append(t.Context(), alerting.Record{Alert: key, At: start, Expired: true})
	require.NoError(t, err)
	filed := file(filing)
	require.Len(t, filed, 1)
	begun := tracking.NewBoard()
	begun.Archive = ledger
	require.NoError(t, begun.Begin(filed, alerting.Checkpoint{Resume: 1}))
	for _, b := range []*tracking.Board{filing, begun} {
		assert.Less(t, b.Bytes(), 10_000)
		head, _ := b.Head(key)
		assert.True(t, head.Alert.Shortened())
		summary, _ := b.Summary(key)
		assert.Len(t, summary.Alert.Description, 200_000)
		assert.Less(t, b.Bytes(), 10_000, "reading keeps no alert out")
		b.Tidy(time.Now().Add(time.Hour))
		head, _ = b.Head(key)
		assert.True(t, head.Alert.Shortened())
	}
}

// Where memory is short, what a withdrawal quotes need not stay until that is over, too: only until it has gone out.
func TestWhatIsWithdrawnCanBeFiledForRoom(t *testing.T) {
	filing, _, ledger := shelf()
	key := ledger.Open(trackingtest.Alert(saysMuch), trackingtest.Person{Name: "Ada", Contacts: []string{"sms:+1"}})
	sent := func(key alerting.Key) {
		write(t, ledger,
			alerting.Record{Alert: key, At: start, Attempts: []alerting.Attempt{{Attempt: 1}}},
			alerting.Record{Alert: key, At: start, Results: []alerting.Result{{Attempt: 1, State: alerting.Accepted, ProviderID: "SM1"}}})
	}
	sent(key)
	const cancel = alerting.Key("a9")
	write(t, ledger,
		alerting.Record{Alert: cancel, At: start,
			Opened:   &alerting.Opened{Alert: alert(func(a *alerting.Alert) { a.Type = alerting.TypeCancel }), Code: "Z", Identity: "z", Corrects: []alerting.Key{key}},
			Manifest: &alerting.Manifest{Parts: 1, Deliveries: []alerting.Planned{{Channel: "sms", Address: "+1", Active: true}}}},
		alerting.Record{Alert: key, At: start, Withdrawn: &alerting.Withdrawn{By: cancel, Type: alerting.TypeCancel}})
	assert.Empty(t, filing.FileableForRoom(never, 10), "it is being quoted")
	sent(cancel)
	assert.Empty(t, filing.Fileable(never, 10))
	filed := filing.FileableForRoom(never, 10)
	require.Len(t, filed, 1)
	require.True(t, filing.File(filed[0]))
	e, ok := filing.Envelope(cancel, 0)
	require.True(t, ok)
	require.Len(t, e.Corrects, 1)
	assert.Len(t, e.Corrects[0].Alert.Description, 200_000, "it is read again")
}
