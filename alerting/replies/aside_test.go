package replies_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/replies"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
)

// A slowArchive is a ledger that is read again only when a test lets it.
type slowArchive struct {
	*trackingtest.Ledger
	gate  chan error // what each reading of an alert comes to
	begun int        // readings of one
	mu    sync.Mutex
	lost  bool         // what it holds of alerts is gone for good
	one   alerting.Key // that alone is
	late  bool         // it answers nothing now
}

func (s *slowArchive) Records(key alerting.Key, first, last uint64, visit func(uint64, *alerting.Record)) error {
	s.mu.Lock()
	s.begun++
	late, lost := s.late, s.lost || key == s.one
	s.mu.Unlock()
	switch {
	case late:
		return context.DeadlineExceeded
	case lost:
		return nil
	}
	if err := <-s.gate; err != nil {
		return err
	}
	return s.Ledger.Records(key, first, last, visit)
}

// is changes what the archive has while somebody may be reading it.
func (s *slowArchive) is(lost, late bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost, s.late = lost, late
}

// readings counts those that were begun.
func (s *slowArchive) readings() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.begun
}

// A longPast is a world in which an alert was sent to the clerk on both channels, is over and filed.
type longPast struct {
	*world
	archive  *slowArchive
	old      alerting.Key
	arrivals chan replies.Arrival
}

// pass runs test with a processor that runs, in virtual time.
func pass(t *testing.T, test func(w *longPast)) {
	setUp(t, func(w *longPast) {
		stop := w.run()
		test(w)
		require.NoError(w, stop())
	})
}

func setUp(t *testing.T, test func(w *longPast)) {
	synctest.Test(t, func(t *testing.T) {
		w := &longPast{world: newWorld(t), arrivals: make(chan replies.Arrival, 100)}
		w.archive = &slowArchive{Ledger: w.ledger, gate: make(chan error, 10)}
		w.board.Archive = w.archive
		w.old = w.openAs(trackingtest.Alert(trackingtest.With(alerting.Extreme)), clerk)
		w.end(w.old, alerting.Record{Expired: true})
		w.file()
		test(w)
	})
}

// file files the one alert that can be.
func (w *longPast) file() {
	filed := w.board.Fileable(start.Add(time.Hour), 10)
	require.Len(w, filed, 1)
	w.board.File(filed[0])
}

func (w *longPast) run() (stop func() error) {
	ctx, cancel := context.WithCancel(w.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.processor.Run(ctx, w.arrivals) }()
	return func() error { cancel(); return <-ended }
}

// hear hands facts to the processor, each in an arrival of its own, and waits until it rests.
func (w *longPast) hear(facts ...alerting.Inbound) {
	for _, f := range facts {
		w.sequence++
		w.arrivals <- replies.Arrival{Sequence: w.sequence, Facts: []alerting.Inbound{f}}
	}
	synctest.Wait()
}

// opened opens an alert at a time, with a code, and sends it to the clerk.
func (w *longPast) opened(at time.Time, code string) alerting.Key {
	const key = alerting.Key("a50")
	opened := alerting.Opened{Alert: trackingtest.Alert(), Code: code, Identity: string(key), Received: at, Sequence: 50}
	w.write(alerting.Record{Alert: key, At: at, Opened: &opened, Manifest: &alerting.Manifest{
		Parts: 1, Deliveries: []alerting.Planned{{Channel: "sms", Address: clerkPhone, Active: true}},
		Recipients: []alerting.Recipient{{Subscriber: "boston clerk", Name: "Boston Clerk", Areas: opened.Alert.Areas, Contacts: []uint32{0}}},
	}})
	w.sent(key, 0)
	return key
}

// waiting are the arrivals of which something is set aside.
func (w *longPast) waiting() (arrivals []uint64) {
	for _, key := range w.board.Asides() {
		all, err := w.board.Aside(key)
		require.NoError(w, err)
		for _, x := range all {
			arrivals = append(arrivals, x.Arrival)
		}
	}
	return arrivals
}

