package fanout_test

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/fanout"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
)

// A slowArchive is a ledger that is read again only when a test lets it.
type slowArchive struct {
	*trackingtest.Ledger
	gate  chan error // what each reading comes to
	lost  atomic.Bool
	stuck atomic.Bool
	tries atomic.Int64 // while it was lost
}

func (s *slowArchive) Records(key alerting.Key, first, last uint64, visit func(uint64, *alerting.Record)) error {
	if s.stuck.Load() {
		return trackingtest.ErrBroken
	}
	if s.lost.Load() && key == "a1" {
		s.tries.Add(1)
		return nil
	}
	if err := <-s.gate; err != nil {
		return err
	}
	return s.Ledger.Records(key, first, last, visit)
}

// longPast opens an alert to the Boston clerk, and files it.
func (r *routing) longPast() (*slowArchive, alerting.Key) {
	archive := &slowArchive{Ledger: r.ledger, gate: make(chan error)}
	r.board.Archive = archive
	r.source.publish(recent(1, map[string]any{"id": "old"}))
	stop := r.start()
	synctest.Wait()
	require.NoError(r, stop())
	r.attempt("a1", "sms", alerting.Accepted)
	_, err := r.ledger.Append(r.Context(), alerting.Record{Alert: "a1", At: time.Now(), Expired: true})
	require.NoError(r, err)
	r.file("a1")
	return archive, "a1"
}

func (r *routing) file(key alerting.Key) {
	for _, f := range r.board.Fileable(time.Now().Add(time.Hour), 10) {
		if f.Key == key {
			r.board.File(f)
		}
	}
	require.True(r, r.board.Away(key))
}

func cancels(id string) map[string]any {
	return map[string]any{"type": "cancel", "references": []string{id}}
}

// While a filed alert is read again for its correction, everybody else's alerts and corrections go on.
func TestNobodyWaitsForACorrectionOfAnAlertLongPast(t *testing.T) {
	route(t, func(r *routing) {
		archive, old := r.longPast()
		stop := r.start()
		r.source.publish(recent(2, map[string]any{"type": "cancel", "references": []string{"old"}, "severity": "severe"}))
		synctest.Wait()
		r.source.publish(recent(3, nil), recent(4, extreme), recent(5, cancels("m3")))
		synctest.Wait()
		assert.Equal(t, []alerting.Key{"a1", "a2", "a3", "a4", "a5"}, r.verdicts(), "each is on record, the correction too")
		for _, key := range []alerting.Key{"a3", "a4", "a5"} {
			assert.Len(t, r.manifests(key), 1, "%s", key)
		}
		assert.Empty(t, r.manifests("a2"))
		head, _ := r.board.Head(old)
		assert.Equal(t, alerting.Key("a2"), head.ReplacedBy, "what it withdraws is withdrawn")

		archive.gate <- nil
		synctest.Wait()
		require.NoError(t, stop())
		require.Len(t, r.manifests("a2"), 1)
		assert.Equal(t, []string{"sms:boston"}, r.due("a2"), "it goes where the original went")
	})
}

// A router that dies while it reads has lost nothing: the next one reads what the ledger says is needed,
// and expands it once.
func TestALateCorrectionSurvivesTheRouter(t *testing.T) {
	route(t, func(r *routing) {
		archive, _ := r.longPast()
		stop := r.start()
		r.source.publish(recent(2, cancels("old")))
		synctest.Wait()
		require.NoError(t, stop())
		require.Equal(t, alerting.Judged{Through: 2, Furthest: 2}, r.noted())
		archive.gate <- errors.New("the process died")
		synctest.Wait()
		require.Empty(t, r.manifests("a2"))

		stop = r.start()
		synctest.Wait()
		archive.gate <- errors.New("no quorum")
		r.after(10 * time.Second)
		archive.gate <- nil
		synctest.Wait()
		require.NoError(t, stop())
		require.Len(t, r.manifests("a2"), 1)
		assert.Equal(t, []string{"sms:boston"}, r.due("a2"))

		stop = r.start()
		synctest.Wait()
		require.NoError(t, stop())
		assert.Len(t, r.manifests("a2"), 1, "once")
	})
}

