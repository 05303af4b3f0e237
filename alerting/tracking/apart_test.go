package tracking_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
)

// weeks is a ledger on which an alert has been open since long before others, which are filed. It went to Ada, who
// has answered of late, and is due to Bo.
type weeks struct {
	filing, plain *tracking.Board
	ledger        *trackingtest.Ledger
	open          alerting.Key
	filed         []alerting.Filed
}

func newWeeks(t *testing.T) *weeks {
	w := &weeks{}
	w.filing, w.plain, w.ledger = shelf()
	w.open = w.ledger.Open(alert(), trackingtest.Person{Name: "Ada", Contacts: []string{"sms:+1"}}, trackingtest.Person{Name: "Bo", Contacts: []string{"sms:+2"}})
	play(t, w.ledger, w.open, attempt(1), result(1, alerting.Accepted))
	for range 100 {
		w.sendAnother(t)
	}
	write(t, w.ledger, alerting.Record{Alert: w.open, At: late, Answers: []alerting.Answer{{Recipients: []uint32{0}, Via: alerting.ViaAPI}}})
	w.sendAnother(t)
	return w
}

func (w *weeks) sendAnother(t *testing.T) alerting.Key {
	key := w.ledger.Open(alert(), trackingtest.Person{Name: "Cy", Contacts: []string{"sms:+3"}})
	play(t, w.ledger, key, attempt(1), result(1, alerting.Accepted), expired)
	w.filed = append(w.filed, file(w.filing)...)
	return key
}

// start is a board that begins with a checkpoint and an archive, and reads on to the ledger's end. It tells how many
// messages that took.
func (w *weeks) start(c alerting.Checkpoint, archive tracking.Archive) (b *tracking.Board, read int, err error) {
	b = tracking.NewBoard()
	b.Archive = archive
	err = b.Begin(w.filed, c)
	return b, w.ledger.ReadOn(b, func() {}), err
}

// counting is an archive that counts the messages that are read again.
type counting struct {
	*trackingtest.Ledger
	read *int
}

func (c counting) Records(key alerting.Key, first, last uint64, visit func(uint64, *alerting.Record)) error {
	*c.read += int(last - first + 1)
	return c.Ledger.Records(key, first, last, visit)
}

func TestAnAlertThatIsOpenForWeeksIsReadByItself(t *testing.T) {
	w := newWeeks(t)
	c := w.filing.Checkpoint()
	write(t, w.ledger, alerting.Record{Alert: w.open, At: late, Answers: []alerting.Answer{{Recipients: []uint32{0}, Via: alerting.ViaAPI, Note: "later"}}})
	again := 0
	b, read, err := w.start(c, counting{w.ledger, &again})
	require.NoError(t, err)
	assert.Less(t, read+again, 20, "messages, of %d", len(w.ledger.Written()))
	sameAlerts(t, w.plain, b)
	due := b.Take(nil, "sms", alerting.PlacesFor(10), late)
	assert.Equal(t, names(w.plain.Take(nil, "sms", alerting.PlacesFor(10), late)), names(due))
	require.Len(t, due, 1)
	assert.Equal(t, "+2", due[0].Address)

	play(t, w.ledger, w.open, expired)
	written := w.ledger.Written()
	b.Apply(uint64(len(written)), trackingtest.Subject, written[len(written)-1:])
	filed := b.Fileable(never, 10)
	require.Len(t, filed, 1, "it is filed as any other")
	assert.Equal(t, w.filing.Fileable(never, 10), filed)
}

// A version that does not know of alerts that are read by themselves begins at the oldest that is not filed.
func TestAnEarlierVersionReadsAllOfTheLedger(t *testing.T) {
	w := newWeeks(t)
	c := w.filing.Checkpoint()
	require.NotEmpty(t, c.Apart)
	assert.Equal(t, uint64(1), c.Resume)
	c.Apart, c.ResumeApart = nil, 0
	b, read, err := w.start(c, w.ledger)
	require.NoError(t, err)
	assert.Len(t, w.ledger.Written(), read)
	sameAlerts(t, w.plain, b)
}

// What can't be read by itself is no reason to start without it.
func TestWhatCannotBeReadByItselfIsReadWithTheRest(t *testing.T) {
	w := newWeeks(t)
	for name, archive := range map[string]tracking.Archive{"now": broken{}, "whole": half{w.ledger}} {
		t.Run(name, func(t *testing.T) {
			b, read, err := w.start(w.filing.Checkpoint(), archive)
			require.ErrorContains(t, err, string(w.open))
			assert.Len(t, w.ledger.Written(), read)
			b.Archive = w.ledger
			sameAlerts(t, w.plain, b)
		})
	}
}

// What was filed behind the checkpoint is not read.
func TestWhatIsFiledMeanwhileIsNotReadByItself(t *testing.T) {
	w := newWeeks(t)
	c := w.filing.Checkpoint()
	require.NotEmpty(t, c.Apart)
	play(t, w.ledger, w.open, expired)
	w.filed = append(w.filed, file(w.filing)...)
	again := 0
	b, _, err := w.start(c, counting{w.ledger, &again})
	require.NoError(t, err)
	assert.Zero(t, again)
	assert.True(t, b.Away(w.open))
	sameAlerts(t, w.plain, b)
}

// An update that is open for weeks quotes what it replaced, which is filed: it is due when that has been read.
func TestACorrectionThatIsReadByItselfWaitsForWhatItQuotes(t *testing.T) {
	w := &weeks{}
	w.filing, w.plain, w.ledger = shelf()
	original := w.sendAnother(t)
	update := alert(func(a *alerting.Alert) { a.Type, a.ID = alerting.TypeUpdate, "update" })
	write(t, w.ledger, alerting.Record{Alert: "a9999", At: late,
		Opened:   &alerting.Opened{Alert: update, Code: "Z", Identity: "z", Corrects: []alerting.Key{original}},
		Manifest: &alerting.Manifest{Parts: 1, Deliveries: []alerting.Planned{{Channel: "sms", Address: "+1", Active: true}}}})
	for range 100 {
		w.sendAnother(t)
	}
	b, read, err := w.start(w.filing.Checkpoint(), w.ledger)
	require.NoError(t, err)
	assert.Less(t, read, 20)
	assert.Empty(t, b.Take(nil, "sms", alerting.PlacesFor(10), late))
	recalled(b)
	assert.Equal(t, []string{"a9999:0"}, names(b.Take(nil, "sms", alerting.PlacesFor(10), late)))
}