func (w *longPast) read() { w.archive.gate <- nil; synctest.Wait() }

func (w *longPast) receiptOf(key alerting.Key, channel string) alerting.Inbound {
	f := receipt(channel, alerting.Delivered)
	f.Ref = alerting.Ref{Alert: key, Delivery: alerting.NewDeliveryID(key, channel, clerkPhone), Attempt: 1}.String()
	return f
}

const callDesk = " To talk to a person call 617-555-0100."

// Every way by which a living alert is found finds one that is long past, and says truthfully that it is.
func TestAnAlertLongPastIsFound(t *testing.T) {
	message := "a1 signal " + clerkPhone
	over := "MA State SOC: K7Q is over, nothing recorded. No alert is open for you." + callDesk
	bySignal := func(text string) alerting.Inbound {
		return alerting.Inbound{Channel: "signal", Kind: alerting.InboundReply, At: at, From: clerkPhone, Text: text}
	}
	for name, test := range map[string]struct {
		fact  alerting.Inbound
		helps string
	}{
		"a code":          {says(clerkPhone, "ACK K7Q"), over},
		"a response":      {says(clerkPhone, "2 K7Q"), over},
		"a plain ACK":     {says(clerkPhone, "ACK"), "MA State SOC: nothing to acknowledge, nothing recorded. No alert is open for you." + callDesk},
		"a bare word":     {says(clerkPhone, "YES"), "MA State SOC: not understood, nothing recorded. No alert is open for you." + callDesk},
		"another code":    {says(clerkPhone, "ACK M4T"), "MA State SOC: no alert M4T for you, nothing recorded. No alert is open for you." + callDesk},
		"on Signal":       {bySignal("ack"), "MA State SOC: nothing to acknowledge, nothing recorded. No alert is open for you." + callDesk},
		"a quote":         {signals(alerting.InboundQuote, "what became of this?", message), over},
		"a quote of none": {signals(alerting.InboundQuote, "ok", "another message"), "MA State SOC: not understood, nothing recorded. No alert is open for you." + callDesk},
		"a reaction":      {signals(alerting.InboundReaction, "👍", message), over},
	} {
		t.Run(name, func(t *testing.T) {
			pass(t, func(w *longPast) {
				w.hear(test.fact)
				assert.Equal(t, []string{"set aside"}, w.outcomes)
				assert.EqualValues(t, 1, w.board.Inbound(), "what comes behind it is dealt with")
				w.read()
				assert.Equal(t, []string{test.helps}, w.notices(w.old))
				assert.Equal(t, []alerting.RemarkKind{alerting.RemarkNotUnderstood}, w.remarks(w.old), "the desk sees it")
				assert.Nil(t, w.answer(w.old, "boston clerk"))
				assert.Empty(t, w.waiting())
			})
		})
	}
}

func TestReceiptsOfAnAlertLongPastCount(t *testing.T) {
	aboutBoth := receipt("signal", alerting.Read)
	for name, fact := range map[string]func(w *longPast) alerting.Inbound{
		"by reference": func(w *longPast) alerting.Inbound { return w.receiptOf(w.old, "signal") },
		"by the provider's id": func(w *longPast) alerting.Inbound {
			aboutBoth.From, aboutBoth.About = clerkPhone, []string{string(w.old) + " signal " + clerkPhone}
			return aboutBoth
		},
	} {
		t.Run(name, func(t *testing.T) {
			pass(t, func(w *longPast) {
				f := fact(w)
				w.hear(f)
				w.read()
				views, _ := w.board.Deliveries(w.old, 0, 10, func(d tracking.DeliveryView) bool { return d.Channel == "signal" })
				require.Len(t, views, 1)
				assert.Equal(t, f.State, views[0].State)
				assert.Len(t, views[0].History, 4, "once")
			})
		})
	}
}

