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

// watched is an archive that looks, within each reading, at whether somebody else could use the board.
type watched struct {
	*trackingtest.Ledger
	meanwhile func()
}

func (w watched) Records(key alerting.Key, first, last uint64, visit func(uint64, *alerting.Record)) error {
	return w.Ledger.Records(key, first, last, func(sequence uint64, r *alerting.Record) {
		visit(sequence, r)
		w.meanwhile()
	})
}

// filedTo files an alert that was sent to Ada, and that Bo was in reserve for.
func filedTo(t *testing.T, filing *tracking.Board, ledger *trackingtest.Ledger) alerting.Key {
	key := ledger.Open(alert(), trackingtest.Person{Name: "Ada", Contacts: []string{"sms:+1", "signal:+1"}}, trackingtest.Person{Name: "Bo", Contacts: []string{"!sms:+2"}})
	play(t, ledger, key, attempt(1), outcome(alerting.Result{Attempt: 1, State: alerting.Accepted, ProviderID: "SM1"}), expired)
	require.Len(t, file(filing), 1)
	return key
}

// What comes in while a filed alert is read is applied, shown and due, and none of it is lost.
func TestTheBoardGoesOnWhileAFiledAlertIsRead(t *testing.T) {
	filing, plain, ledger := shelf()
	old := filedTo(t, filing, ledger)
	var opened []alerting.Key
	filing.Archive = watched{ledger, func() {
		key := ledger.Open(alert(), trackingtest.Person{Name: "Cy", Contacts: []string{fmt.Sprint("sms:+3", len(opened))}})
		opened = append(opened, key)
		assert.Len(t, filing.Take(nil, "sms", alerting.PlacesFor(10), soon), 1, "it is due at once")
		write(t, ledger, alerting.Record{Alert: old, At: late, Remarks: []alerting.Remark{{Kind: alerting.RemarkHelp, Detail: string(key)}}})
	}}
	require.NoError(t, filing.Recall(old))
	require.Len(t, opened, 4, "once for each of its records")
	sameAlerts(t, plain, filing)
}

func TestTracesTellWhereAFiledAlertWent(t *testing.T) {
	filing, _, ledger := shelf()
	older := filedTo(t, filing, ledger)
	key := ledger.Open(alert(), trackingtest.Person{Name: "Cy", Contacts: []string{"sms:+3"}})
	play(t, ledger, key, attempt(1), result(1, alerting.Accepted), expired)
	shelved := map[alerting.Key]alerting.Filed{}
	for _, f := range filing.Fileable(never, 10) {
		filing.File(f)
		shelved[f.Key] = f
	}
	require.Contains(t, shelved, key)
	check := func(b *tracking.Board, key alerting.Key, address string) {
		t.Helper()
		found, ok := b.AwayAt("sms", address, "")
		assert.True(t, ok)
		assert.Equal(t, key, found)
	}
	check(filing, older, "+1")
	check(filing, key, "+3")
	for _, nothing := range [][3]string{{"sms", "+2", ""}, {"signal", "+1", ""}, {"sms", "+9", ""}, {"sms", "+1", "M4T"}} {
		_, ok := filing.AwayAt(nothing[0], nothing[1], nothing[2])
		assert.False(t, ok, "%s", nothing)
	}
	found, ok := filing.AwayAt("sms", "+1", "K7Q")
	assert.Equal(t, older, found)
	assert.True(t, ok)
	found, ok = filing.AwaySent("sms", "+1", "SM1")
	assert.Equal(t, older, found)
	assert.True(t, ok)
	_, ok = filing.AwaySent("sms", "+3", "SM1")
	assert.False(t, ok, "to another address")

	check(restarted(ledger, shelved, filing.Checkpoint()), key, "+3")
	require.NoError(t, filing.Recall(key))
	_, ok = filing.AwayAt("sms", "+3", "")
	assert.False(t, ok, "its details are there")
	filing.Tidy(time.Now().Add(time.Hour))
	check(filing, key, "+3")
	filing.Tidy(late.Add(29 * 24 * time.Hour))
	check(filing, key, "+3")
	filing.Tidy(late.Add(31 * 24 * time.Hour))
	_, ok = filing.AwayAt("sms", "+3", "")
	assert.False(t, ok, "long past")
}