// What is published about a correction while it waits counts: another area of its own, and its withdrawal.
func TestALateCorrectionIsWidenedAndCorrected(t *testing.T) {
	update := map[string]any{"id": "u", "type": "update", "references": []string{"old"}}
	chelsea := func(sequence uint64) alerting.Submission {
		s := recent(sequence, update)
		s.Subject = alerting.Area("ma.chelsea").Subject()
		return s
	}
	t.Run("widened", func(t *testing.T) {
		route(t, func(r *routing) {
			r.people = crowd(clerks("ma.boston", "ma.chelsea"))
			archive, _ := r.longPast()
			stop := r.start()
			r.source.publish(recent(2, update), chelsea(3))
			synctest.Wait()
			require.True(t, r.verdict("a3").Repeated)
			archive.gate <- nil
			synctest.Wait()
			require.NoError(t, stop())
			require.Len(t, r.manifests("a2"), 1)
			assert.ElementsMatch(t, []string{"sms:boston", "sms:chelsea"}, r.due("a2"))
		})
	})
	t.Run("withdrawn", func(t *testing.T) {
		route(t, func(r *routing) {
			archive, _ := r.longPast()
			stop := r.start()
			r.source.publish(recent(2, update), recent(3, cancels("u")))
			synctest.Wait()
			archive.gate <- nil
			synctest.Wait()
			require.NoError(t, stop())
			assert.Empty(t, r.due("a2"), "it was withdrawn before it went out")
			assert.Equal(t, []string{"sms:boston"}, r.due("a3"), "who has the original hears of its withdrawal")
			head, _ := r.board.Head("a2")
			assert.Equal(t, tracking.Canceled, head.Phase)
			assert.True(t, head.Finished)
		})
	})
}

// A correction whose people are still to be found is accepted, and its producer is told that nothing goes out
// yet; and then that it does.
func TestTheProducerOfALateCorrectionIsToldWhenItGoesOut(t *testing.T) {
	route(t, func(r *routing) {
		archive, _ := r.longPast()
		stop := r.start()
		correction := recent(2, cancels("old"))
		correction.VerdictTo = "_INBOX.soc"
		again := correction
		again.Sequence = 3
		r.source.publish(correction, again)
		synctest.Wait()
		first := r.verdict("a2")
		assert.Equal(t, alerting.VerdictAccepted, first.Verdict)
		for _, v := range []alerting.Verdict{first, r.verdict("a3")} {
			require.Equal(t, []string{alerting.CodeUnknownArea, alerting.CodeUnexpanded}, warned(v))
			assert.Contains(t, v.Warnings[1].Detail, "verdicts.a2")
		}
		head, _ := r.board.Head("a2")
		assert.False(t, head.Expanded)
		assert.False(t, head.Finished)

		archive.gate <- nil
		synctest.Wait()
		require.NoError(t, stop())
		then := r.verdict("a2")
		head, _ = r.board.Head("a2")
		require.True(t, head.Expanded)
		assert.Equal(t, []string{alerting.CodeUnknownArea}, warned(then))
		assert.Equal(t, head.Sequence, then.Ledger, "whoever reads from there on sees to whom it goes")
		first.Warnings, first.Ledger = first.Warnings[:1], then.Ledger
		assert.Equal(t, first, then, "and nothing else is different")
		assert.Len(t, r.store.inboxes["_INBOX.soc"], 3, "of the two messages, and of what became of the first")
	})
}