// A message of which nobody heard what became of it is found by the time at which it was sent, as one of an alert that
// is in memory is.
func TestAReceiptByTimeFindsAnAlertThatIsFiled(t *testing.T) {
	for name, test := range map[string]struct {
		after time.Duration
		want  alerting.State
	}{
		"then":                 {time.Second, alerting.Delivered},
		"at another time":      {time.Hour, alerting.Unknown},
		"before it was opened": {-time.Minute, alerting.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			pass(t, func(w *longPast) {
				key := w.ledger.Open(trackingtest.Alert(), emc)
				w.write(
					alerting.Record{Alert: key, At: start, Attempts: []alerting.Attempt{{Attempt: 1}}},
					alerting.Record{Alert: key, At: start, Results: []alerting.Result{{Attempt: 1, State: alerting.Unknown}}},
					alerting.Record{Alert: key, At: start, Expired: true})
				w.file()
				f := receipt("sms", alerting.Delivered)
				f.From, f.About, f.SentAt = otherPhone, []string{"unheard"}, start.Add(test.after)
				w.archive.gate <- nil
				w.archive.gate <- nil
				w.hear(f)
				assert.Equal(t, test.want == alerting.Unknown, w.board.Away(key), "nothing is read where it can't be")
				views, _ := w.board.Deliveries(key, 0, 1, nil)
				assert.Equal(t, test.want, views[0].State)
			})
		})
	}
}

// What nobody was sent, and what answers nothing, has nothing read.
func TestStrangersHaveNothingReadAgain(t *testing.T) {
	for name, fact := range map[string]alerting.Inbound{
		"a stranger":                 says(strange, "ACK K7Q"),
		"a tapback":                  says(clerkPhone, "Liked “MA State SOC: Phishing. Reply ACK K7Q”"),
		"another emoji":              signals(alerting.InboundReaction, "😂", "a1 signal "+clerkPhone),
		"a reaction to another text": signals(alerting.InboundReaction, "👍", "another message"),
		"a receipt of no alert":      {Channel: "sms", Kind: alerting.InboundReceipt, State: alerting.Delivered, Ref: alerting.Ref{Alert: "a99", Attempt: 1}.String()},
	} {
		t.Run(name, func(t *testing.T) {
			pass(t, func(w *longPast) {
				w.hear(fact)
				assert.NotContains(t, w.outcomes, "set aside")
				assert.True(t, w.board.Away(w.old))
			})
		})
	}
}

// While an alert long past is read again, answers to and receipts of others are applied, the part of a
// receipt included that is about others.
func TestTheLivingDoNotWait(t *testing.T) {
	pass(t, func(w *longPast) {
		w.hear(w.receiptOf(w.old, "sms"))
		living := w.openAs(trackingtest.Alert(trackingtest.With(alerting.Extreme)), clerk)
		both := receipt("signal", alerting.Read)
		both.From, both.About = clerkPhone, []string{string(w.old) + " signal " + clerkPhone, string(living) + " signal " + clerkPhone}
		w.hear(w.receiptOf(living, "sms"), both, says(clerkPhone, "ACK M4T"), says(clerkPhone, "ACK K7Q"))
		assert.Equal(t, alerting.Delivered, w.board.State(living, 0))
		assert.Equal(t, alerting.Read, w.board.State(living, 1))
		assert.NotNil(t, w.answer(living, "boston clerk"))
		assert.EqualValues(t, 5, w.board.Inbound())
		assert.Equal(t, []uint64{1, 3, 5}, w.waiting())

		w.read()
		assert.Empty(t, w.waiting())
		assert.Equal(t, alerting.Delivered, w.board.State(w.old, 0))
		assert.Equal(t, alerting.Read, w.board.State(w.old, 1))
		assert.Contains(t, w.notices(living)[1], "K7Q is over, nothing recorded. Reply ACK M4T.", "which is told where an alert is open")
	})
}