// A correction quotes what it corrects. Where that is filed, it is due when that was read, so that who
// sends it does not wait; and where it can't be read, the correction goes out all the same.
func TestACorrectionIsDueWhenWhatItQuotesWasRead(t *testing.T) {
	for name, readable := range map[string]bool{"it is read": true, "it can't be read": false} {
		t.Run(name, func(t *testing.T) {
			filing, plain, ledger := shelf()
			original := filedTo(t, filing, ledger)
			write(t, ledger, alerting.Record{Alert: "a9", At: late,
				Opened:   &alerting.Opened{Alert: alert(func(a *alerting.Alert) { a.Type = alerting.TypeCancel }), Code: "Z", Identity: "z", Corrects: []alerting.Key{original}},
				Manifest: &alerting.Manifest{Parts: 1, Deliveries: []alerting.Planned{{Channel: "sms", Address: "+1", Active: true}}}})
			require.Len(t, plain.Take(nil, "sms", alerting.PlacesFor(10), late), 1)
			assert.Empty(t, filing.Take(nil, "sms", alerting.PlacesFor(10), late))
			assert.Zero(t, filing.Backlog("sms"))
			wake := filing.Wake("sms")
			for len(wake) > 0 {
				<-wake
			}
			if !readable {
				filing.Archive = broken{}
			}
			recalled(filing)
			assert.Len(t, wake, 1, "the dispatcher hears of it")
			due := filing.Take(nil, "sms", alerting.PlacesFor(10), late)
			require.Len(t, due, 1)
			assert.Equal(t, plain.Backlog("sms"), filing.Backlog("sms"))
			e, ok := filing.Envelope("a9", due[0].Delivery)
			require.True(t, ok)
			assert.Len(t, e.Corrects, map[bool]int{true: 1, false: 0}[readable])
		})
	}
}

// An alert that can't be read is asked for again, and no other waits for it.
func TestWhatCantBeReadHoldsUpNoRecall(t *testing.T) {
	filing, _, ledger := shelf()
	unreadable := filedTo(t, filing, ledger)
	readable := filedTo(t, filing, ledger)
	write(t, ledger, alerting.Record{Alert: unreadable, At: late, Remarks: []alerting.Remark{{Kind: alerting.RemarkHelp}}})
	write(t, ledger, alerting.Record{Alert: readable, At: late, Remarks: []alerting.Remark{{Kind: alerting.RemarkHelp}}})
	filing.Archive = without{ledger, unreadable}
	stale := filing.Stale()
	assert.Equal(t, []alerting.Key{unreadable, readable}, stale)
	for _, key := range stale {
		_ = filing.Recall(key)
	}
	assert.False(t, filing.Away(readable))
	assert.True(t, filing.Away(unreadable))
	assert.Equal(t, []alerting.Key{unreadable}, filing.Stale(), "asked for again")
}

// without is an archive in which one alert can't be read.
type without struct {
	*trackingtest.Ledger
	missing alerting.Key
}

func (w without) Records(key alerting.Key, first, last uint64, visit func(uint64, *alerting.Record)) error {
	if key == w.missing {
		return trackingtest.ErrBroken
	}
	return w.Ledger.Records(key, first, last, visit)
}

// A lossy archive has lost some records of an alert.
type lossy struct {
	*trackingtest.Ledger
	rest func(alerting.Record) (r alerting.Record, any bool)
}

func (l lossy) Records(key alerting.Key, first, last uint64, visit func(uint64, *alerting.Record)) error {
	return l.Ledger.Records(key, first, last, func(sequence uint64, r *alerting.Record) {
		if rest, any := l.rest(*r); any {
			visit(sequence, &rest)
		}
	})
}