// Whenever the router dies or the engine fails between the manifest and the second verdict, that is given, once.
func TestTheProducerOfALateCorrectionIsToldInTheEnd(t *testing.T) {
	told := func(r *routing) int {
		r.store.mu.Lock()
		defer r.store.mu.Unlock()
		return len(r.store.inboxes["_INBOX.soc"])
	}
	expanded := func(r *routing) (stop func() error) { // and its producer not told of it
		archive, _ := r.longPast()
		correction := recent(2, cancels("old"))
		correction.VerdictTo = "_INBOX.soc"
		stop = r.start()
		r.source.publish(correction)
		synctest.Wait()
		require.Contains(t, warned(r.verdict("a2")), alerting.CodeUnexpanded)
		r.store.mu.Lock()
		r.store.fail = true
		r.store.mu.Unlock()
		archive.gate <- nil
		synctest.Wait()
		require.Len(t, r.manifests("a2"), 1)
		require.Equal(t, 1, told(r))
		return stop
	}
	holds := func(r *routing) {
		assert.NotContains(t, warned(r.verdict("a2")), alerting.CodeUnexpanded)
		assert.Equal(t, 2, told(r), "of what was accepted, and of what became of it")
		assert.Len(t, r.manifests("a2"), 1)
	}
	t.Run("by the next router", func(t *testing.T) {
		route(t, func(r *routing) {
			require.NoError(t, expanded(r)())
			for range 3 {
				stop := r.start()
				synctest.Wait()
				require.NoError(t, stop())
				holds(r)
			}
		})
	})
	t.Run("by the same one", func(t *testing.T) {
		route(t, func(r *routing) {
			stop := expanded(r)
			r.after(time.Minute)
			require.NoError(t, stop())
			holds(r)
		})
	})
	t.Run("though the first is kept no more", func(t *testing.T) {
		route(t, func(r *routing) {
			require.NoError(t, expanded(r)())
			delete(r.store.verdicts, "a2")
			stop := r.start()
			synctest.Wait()
			require.NoError(t, stop())
			assert.Equal(t, alerting.VerdictAccepted, r.verdict("a2").Verdict)
			assert.NotContains(t, warned(r.verdict("a2")), alerting.CodeUnexpanded)
			assert.Equal(t, 1, told(r), "whoever was told so long ago listens no more")
		})
	})
	t.Run("not when it is long past", func(t *testing.T) {
		route(t, func(r *routing) {
			require.NoError(t, expanded(r)())
			delete(r.store.verdicts, "a2")
			r.after(alerting.VerdictsKept + time.Hour)
			stop := r.start()
			synctest.Wait()
			require.NoError(t, stop())
			assert.Equal(t, 1, told(r), "the second would not be kept either")
		})
	})
}

// A correction that can be expanded at once is not doubted.
func TestACorrectionOfALivingAlertIsExpandedWhenItIsJudged(t *testing.T) {
	w := newWorld(t, clerks("ma.boston")...)
	w.accept(on(1, "ma.boston", nil))
	assert.NotContains(t, warned(w.publish(on(2, "ma.boston", corrects("cancel", "c", "phishing")))), alerting.CodeUnexpanded)
}

// A correction for which no list of people can be made, however often it is tried, is not taken for one that
// goes out: its producer is told, and the desk sees it, once.
func TestALateCorrectionThatGoesToNobodyIsSaid(t *testing.T) {
	route(t, func(r *routing) {
		archive, _ := r.longPast()
		r.people = trap{r.people}
		update := recent(2, map[string]any{"type": "update", "references": []string{"old"}, "areas": []string{"ma.winthrop"}})
		update.Subject = alerting.Area("ma.winthrop").Subject()
		stop := r.start()
		r.source.publish(by("desk", update))
		synctest.Wait()
		require.NoError(t, stop())
		require.Equal(t, alerting.VerdictAccepted, r.verdict("a2").Verdict, "%v", r.verdict("a2").Problems)
		archive.gate <- errors.New("the process died")
		for range 2 { // the router, and the one after it
			stop := r.start()
			synctest.Wait()
			if r.board.Away("a1") {
				archive.gate <- nil
			}
			r.after(10 * time.Second)
			require.NoError(t, stop())
		}
		v := r.verdict("a2")
		require.Equal(t, []string{alerting.CodeUnknownArea, alerting.CodeUnexpanded}, warned(v))
		assert.Contains(t, v.Warnings[1].Detail, "goes to nobody")
		assert.Equal(t, v.Warnings[1], fanout.Unexpanded(r.board, "a2"), "whoever asks the API again is told the same")
		s, _ := r.board.Summary("a2")
		require.Len(t, s.Remarks, 1)
		assert.Equal(t, alerting.RemarkUnexpanded, s.Remarks[0].Kind)
		assert.Equal(t, v.Warnings[1].Detail, s.Remarks[0].Detail)
		assert.False(t, s.Finished)
	})
}

// lose has what the ledger holds of filed alerts gone until the function that it returns is called.
func (s *slowArchive) lose() (mend func()) {
	s.lost.Store(true)
	return func() { s.lost.Store(false); close(s.gate) }
}