// A reading that fails is tried again, and meanwhile what was set aside is not forgotten.
func TestAFailedReadingIsTriedAgain(t *testing.T) {
	pass(t, func(w *longPast) {
		w.hear(says(clerkPhone, "ACK"))
		w.archive.gate <- trackingtest.ErrBroken
		synctest.Wait()
		assert.Equal(t, []uint64{1}, w.waiting())
		w.archive.gate <- nil
		time.Sleep(10 * time.Second)
		synctest.Wait()
		assert.Len(t, w.notices(w.old), 1)
	})
}

// However much comes in about an alert that can't be read, little of it is in memory, and a round tries to
// read it once. Nothing is lost: it all counts once the alert is there.
func TestWhatWaitsForAnUnreadableAlertIsBounded(t *testing.T) {
	const texts = 1000
	pass(t, func(w *longPast) {
		for range texts / 100 {
			w.hear(slices.Repeat([]alerting.Inbound{says(clerkPhone, "ACK")}, 100)...)
		}
		w.archive.gate <- trackingtest.ErrBroken
		synctest.Wait()
		time.Sleep(time.Second)
		assert.LessOrEqual(t, w.archive.readings(), 2, "those that wait behind the first did not have it read again")
		waiting, held := w.board.CountAside()
		assert.Equal(t, texts, waiting)
		assert.Less(t, held, 300)

		time.Sleep(10 * time.Second)
		synctest.Wait()
		w.read()
		assert.Empty(t, w.waiting())
		assert.Len(t, w.remarks(w.old), texts, "each counts, once")
		assert.Len(t, w.notices(w.old), 1, "and is answered as it would have been")
		waiting, held = w.board.CountAside()
		assert.Zero(t, waiting+held)
	})
}

// What was said before an alert was opened is no answer to it, however late it is dealt with: neither without
// a code nor with a code that the new alert has taken over.
func TestWhatWaitedIsNoAnswerToALaterAlert(t *testing.T) {
	for _, text := range []string{"ACK", "ACK K7Q"} {
		t.Run(text, func(t *testing.T) {
			pass(t, func(w *longPast) {
				w.hear(says(clerkPhone, text))
				w.archive.gate <- trackingtest.ErrBroken
				synctest.Wait()
				later := w.opened(at.Add(time.Minute), "K7Q")
				time.Sleep(10 * time.Second) // it is tried again
				synctest.Wait()
				assert.Equal(t, []uint64{1}, w.waiting(), "that the new alert is there does not make up for what can't be read")
				w.read()
				assert.Nil(t, w.answer(later, "boston clerk"))
				assert.Empty(t, w.remarks(later))
				assert.Equal(t, []alerting.RemarkKind{alerting.RemarkNotUnderstood}, w.remarks(w.old))
				w.hear(alerting.Inbound{Channel: "sms", Kind: alerting.InboundReply, At: at.Add(2 * time.Minute), From: clerkPhone, Text: text})
				assert.NotNil(t, w.answer(later, "boston clerk"), "what is said afterwards is")
			})
		})
	}
}

// Wherever the process dies, a fact about an alert long past counts once.
func TestWhatIsSetAsideCountsOnce(t *testing.T) {
	for n := range 4 {
		for _, stored := range []bool{true, false} {
			setUp(t, func(w *longPast) {
				arrivals := []replies.Arrival{{Sequence: 1, Facts: []alerting.Inbound{says(clerkPhone, "ACK")}}, {Sequence: 2, Facts: []alerting.Inbound{w.receiptOf(w.old, "sms")}}}
				w.archive.gate <- nil
				w.ledger.Break(n, stored)
				for range 2 { // the process, and the one after it
					w.restart()
					w.arrivals = make(chan replies.Arrival, 2)
					for _, a := range arrivals {
						w.arrivals <- a
					}
					stop := w.run()
					synctest.Wait()
					if err := stop(); err != nil {
						require.ErrorIs(t, err, trackingtest.ErrBroken)
					}
				}
				assert.Empty(t, w.waiting())
				assert.Len(t, w.notices(w.old), 1)
				views, _ := w.board.Deliveries(w.old, 0, 1, nil)
				assert.Len(t, views[0].History, 4)
			})
		}
	}
}