// An alert of which the ledger has lost what it says or to whom it went is not taken for one without people. It
// stays filed with what is known of it, and what is heard of it later holds nobody's start back.
func TestAnAlertThatIsLostStaysFiled(t *testing.T) {
	for name, rest := range map[string]func(alerting.Record) (alerting.Record, bool){
		"what opened it": func(r alerting.Record) (alerting.Record, bool) { return r, r.Opened == nil },
		"its manifest":   func(r alerting.Record) (alerting.Record, bool) { r.Manifest = nil; return r, true },
		"its words":      func(r alerting.Record) (alerting.Record, bool) { r.Opened = nil; return r, true },
		"all of it":      func(r alerting.Record) (alerting.Record, bool) { return r, false },
	} {
		t.Run(name, func(t *testing.T) {
			filing, plain, ledger := shelf()
			key := filedTo(t, filing, ledger)
			filing.Archive = lossy{ledger, rest}
			require.ErrorIs(t, filing.Recall(key), tracking.ErrLost)
			head, _ := filing.Head(key)
			assert.Equal(t, 2, head.People)
			assert.Empty(t, filing.Stale(), "there is nothing new to read")
			write(t, ledger, alerting.Record{Alert: key, At: late, Withdrawn: &alerting.Withdrawn{By: "a9", Type: alerting.TypeCancel}})
			recalled(filing)
			assert.LessOrEqual(t, filing.Checkpoint().Resume, filing.Reached())
			filed := file(filing)
			require.Len(t, filed, 1)
			assert.Empty(t, file(filing), "it is filed")
			assert.Empty(t, filing.Stale(), "nobody needs to read it any more")
			require.Error(t, filing.Recall(key))
			assert.Empty(t, filing.Stale(), "nor when somebody has tried in vain")
			checkpoint := filing.Checkpoint()
			assert.Equal(t, filing.Reached()+1, checkpoint.Resume)
			_, ok := filing.AwayAt("sms", "+1", "")
			assert.True(t, ok, "who answers it is still found")

			started := tracking.NewBoard()
			started.Archive = ledger // which has it again
			require.NoError(t, started.Begin(filed, checkpoint))
			head, _ = started.Head(key)
			assert.Equal(t, alerting.Key("a9"), head.ReplacedBy)
			sameAlerts(t, plain, started)
		})
	}
}

// A gated archive reads nothing until a test lets it, and fails then.
type gated struct {
	*trackingtest.Ledger
	began, gate chan struct{}
}

func (g gated) Records(alerting.Key, uint64, uint64, func(uint64, *alerting.Record)) error {
	g.began <- struct{}{}
	<-g.gate
	return trackingtest.ErrBroken
}

// While an unreadable alert is tried again it can't be filed anew: whoever files what can be would not come to an end.
func TestWhatIsBeingReadIsNotFileable(t *testing.T) {
	filing, _, ledger := shelf()
	key := filedTo(t, filing, ledger)
	write(t, ledger, alerting.Record{Alert: key, At: late, Remarks: []alerting.Remark{{Kind: alerting.RemarkHelp}}})
	filing.Archive = broken{}
	recalled(filing)
	before := filing.Fileable(never, 10)
	require.Len(t, before, 1)
	archive := gated{ledger, make(chan struct{}), make(chan struct{})}
	filing.Archive = archive
	ended := make(chan error, 1)
	go func() { ended <- filing.Recall(key) }()
	<-archive.began
	assert.Empty(t, filing.Fileable(never, 10))
	assert.False(t, filing.File(before[0]), "who has asked before is told that it is not")
	close(archive.gate)
	require.Error(t, <-ended)
	assert.Equal(t, []alerting.Key{key}, filing.Stale(), "what was heard of it has not been read")
	assert.True(t, filing.File(before[0]))
	assert.True(t, filing.File(before[0]), "it is, whoever did it")
	assert.Empty(t, filing.Fileable(never, 10))
}

// An alert that can't be read is filed anew as one that can't: a correction of it does not wait.
func TestWhatIsFiledAnewStaysUnreadable(t *testing.T) {
	filing, _, ledger := shelf()
	original := filedTo(t, filing, ledger)
	write(t, ledger, alerting.Record{Alert: original, At: late, Remarks: []alerting.Remark{{Kind: alerting.RemarkHelp}}})
	filing.Archive = broken{}
	recalled(filing)
	require.Len(t, file(filing), 1)
	write(t, ledger, alerting.Record{Alert: "a9", At: late,
		Opened:   &alerting.Opened{Alert: alert(func(a *alerting.Alert) { a.Type = alerting.TypeCancel }), Code: "Z", Identity: "z", Corrects: []alerting.Key{original}},
		Manifest: &alerting.Manifest{Parts: 1, Deliveries: []alerting.Planned{{Channel: "sms", Address: "+1", Active: true}}}})
	assert.Len(t, filing.Take(nil, "sms", alerting.PlacesFor(10), late), 1)
}