// A correction of an alert that the ledger has lost waits for a day and is given up then: its producer hears it
// once, the desk sees it, and it holds no start back. Nothing of what it withdraws goes out, though that can
// be read again some day.
func TestALateCorrectionOfALostAlertEnds(t *testing.T) {
	for name, correction := range map[string]map[string]any{
		"cancel": cancels("old"),
		"update": {"type": "update", "references": []string{"old"}},
	} {
		t.Run(name, func(t *testing.T) {
			route(t, func(r *routing) {
				archive, old := r.longPast()
				var log bytes.Buffer
				r.log = zerolog.New(&log)
				_, err := r.ledger.Append(t.Context(), alerting.Record{Alert: old, At: time.Now(), Activated: []alerting.Activation{{Delivery: 1, Reason: "a router was slow"}}})
				require.NoError(t, err)
				mend := archive.lose()
				s := recent(2, correction)
				s.VerdictTo = "_INBOX.soc"
				stop := r.start()
				r.source.publish(s)
				r.after(23*time.Hour + 59*time.Minute)
				require.Len(t, r.told(), 1)
				assert.Contains(t, r.told()[0].Warnings[1].Detail, "nobody has been told yet")
				assert.Equal(t, []alerting.Key{"a2"}, r.board.Unexpanded())

				r.after(2 * time.Minute)
				require.Len(t, r.told(), 2)
				v := r.verdict("a2")
				assert.Equal(t, alerting.VerdictAccepted, v.Verdict)
				require.Equal(t, []string{alerting.CodeUnknownArea, alerting.CodeUnexpanded}, warned(v))
				assert.Contains(t, v.Warnings[1].Detail, "goes to nobody")
				shown, _ := r.board.Summary("a2")
				require.Len(t, shown.Remarks, 1)
				assert.Equal(t, v.Warnings[1].Detail, shown.Remarks[0].Detail)
				assert.False(t, shown.Expanded)
				assert.Equal(t, 25, strings.Count(log.String(), "a correction waits:"), "when it begins, and hourly")
				assert.Equal(t, 1, strings.Count(log.String(), "is given up"))
				tries := archive.tries.Load()
				r.after(time.Hour)
				assert.Equal(t, tries, archive.tries.Load(), "nobody tries any more")
				require.NoError(t, stop())
				for range 2 { // nor does the router after it
					stop := r.start()
					r.after(time.Hour)
					require.NoError(t, stop())
				}
				assert.Equal(t, tries, archive.tries.Load())
				assert.Len(t, r.told(), 2)

				_, err = r.ledger.Append(t.Context(), alerting.Record{Alert: "a2", At: time.Now(), Expired: true})
				require.NoError(t, err)
				started := r.fileAll()
				assert.Equal(t, r.board.Reached()+1, r.board.Checkpoint().Resume, "a start reads nothing for it")
				for _, board := range []*tracking.Board{r.board, started} {
					head, _ := board.Head("a2")
					assert.False(t, head.Expanded, "what is filed does not say that it went out")
					assert.False(t, head.Finished)
					assert.Equal(t, tracking.Expired, head.Phase)
					assert.Empty(t, board.Unexpanded())
					head, _ = board.Head(old)
					assert.Equal(t, alerting.Key("a2"), head.ReplacedBy)
				}

				mend()
				require.NoError(t, r.board.Recall(old))
				assert.Empty(t, r.due(old))
				assert.Equal(t, v.Warnings[1], fanout.Unexpanded(r.board, "a2"), "whoever asks later is told the same")
				assert.Empty(t, r.manifests("a2"), "it is given up for good")
			})
		})
	}
}

// told are the verdicts that the test's producer was sent.
func (r *routing) told() []alerting.Verdict {
	r.store.mu.Lock()
	defer r.store.mu.Unlock()
	return slices.Clone(r.store.inboxes["_INBOX.soc"])
}

// fileAll files all that can be, and returns a board that begins with it, as a process has that starts.
func (r *routing) fileAll() (started *tracking.Board) {
	filed := map[alerting.Key]alerting.Filed{}
	for {
		all := r.board.Fileable(time.Now().Add(time.Hour), 10)
		if len(all) == 0 {
			break
		}
		for _, f := range all {
			r.board.File(f)
			filed[f.Key] = f
		}
	}
	started = tracking.NewBoard()
	started.Begin(slices.Collect(maps.Values(filed)), r.board.Checkpoint())
	return started
}