// What waited for an alert long past may have been answered by the system before a restore, too.
func TestWhatWaitedMayHaveBeenAnsweredBeforeARestore(t *testing.T) {
	setUp(t, func(w *longPast) {
		w.processor.Answered = 1
		stop := w.run()
		w.hear(says(clerkPhone, "ACK K7Q"))
		w.read()
		require.Len(t, w.notices(w.old), 1)
		due := w.board.Take(nil, "sms", alerting.PlacesFor(9), at.Add(time.Hour))
		require.Len(t, due, 1)
		assert.True(t, due[0].Unsettled && due[0].PossibleDuplicate)
		require.NoError(t, stop())
	})
}

// What is about an alert that the ledger has lost waits for a day, and is given up then, for everybody to see: what
// holds the checkpoint back comes to an end. What comes in afterwards has its own day.
func TestWhatWaitsForALostAlertEnds(t *testing.T) {
	pass(t, func(w *longPast) {
		w.archive.lost = true
		before := w.board.Reached()
		w.hear(says(clerkPhone, "ACK K7Q"), w.receiptOf(w.old, "sms"))
		time.Sleep(23*time.Hour + 59*time.Minute)
		synctest.Wait()
		assert.Len(t, w.waiting(), 2)
		assert.LessOrEqual(t, w.board.Checkpoint().Resume, before+1)
		time.Sleep(6 * time.Minute)
		synctest.Wait()
		assert.Empty(t, w.waiting())
		assert.Equal(t, []string{"set aside", "set aside", "given up", "given up"}, w.outcomes)
		assert.Equal(t, w.board.Reached()+1, w.board.Checkpoint().Resume, "a start reads nothing for it")

		w.archive.lost = false
		w.archive.gate <- nil
		again := says(clerkPhone, "ACK K7Q")
		again.At = at.Add(25 * time.Hour)
		w.hear(again)
		assert.Empty(t, w.waiting())
		assert.Len(t, w.notices(w.old), 1, "what comes in when it can be read again is answered")
	})
}

// A process that starts after a day has to try before it gives up.
func TestNothingIsGivenUpUntried(t *testing.T) {
	setUp(t, func(w *longPast) {
		w.archive.lost = true
		stop := w.run()
		w.hear(says(clerkPhone, "ACK K7Q"))
		require.NoError(t, stop())
		time.Sleep(48 * time.Hour)
		w.restart()
		stop = w.run()
		time.Sleep(9 * time.Minute)
		synctest.Wait()
		assert.Len(t, w.waiting(), 1)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		assert.Empty(t, w.waiting())
		require.NoError(t, stop())
	})
}

// While an alert can't be read the log says so when that begins, hourly, and when it ends: each try would bury the rest.
func TestTheLogSaysSeldomThatAnAlertCannotBeRead(t *testing.T) {
	for name, end := range map[string]func(w *longPast){
		"it can be read again": func(w *longPast) {
			time.Sleep(150 * time.Minute)
			w.archive.gate <- nil
			w.archive.is(false, false)
			time.Sleep(6 * time.Minute)
		},
		"it is given up": func(w *longPast) { time.Sleep(25 * time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			setUp(t, func(w *longPast) {
				var log bytes.Buffer
				w.processor.Log = zerolog.New(&log)
				w.archive.lost = true
				stop := w.run()
				began := time.Now()
				w.hear(says(clerkPhone, "ACK K7Q"), w.receiptOf(w.old, "sms"))
				end(w)
				synctest.Wait()
				hours := min(int(time.Since(began)/time.Hour), 24)
				require.NoError(t, stop())
				assert.Empty(t, w.waiting())
				said := strings.Count(log.String(), "replies and receipts wait:")
				assert.InDelta(t, 1+hours, said, 1) // the day is reckoned from when they came in
				assert.Equal(t, 1, strings.Count(log.String(), "wait no more"))
			})
		})
	}
}