// A router that dies or fails at any step of the giving up is followed by one that ends it: one remark, and one
// verdict that says so.
func TestWhatIsGivenUpIsToldOnceWhateverCrashes(t *testing.T) {
	for name, fail := range map[string]func(r *routing){
		"before the remark":    func(r *routing) { r.ledger.Break(1, false) },
		"behind the remark":    func(r *routing) { r.ledger.Break(1, true) },
		"at the verdict":       func(r *routing) { r.store.mu.Lock(); r.store.fail = true; r.store.mu.Unlock() },
		"the verdict was kept": func(*routing) {},
	} {
		t.Run(name, func(t *testing.T) {
			route(t, func(r *routing) {
				archive, _ := r.longPast()
				archive.lose()
				s := recent(2, cancels("old"))
				s.VerdictTo = "_INBOX.soc"
				stop := r.start()
				r.source.publish(s)
				r.after(23 * time.Hour)
				fail(r)
				r.after(time.Hour + time.Second)
				_ = stop() // some of these end it
				for range 3 {
					stop := r.start()
					r.after(20 * time.Minute)
					require.NoError(t, stop())
				}
				assert.Len(t, r.told(), 2)
				assert.Contains(t, r.verdict("a2").Warnings[1].Detail, "goes to nobody")
				shown, _ := r.board.Summary("a2")
				assert.Len(t, shown.Remarks, 1)
			})
		})
	}
}

// What can't be read now is not lost, however long that lasts.
func TestNoCorrectionIsGivenUpThatCannotBeReadNow(t *testing.T) {
	route(t, func(r *routing) {
		archive, _ := r.longPast()
		archive.stuck.Store(true)
		stop := r.start()
		r.source.publish(recent(2, cancels("old")))
		r.after(100 * time.Hour)
		require.Equal(t, []alerting.Key{"a2"}, r.board.Unexpanded())
		archive.stuck.Store(false)
		close(archive.gate)
		r.after(time.Minute)
		require.NoError(t, stop())
		assert.Len(t, r.manifests("a2"), 1)
	})
}

// A router that starts after a day has to try before it gives up, and what can be read by then goes out.
func TestNoCorrectionIsGivenUpUntried(t *testing.T) {
	route(t, func(r *routing) {
		archive, _ := r.longPast()
		mend := archive.lose()
		stop := r.start()
		r.source.publish(recent(2, cancels("old")))
		synctest.Wait()
		require.NoError(t, stop())
		r.after(48 * time.Hour)
		stop = r.start()
		r.after(9 * time.Minute)
		require.Equal(t, []alerting.Key{"a2"}, r.board.Unexpanded())
		mend()
		r.after(time.Minute)
		require.NoError(t, stop())
		assert.Len(t, r.manifests("a2"), 1)
		assert.Equal(t, []string{"sms:boston"}, r.due("a2"))
	})
}

// What is sent again, or for another area, when it is given up changes nothing, and its producer is told that.
func TestACorrectionThatWasGivenUpStaysSo(t *testing.T) {
	route(t, func(r *routing) {
		r.people = crowd(clerks("ma.boston", "ma.chelsea"))
		archive, _ := r.longPast()
		mend := archive.lose()
		update := map[string]any{"id": "u", "type": "update", "references": []string{"old"}, "expires": time.Now().Add(72 * time.Hour).Format(time.RFC3339)}
		stop := r.start()
		r.source.publish(recent(2, update))
		r.after(25 * time.Hour)
		mend()
		again, wider := recent(3, update), recent(4, update)
		wider.Subject = alerting.Area("ma.chelsea").Subject()
		r.source.publish(again, wider)
		r.after(time.Minute)
		require.NoError(t, stop())
		for _, key := range []alerting.Key{"a3", "a4"} {
			v := r.verdict(key)
			require.Equal(t, alerting.VerdictAccepted, v.Verdict, "%s %v", v.Detail, v.Problems)
			require.NotEmpty(t, v.Warnings)
			assert.Contains(t, v.Warnings[len(v.Warnings)-1].Detail, "goes to nobody")
		}
		assert.Empty(t, r.manifests("a2"))
	})
}
